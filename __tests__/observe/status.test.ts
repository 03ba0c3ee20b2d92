import { describe, expect, it } from '@jest/globals'
import { limitConn, Limiter, Zone } from '../../lib/index.ts'
import { statusRouter } from '../../lib/status.ts'
import { serve } from '../helpers/server.ts'
import { ask, failure, mounts, show } from '../helpers/status.ts'

const counters = {
  passed: 0,
  rejected: 0,
  rejected_dry_run: 0,
  skipped: 0,
  exhausted: 0,
  queued: 0,
  evicted: 0,
  kicked: 0,
  trimmed: 0,
  expired: 0,
  idled: 0,
  drained: 0,
  forgotten: 0,
  waiting: 0,
  keys: 0,
  active: 0,
  peak: 0,
}

describe.each(Object.entries(mounts))('%s: the router', (_, { at, mount }) => {
  const zones = [new Zone({ name: 'addr' }), new Zone({ name: '__proto__', max: 5 })]
  const start = async (): Promise<number> =>
    (await serve(mount(statusRouter({ zones, authorize: () => true })), { policies: [] })).port

  it('answers with all zones, with one, with its keys, its advice, and with the page', async () => {
    const port = await start()
    const shape = { ...counters, max: 65_536, shared: false, limits: [] }

    const all = await ask(port, 'GET', `${at}/limit_conns`)
    expect(all.status).toBe(200)
    expect(Object.entries(all.json as object)).toEqual([
      ['addr', shape],
      ['__proto__', { ...shape, max: 5 }],
    ])
    expect(Object.keys((all.json as Record<string, object>)['addr']!)).toEqual(Object.keys(shape))
    expect((await ask(port, 'GET', `${at}/limit_conns/`)).body).toBe(all.body)
    expect((await ask(port, 'GET', `${at}/limit_conns/%5f_proto__`)).json).toMatchObject({ max: 5 })
    expect((await ask(port, 'GET', `${at}/limit_conns/addr/keys`)).json).toEqual([])
    expect((await ask(port, 'GET', `${at}/limit_conns/addr/advice`)).json).toMatchObject({ zone: 'addr' })

    const page = await ask(port, 'GET', `${at}/`)
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.body).toMatch(/^<!doctype html>/i)
  })

  it.each([
    ['GET', '/limit_conns', 'application/json; charset=utf-8'],
    ['GET', '/limit_conns/nobody', 'application/json; charset=utf-8'],
    ['DELETE', '/limit_conns', 'application/json; charset=utf-8'],
    ['DELETE', '/limit_conns/addr', undefined],
    ['GET', '/', 'text/html; charset=utf-8'],
    ['HEAD', '/events', 'text/event-stream; charset=utf-8'],
  ])('%s %s is kept by nobody, and is what it says to be', async (method, path, type) => {
    const { headers } = await ask(await start(), method, `${at}${path}`)
    expect(headers['content-type']).toBe(type)
    expect(headers['cache-control']).toMatch(/^no-store\b/)
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  it('answers HEAD as GET, without the body', async () => {
    const port = await start()
    const [get, head] = [
      await ask(port, 'GET', `${at}/limit_conns`),
      await ask(port, 'HEAD', `${at}/limit_conns`),
    ]
    expect(head).toMatchObject({ status: 200, body: '' })
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  it.each([
    ['POST', '/limit_conns', 'GET, HEAD'],
    ['DELETE', '/limit_conns', 'GET, HEAD'],
    ['PUT', '/limit_conns/addr', 'GET, HEAD, DELETE'],
    ['DELETE', '/limit_conns/addr/keys', 'GET, HEAD'],
    ['GET', '/limit_conns/addr/keys/x', 'DELETE'],
    ['OPTIONS', '/limit_conns/addr/advice', 'GET, HEAD'],
    ['POST', '/events', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ])('%s %s is 405, and tells what is accepted', async (method, path, allow) => {
    const answer = await ask(await start(), method, `${at}${path}`)
    expect(answer).toMatchObject(
      failure(405, 'MethodDisabled', `${method} is not accepted here; expected ${allow}`),
    )
    expect(answer.headers.allow).toBe(allow)
  })

  it.each([
    ['/limit_conns/nobody', 404, 'LimitConnNotFound', 'no zone has the name "nobody"'],
    ['/limit_conns/toString/keys', 404, 'LimitConnNotFound', 'no zone has the name "toString"'],
    ['/limit_conns/%E0%A4%A', 400, 'PathInvalid', expect.stringContaining('%25')],
    ['/limit_conns/addr/keys?n=0', 400, 'ParameterInvalid', 'n is 0; expected a whole number from 1 to 1000'],
    ['/limit_conns/addr/keys?n=', 400, 'ParameterInvalid', 'n is ""; expected a whole number from 1 to 1000'],
    ['/limit_conns/addr/keys?n=1&n=2', 400, 'ParameterInvalid', 'n is ["1","2"]; expected it once'],
    ['/limit_conns/addr/keys?m=1', 400, 'ParameterInvalid', '"m" is not a parameter; did you mean n?'],
    [
      '/limit_conns?constructor=1',
      400,
      'ParameterInvalid',
      '"constructor" is not a parameter; there are none here',
    ],
    [
      '/limit_conns/addr/advice?max_rejected_share=2',
      400,
      'ParameterInvalid',
      'max_rejected_share is 2; expected a number from 0 to 1',
    ],
    [
      '/limit_conns/addr/advice?limits=6,4',
      400,
      'ParameterInvalid',
      'limits is [6,4]; expected up to 30 whole numbers from 1 to 1000000 in ascending order',
    ],
    [
      '/limit_conns/addr/advice?limits=x',
      400,
      'ParameterInvalid',
      expect.stringMatching(/^limits is \["x"\]; expected up to 30/),
    ],
    [
      '/limit_conns/addr/advice?top=1001',
      400,
      'ParameterInvalid',
      'top is 1001; expected a whole number from 0 to 1000',
    ],
  ])('%s is %i', async (path, status, code, text) => {
    expect(await ask(await start(), 'GET', `${at}${path}`)).toMatchObject(failure(status, code, text))
  })
})

describe('the page', () => {
  it.each([
    ['Express 5', '/status', './status/'],
    ['Express 4', '/status?a=b', './status/?a=b'],
    ['Connect', '/a/status', './status/'],
  ])(
    '%s: %s is sent on to the address with a slash, from which it can ask for the rest',
    async (host, path, to) => {
      const { mount } = mounts[host]!
      const { port } = await serve(mount(statusRouter({ zones: [] })), { policies: [] })
      const { status, headers } = await ask(port, 'GET', path)
      expect([status, headers.location]).toEqual([308, to])
      expect(new URL(to, `http://127.0.0.1:${port}${path}`).origin).toBe(`http://127.0.0.1:${port}`)
    },
  )
})

describe('a zone that is in use', () => {
  it('is shown with its counters, its limits and its busiest keys; reset starts the counters again', async () => {
    const { ask: call, get, held, zone } = await show({ limit: 2, router: { authorize: () => true } })
    for (let n = 1; n <= 2; n++) await get('/')
    await held.arrived(2)
    expect(await (await get('/')).answer()).toBe(503)

    expect((await call('GET', '/status/limit_conns/addr')).json).toMatchObject({
      passed: 2,
      rejected: 1,
      active: 2,
      keys: 1,
      peak: 2,
      limits: [{ limit: 2, dry_run: false }],
    })
    const [key, ...others] = (await call('GET', '/status/limit_conns/addr/keys?n=1')).json as Record<
      string,
      unknown
    >[]
    expect(others).toEqual([])
    expect(key).toEqual({
      key: '127.0.0.1',
      kind: 'address',
      active: 2,
      peak: 2,
      rejected: 1,
      rejected_dry_run: 0,
      oldest_ms: expect.any(Number),
    })
    expect(Number.isInteger(key!['oldest_ms'])).toBe(true)

    expect(await call('DELETE', '/status/limit_conns/addr')).toMatchObject({ status: 204, body: '' })
    expect(zone.stats()).toMatchObject({ passed: 0, rejected: 0, active: 2, peak: 2 })
    held.release()
  })

  it('tells of limits that a function gives, of dry ones, and of how long a key has been idle', async () => {
    const zone = new Zone({ name: 'z', max: 7 })
    const policy = limitConn({ zone, limit: () => 3, dryRun: true, warnings: false })
    const limiter = new Limiter({ zone, limit: 9, key: () => 'k' })
    limiter.accept({ prependListener: () => undefined }).lease!.release()
    const { port } = await serve(statusRouter({ zones: () => policy.zones }), { policies: [] })

    const { json } = await ask(port, 'GET', '/limit_conns/z')
    expect(json).toMatchObject({
      max: 7,
      limits: [
        { limit: 9, dry_run: false },
        { limit: null, dry_run: true },
      ],
    })
    expect((await ask(port, 'GET', '/limit_conns/z/keys')).json).toEqual([
      {
        key: expect.stringMatching(/^key#/),
        kind: 'text',
        active: 0,
        peak: 1,
        rejected: 0,
        rejected_dry_run: 0,
        idle_since_ms: expect.any(Number),
      },
    ])
  })

  it('gives its advice for the share, the limits and the number of keys that are asked for', async () => {
    const {
      ask: call,
      get,
      held,
      zone,
    } = await show({ zone: { candidates: [1, 2] }, dryRun: true, limit: 2 })
    for (let n = 1; n <= 4; n++) await get('/')
    await held.arrived(4)

    const { json } = await call(
      'GET',
      '/status/limit_conns/addr/advice?max_rejected_share=0.5&limits=3&top=1',
    )
    expect(json).toEqual({
      zone: 'addr',
      since_ms: zone.trials.sinceMs,
      arrivals: 4,
      refused_at: null,
      candidates: [
        {
          limit: 1,
          rejected: 3,
          rejected_share: 0.75,
          keys: 1,
          top_keys: [{ shown: '127.0.0.1', rejected: 3 }],
          exactness: 'exact',
        },
        {
          limit: 2,
          rejected: 2,
          rejected_share: 0.5,
          keys: 1,
          top_keys: [{ shown: '127.0.0.1', rejected: 2 }],
          exactness: 'exact',
        },
        { limit: 3, rejected: 1, rejected_share: 0.25, top_keys: [], exactness: 'upper bound' },
      ],
      suggestion: zone.advise({ maxRejectedShare: 0.5 }).suggestion,
    })
    held.release()
  })
})
