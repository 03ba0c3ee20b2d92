import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, limitConn, Zone, type LimitConn, type LimitConnOptions } from '../../lib/index.ts'
import { warningCodes } from '../../lib/log/warner.ts'
import { connect2 } from '../helpers/client2.ts'
import { bare } from '../helpers/hosts.ts'
import { serve } from '../helpers/server.ts'
import { ask, codesOf, ok, told, visited } from '../helpers/told.ts'

const names = Object.keys(warningCodes)

describe('WRN_LIMIT_CONN_UNCHECKED_KEY', () => {
  const unchecked = byHeader('x-api-key')

  it.each<[string, Partial<LimitConnOptions>, number]>([
    ['a header alone', { key: unchecked }, 1],
    ['a template of a cookie', { key: '$cookie_sid' }, 1],
    ['a header beside an address in one key', { key: '$remote_addr$http_x' }, 1],
    ['a header beside a limit by address', { limits: [{ limit: 1, key: unchecked }, { limit: 2 }] }, 0],
    [
      'a limit by address in dry run',
      {
        limits: [
          { limit: 1, key: unchecked },
          { limit: 2, dryRun: true },
        ],
      },
      1,
    ],
    ['a header in dry run', { key: unchecked, dryRun: true }, 0],
    ['a function of yours', { key: (req) => req.headers['x-api-key'] as string }, 0],
    ['an address', { key: '$binary_remote_addr$server_port' }, 0],
  ])('%s', (_what, options, times) => {
    const { lines } = told(options.limits ? { ...options, limit: undefined as never } : options)
    expect(codesOf(lines)).toEqual(Array(times).fill('WRN_LIMIT_CONN_UNCHECKED_KEY'))
  })
})

describe('WRN_LIMIT_CONN_SHARED_DRY_RUN', () => {
  const code = 'WRN_LIMIT_CONN_SHARED_DRY_RUN'
  const zone = (): Zone => new Zone({ name: 'shared' })

  it('is said where a dry-run limit counts in the zone of another', () => {
    for (const [first, second, codes] of [
      [false, true, [code]],
      [true, false, [code]],
      [true, true, []],
      [false, false, []],
    ] as const) {
      const shared = zone()
      const other = told({ zone: shared, dryRun: first })
      const { lines } = told({ zone: shared, dryRun: second })
      expect([other.lines, codesOf(lines)]).toEqual([[], codes])
    }
  })

  it('is not said of one policy that goes from dry run to enforcing', () => {
    const { policy, lines } = told({ zone: zone(), dryRun: true })
    for (const dryRun of [false, true, false]) policy.setConfig({ dryRun })
    expect(lines).toEqual([])
    policy.extend({ statusCode: 429 })
    expect(lines).toEqual([])
    policy.extend({ dryRun: true })
    expect(codesOf(lines)).toEqual([code])
  })

  it('is not said of a zone that the other has left', () => {
    const shared = zone()
    const other = told({ zone: shared })
    other.policy.setConfig({ zone: zone() })
    expect(told({ zone: shared, dryRun: true }).lines).toEqual([])
  })

  it.each([false, true])('is said where one of several has left, dry run or not: %p', (dryRun) => {
    const shared = zone()
    const [left] = [1, 2].map(() => told({ zone: shared, dryRun }))
    left!.policy.setConfig({ zone: zone() })
    expect(codesOf(told({ zone: shared, dryRun: !dryRun }).lines)).toEqual([code])
  })

  it('is said when setConfig makes it so', () => {
    const shared = zone()
    told({ zone: shared })
    const { policy, lines } = told({})
    policy.setConfig({ zone: shared, dryRun: true })
    expect(codesOf(lines)).toEqual([code])
  })
})

describe('WRN_LIMIT_CONN_BUILT_PER_REQUEST', () => {
  it('F7: is said once of a policy that is made for each request', async () => {
    const lines: string[] = []
    const logger = { warn: (line: string) => lines.push(line), error: () => undefined }
    const made: LimitConn[] = []
    const server = await serve(
      (req, res) => {
        const policy = limitConn({ limit: 1, logger })
        made.push(policy)
        policy(req, res, () => ok(req, res))
      },
      { policies: made },
    )
    for (let n = 0; n < 3; n++) await (await server.get()).answer()
    expect(codesOf(lines)).toEqual(['WRN_LIMIT_CONN_BUILT_PER_REQUEST'])
    expect(made).toHaveLength(3)
  })

  it('is not said of one that was made before', async () => {
    const visit = await visited({})
    await ask(visit, {}, 3)
    expect(visit.lines).toEqual([])
  })
})

describe('WRN_LIMIT_CONN_NO_TIMEOUT', () => {
  it.each([
    [{ headersTimeout: 0 }, ['WRN_LIMIT_CONN_NO_TIMEOUT: headersTimeout of the server']],
    [
      { headersTimeout: 0, requestTimeout: 0 },
      ['WRN_LIMIT_CONN_NO_TIMEOUT: headersTimeout and requestTimeout of the server'],
    ],
    [{}, []],
  ])('is said once of a server with %p', async (server, expected) => {
    const visit = await visited({}, server)
    await ask(visit, {}, 2)
    expect(visit.lines.map((line) => line.replace(/ (?:is|are) 0: .*$/, ''))).toEqual(expected)
  })
})

it('HTTP/2 has none of the timeouts', async () => {
  const { policy, lines } = told({})
  const options = { policies: [policy], http2: true, server: { headersTimeout: 0 } as object }
  const server = await serve(bare([policy], ok), options)
  expect(await (await connect2(server)).get().status()).toBe(200)
  expect(lines).toEqual([])
})

describe('WRN_LIMIT_CONN_SEVERAL_PROCESSES', () => {
  const script = path.join(__dirname, '../helpers/worker.js')

  it.each([
    ['cluster', 1],
    ['redis', 0],
    ['alone', 0],
  ])('of a process that is %s: said %d times', (how, times) => {
    const { stderr, status } = spawnSync(process.execPath, [script, how], { timeout: 20_000 })
    expect(status).toBe(0)
    expect(codesOf(stderr.toString().trim().split('\n').filter(Boolean))).toEqual(
      Array(times).fill('WRN_LIMIT_CONN_SEVERAL_PROCESSES'),
    )
  })
})

describe('the option warnings', () => {
  const wrong = { key: byIp({ trustProxy: true }), zone: new Zone({ name: 'z' }) }

  it.each([[false], [{ trustProxy: false }]])('silences with %j', (warnings) => {
    expect(told({ ...wrong, warnings }).lines).toEqual([])
  })

  it.each([[true], [{}], [{ trustProxy: true, oneKey: false }], [undefined]])(
    'lets speak with %j',
    (warnings) => {
      expect(codesOf(told({ ...wrong, ...(warnings !== undefined && { warnings }) }).lines)).toHaveLength(1)
    },
  )

  it('silences each by its name', () => {
    for (const name of names)
      expect(limitConn({ limit: 1, warnings: { [name]: false } }).config.warnings).toEqual({ [name]: false })
  })

  it('is merged one by one', () => {
    const { policy } = told({ warnings: { oneKey: false } })
    policy.setConfig({ warnings: { manyKeys: false } })
    expect(policy.config.warnings).toEqual({ oneKey: false, manyKeys: false })
  })

  it('refuses a name that does not exist', () => {
    expect(() => limitConn({ limit: 1, warnings: { onKey: false } } as never)).toThrow(
      'options.warnings.onKey is not an option; did you mean oneKey?',
    )
    expect(() => limitConn({ limit: 1, warnings: 'no' } as never)).toThrow(
      'options.warnings is "no"; expected',
    )
  })

  it('says nothing where nothing is logged, and goes on where the logger throws', () => {
    expect(told({ ...wrong, logLevel: false }).lines).toEqual([])
    const logger = {
      error: () => undefined,
      warn: () => {
        throw new Error('disk full')
      },
    }
    expect(() => limitConn({ limit: 1, ...wrong, logger })).not.toThrow()
  })

  it('lets a logger that cannot be asked be', () => {
    const strict = new Proxy(
      { error: () => undefined },
      {
        get: (target, name) => {
          if (name === 'error') return target.error
          throw new Error(`no ${String(name)}`)
        },
      },
    )
    expect(() => limitConn({ limit: 1, ...wrong, logger: strict })).not.toThrow()
  })

  it('takes what the logger has, if it has no warn', () => {
    const lines: string[] = []
    limitConn({ limit: 1, ...wrong, logger: { error: (line: string) => lines.push(line) } })
    expect(codesOf(lines)).toEqual(['WRN_LIMIT_CONN_TRUST_PROXY'])
  })
})
