import { describe, expect, it } from '@jest/globals'
import { limitConn, Zone } from '../../lib/index.ts'
import { statusRouter } from '../../lib/status.ts'
import { serve } from '../helpers/server.ts'
import { ask, failure } from '../helpers/status.ts'
import { errorOf } from '../helpers/thrown.ts'

describe('what is under no path of the router', () => {
  const paths = [
    '/nobody',
    '//',
    '/limit_conns/addr/nobody',
    '/limit_conns/addr/keys/k/more',
    '/events/1',
    '/limit_conns//keys',
  ]

  it.each(paths)('goes to next, and nobody is asked whether it may: %s', async (path) => {
    let asked = 0
    const router = statusRouter({ zones: [new Zone({ name: 'addr' })], authorize: () => asked++ > 0 })
    const handler = (req: never, res: { end(text: string): unknown }): unknown =>
      router(req, res as never, () => res.end('next'))
    const { port } = await serve(handler as never, { policies: [] })
    expect(await ask(port, 'GET', path)).toMatchObject({ status: 200, body: 'next' })
    expect(asked).toBe(0)
  })

  it.each(paths)('is 404 where nothing comes next: %s', async (path) => {
    const { port } = await serve(statusRouter({ zones: [new Zone({ name: 'addr' })] }), { policies: [] })
    expect(await ask(port, 'GET', path)).toMatchObject(failure(404, 'PathNotFound', expect.any(String)))
  })
})

describe('zones that a function gives', () => {
  it.each<[string, () => never, string, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('boom')
      },
      'ERR_LIMIT_CONN_FUNCTION_FAILED',
      /^statusRouter\.zones failed: boom$/,
    ],
    [
      'returns none',
      () => 5 as never,
      'ERR_LIMIT_CONN_INVALID_OPTION',
      /^statusRouter\.zones is 5; expected/,
    ],
    [
      'returns a policy',
      () => limitConn({ limit: 1 }) as never,
      'ERR_LIMIT_CONN_INVALID_OPTION',
      /^statusRouter\.zones is a policy; expected its zones, policy\.zones$/,
    ],
    [
      'returns two of one name',
      () => [new Zone({ name: 'z' }), new Zone({ name: 'z' })] as never,
      'ERR_LIMIT_CONN_DUPLICATE_NAME',
      /^statusRouter\.zones has two of the name "z"/,
    ],
  ])('are 500 with the reason where it %s', async (_, zones, code, text) => {
    const { port } = await serve(statusRouter({ zones }), { policies: [] })
    for (const path of ['/limit_conns', '/limit_conns/z', '/events'])
      expect(await ask(port, 'GET', path)).toMatchObject(failure(500, code, expect.stringMatching(text)))
  })
})

describe('options', () => {
  const zones = [new Zone({ name: 'z' })]
  it.each<[unknown, string, RegExp]>([
    [
      undefined,
      'INVALID_OPTION',
      /^statusRouter is undefined; expected an object, such as \{ zones: policy\.zones \}$/,
    ],
    [{}, 'INVALID_OPTION', /^statusRouter\.zones is undefined; expected a list of zones, or a function/],
    [
      { zones: limitConn({ limit: 1 }) },
      'INVALID_OPTION',
      /^statusRouter\.zones is a policy; expected its zones, policy\.zones$/,
    ],
    [{ zones: zones[0] }, 'INVALID_OPTION', /^statusRouter\.zones is one zone; expected a list, \[zone\]$/],
    [{ zones: [5] }, 'INVALID_OPTION', /^statusRouter\.zones is \[5\]; expected a list of zones/],
    [
      { zones: [...zones, new Zone({ name: 'z' })] },
      'DUPLICATE_NAME',
      /^statusRouter\.zones has two of the name "z"/,
    ],
    [
      { zones, authorize: true },
      'INVALID_OPTION',
      /^statusRouter\.authorize is true; expected a function of the request/,
    ],
    [
      { zones, authorise: () => true },
      'UNKNOWN_OPTION',
      /^statusRouter\.authorise is not an option; did you mean authorize\?$/,
    ],
  ])('%p are refused', (options, code, message) => {
    const error = errorOf(() => statusRouter(options as never))
    expect(error.code).toBe(`ERR_LIMIT_CONN_${code}`)
    expect(error.message).toMatch(message)
  })
})
