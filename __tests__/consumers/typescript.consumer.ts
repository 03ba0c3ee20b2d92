import path from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { Compilers, strictest, versions } from '../helpers/compilers.ts'
import { Consumer } from '../helpers/consumer.ts'
import { ok, statuses } from '../helpers/examples.ts'

const compilers = new Compilers()
let user: Consumer

beforeAll(async () => {
  user = await Consumer.install('@types/node@20', 'express@5', '@types/express@5')
})

/** How a project finds packages, and what it is itself. */
const resolutions = [
  { name: 'node16, CommonJS', type: 'commonjs', module: 'node16', moduleResolution: 'node16' },
  { name: 'node16, ESM', type: 'module', module: 'node16', moduleResolution: 'node16' },
  { name: 'nodenext, CommonJS', type: 'commonjs', module: 'nodenext', moduleResolution: 'nodenext' },
  { name: 'nodenext, ESM', type: 'module', module: 'nodenext', moduleResolution: 'nodenext' },
  { name: 'bundler, CommonJS', type: 'commonjs', module: 'preserve', moduleResolution: 'bundler' },
  { name: 'bundler, ESM', type: 'module', module: 'esnext', moduleResolution: 'bundler' },
] as const

describe.each(versions)('TypeScript %s', (version) => {
  it.each(resolutions)(
    'compiles under $name, and runs unless it is left to a bundler',
    async ({ name, type, ...found }) => {
      const files = [
        'app.ts',
        'bare.ts',
        'refused.ts',
        'fresh.ts',
        ...(type === 'commonjs' ? ['required.cts'] : []),
      ]
      const emitted = { declaration: true, outDir: 'out', rootDir: '.' }
      const compilerOptions = { ...strictest, ...found, ...emitted, lib: ['es2022'], types: ['node'] }
      const folder = await compilers.check(user, { version, type, files, compilerOptions })

      expect(name).toContain(found.moduleResolution)
      if (found.module === 'preserve') return // it leaves `import` as it stands
      for (const program of ['app.js', 'bare.js']) {
        const port = await user.serve(path.join(folder, 'out', program))
        expect(await statuses(port, 3)).toEqual([...ok(2), 503])
      }
    },
  )
})
