import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { Compilers, strictest, versions } from '../helpers/compilers.ts'
import { Consumer } from '../helpers/consumer.ts'

const compilers = new Compilers()

/** The oldest that the package says it works with, and the newest. */
const pairs = [
  ['ioredis@5.0.0', 'redis@4.0.0'],
  ['ioredis@5', 'redis@4'],
  ['ioredis', 'redis'],
] as const

describe.each(pairs)('with %s and %s', (...peers) => {
  it('a limit is shared between the clients of both', async () => {
    const project = (await Consumer.install(...peers)).copy('peers')
    const { code, said } = await project.run(
      'app.cjs',
      process.env['REDIS_URL']!,
      `consumers-${randomUUID()}`,
    )
    expect({ code, said }).toEqual({ code: 0, said: '{"passed":[true,true,true,false],"all":3}\n' })
  })
})

describe('the types of the clients', () => {
  it.each(versions)('are taken by those of the package: TypeScript %s', async (version) => {
    const user = await Consumer.install('@types/node@20', 'ioredis', 'redis')
    const found = { module: 'node16', moduleResolution: 'node16' } as const
    const compilerOptions = { ...strictest, ...found, skipLibCheck: true, noEmit: true, types: ['node'] }
    expect(await compilers.check(user, { version, files: ['peers.ts'], compilerOptions })).toMatch(
      /^compiled/,
    )
  })
})
