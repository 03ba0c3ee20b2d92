import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { limitConn, LimitConnError, Limiter } from '../../lib/index.ts'
import type { LimitConnOptions, LimiterOptions } from '../../lib/index.ts'
import { nearest } from '../../lib/options/nearest.ts'

const names = Object.keys(limitConn({ limit: 1 }).config)

describe('a name that is no option', () => {
  it.each([
    ['limt', 'limit'],
    ['Limit', 'limit'],
    ['LIMITS', 'limits'],
    ['dryrun', 'dryRun'],
    ['dry_run', 'dryRun'],
    ['loglevel', 'logLevel'],
    ['log_level', 'logLevel'],
    ['status', 'statusCode'],
    ['statuscode', 'statusCode'],
    ['statsCode', 'statusCode'],
    ['timeout', 'timeoutMs'],
    ['maxKeysPerConection', 'maxKeysPerConnection'],
    ['retry-after', 'retryAfter'],
    ['windowMs', undefined],
    ['max', 'limit'],
    ['keyGenerator', 'key'],
    ['handler', 'reject'],
    ['__proto__', undefined],
    ['constructor', undefined],
    ['toString', undefined],
    ['x'.repeat(100_000), undefined],
  ])('%.30s is refused, with what was probably meant', (name, meant) => {
    const options = JSON.parse(`{ "limit": 1, "${name}": 1 }`) as LimitConnOptions
    const code = 'ERR_LIMIT_CONN_UNKNOWN_OPTION'
    const hint = meant === undefined ? 'the options are limit, key, zone' : `did you mean ${meant}?`
    const option = `options.${name.length > 120 ? `${name.slice(0, 117)}...` : name}`

    expect(() => limitConn(options)).toThrow(expect.objectContaining({ code, option }))
    expect(() => limitConn(options)).toThrow(`${option} is not an option; ${hint}`)
  })

  it('is refused in a list and in sweep, too', () => {
    const inList = { limits: [{ limit: 1, dryrun: true } as { limit: number }] }
    const inSweep = { limit: 1, sweep: { every: 1 } } as LimitConnOptions
    expect(() => limitConn(inList)).toThrow('options.limits[0].dryrun is not an option; did you mean dryRun?')
    expect(() => limitConn(inSweep)).toThrow('options.sweep.every is not an option; did you mean everyMs?')
  })

  it('is told where it belongs', () => {
    const options = { limit: 1, proxyProtocol: { trust: 'loopback' } } as LimitConnOptions
    const hint = 'it is one of limitServer: a header comes before the first request'
    expect(() => limitConn(options)).toThrow(`options.proxyProtocol is not an option; ${hint}`)
  })

  it('is refused though its value is undefined only where it has one', () => {
    expect(() => limitConn({ limit: 1, nothing: undefined } as LimitConnOptions)).not.toThrow()
  })
})

describe('nearest', () => {
  it.each([
    ['limits', ['limit', 'limits'], 'limits'],
    ['limi', ['limit', 'limits'], 'limit'],
    ['ke', ['key'], 'key'],
    ['kye', ['key'], undefined],
    ['a', ['b'], 'b'],
    ['', ['key'], undefined],
    ['abc', [], undefined],
  ])('of %j among %j is %p', (name, candidates, found) => {
    expect(nearest(name, candidates)).toBe(found)
  })

  it('finds every option with one letter changed, left out or doubled', () => {
    for (const name of names) {
      for (let i = 0; i < name.length; i++) {
        const [head, letter, tail] = [name.slice(0, i), name[i]!, name.slice(i + 1)]
        for (const typo of [`${head}_${tail}`, head + tail, head + letter + letter + tail]) {
          expect([typo, names.includes(typo) ? name : nearest(typo, [name])]).toEqual([typo, name])
        }
      }
    }
  })
})

/** What a LimitConnError says after its path; undefined where nothing is thrown. Any other error goes on. */
function complaint(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (!(error instanceof LimitConnError)) throw error
    const { option = 'no path', message } = error
    return option.startsWith('options') ? message.replace(option, '') : `${option}: ${message}`
  }
}

describe('whatever JSON is given as options', () => {
  const value = fc.jsonValue({ maxDepth: 2 })
  const keys = [...names, 'limits', '__proto__', 'constructor', 'toString', 'nmae']
  const byName = fc.dictionary(
    fc.constantFrom(...keys),
    fc.oneof(value, fc.constantFrom(1, 500, false, [], {})),
  )
  const list = fc.record({ limits: fc.array(fc.oneof(byName, value), { maxLength: 3 }) })

  it('throws a LimitConnError with a path or nothing at all, and passes nothing on but a policy', () => {
    const makers = [
      (options: unknown): unknown => limitConn(options as LimitConnOptions),
      (options: unknown): unknown => new Limiter(options as LimiterOptions),
      (options: unknown): unknown => limitConn({ limit: 1 }).setConfig(options as LimitConnOptions),
      (options: unknown): unknown => limitConn({ limit: 1 }).extend(options as LimitConnOptions),
    ]
    fc.assert(
      fc.property(fc.oneof(value, byName, list), fc.constantFrom(...makers), (options, maker) => {
        const said = complaint(() => maker(JSON.parse(JSON.stringify(options))))
        expect(said ?? ' is fine').toMatch(/^ (is|stands beside) /)
      }),
      { numRuns: 3_000 },
    )
  })
})
