import { deepStrictEqual } from 'node:assert'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { Holder } from '../../lib/core/holder.ts'
import type { Slot } from '../../lib/core/slot.ts'
import { noTallies } from '../../lib/core/stats.ts'
import { Zone, type ZoneOptions } from '../../lib/core/zone.ts'
import { LimitConnError } from '../../lib/errors.ts'
import { carried } from '../helpers/carrier.ts'

const prototypeNames = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']

/** Takes a slot under a text key, for a holder of its own. */
function take(zone: Zone, text: string, holder = new Holder()): Slot {
  return zone.take(`t:${text}`, holder)
}

/** Lets keys live and die, one after the other. */
function visit(zone: Zone, ...texts: readonly string[]): void {
  for (const text of texts) zone.release(take(zone, text))
}

function remembered(zone: Zone): string[] {
  return zone.top(Infinity).map(({ key }) => key)
}

describe('new Zone', () => {
  const whole = 'a whole number from'
  const aName = 'a name of 1 to 64 letters'

  it.each<[unknown, string, string, string]>([
    [undefined, 'zone', 'undefined', 'an object'],
    [null, 'zone', 'null', 'an object'],
    ['per-ip', 'zone', '"per-ip"', 'an object'],
    [[], 'zone', '[]', 'an object'],
    [{}, 'zone.name', 'undefined', aName],
    [{ name: undefined }, 'zone.name', 'undefined', aName],
    [{ name: '' }, 'zone.name', '""', aName],
    [{ name: 7 }, 'zone.name', '7', aName],
    [{ name: 'two words' }, 'zone.name', '"two words"', aName],
    [{ name: 'line\n' }, 'zone.name', '"line\\n"', aName],
    [{ name: 'quo"te' }, 'zone.name', '"quo\\"te"', aName],
    [{ name: 'x'.repeat(65) }, 'zone.name', `"${'x'.repeat(65)}"`, aName],
    [{ name: 'z', max: 0 }, 'zone.max', '0', `${whole} 1 to 16777216`],
    [{ name: 'z', max: -1 }, 'zone.max', '-1', `${whole} 1 to 16777216`],
    [{ name: 'z', max: 1.5 }, 'zone.max', '1.5', `${whole} 1 to 16777216`],
    [{ name: 'z', max: NaN }, 'zone.max', 'NaN', `${whole} 1 to 16777216`],
    [{ name: 'z', max: Infinity }, 'zone.max', 'Infinity', `${whole} 1 to 16777216`],
    [{ name: 'z', max: 2 ** 24 + 1 }, 'zone.max', '16777217', `${whole} 1 to 16777216`],
    [{ name: 'z', max: '10m' }, 'zone.max', '"10m"', `${whole} 1 to 16777216`],
    [{ name: 'z', max: null }, 'zone.max', 'null', `${whole} 1 to 16777216`],
    [{ name: 'z', maxIdle: -1 }, 'zone.maxIdle', '-1', `${whole} 0 to 16777216`],
    [{ name: 'z', maxIdle: 0.5 }, 'zone.maxIdle', '0.5', `${whole} 0 to 16777216`],
    [{ name: 'z', maxIdle: 10n }, 'zone.maxIdle', '10n', `${whole} 0 to 16777216`],
    [{ name: 'z', onFull: 'evict' }, 'zone.onFull', '"evict"', '"reject" or "pass"'],
    [{ name: 'z', onFull: true }, 'zone.onFull', 'true', '"reject" or "pass"'],
  ])('refuses %p', (...[options, option, shown, accepted]) => {
    const code = 'ERR_LIMIT_CONN_INVALID_OPTION'
    const make = (): Zone => new Zone(options as ZoneOptions)

    expect(make).toThrow(LimitConnError)
    expect(make).toThrow(expect.objectContaining({ code, option }))
    expect(make).toThrow(`${option} is ${shown}; expected ${accepted}`)
  })

  it.each([
    ['Max', 'did you mean max?'],
    ['onfull', 'did you mean onFull?'],
    ['size', 'did you mean max?'],
    ['bytes', 'the options are name, max, maxIdle, onFull'],
    ['__proto__', 'the options are name, max, maxIdle, onFull'],
    ['constructor', 'the options are name, max, maxIdle, onFull'],
  ])('refuses the unknown option %s', (name, hint) => {
    const options = JSON.parse(`{ "name": "z", "${name}": 1 }`) as ZoneOptions
    const error = { code: 'ERR_LIMIT_CONN_UNKNOWN_OPTION', option: `zone.${name}` }

    expect(() => new Zone(options)).toThrow(expect.objectContaining(error))
    expect(() => new Zone(options)).toThrow(`zone.${name} is not an option; ${hint}`)
  })

  it('fills in the defaults', () => {
    expect(new Zone({ name: 'per-ip' })).toMatchObject({ max: 65_536, maxIdle: 1_024, onFull: 'reject' })
    expect(new Zone({ name: 'a.B:c_1-', max: 2 ** 24, maxIdle: 0 })).toMatchObject({
      max: 2 ** 24,
      maxIdle: 0,
    })
  })
})

describe('the numbers of a zone', () => {
  it('counts the slots under each key, and all of them', () => {
    const zone = new Zone({ name: 'z' })
    const slots = ['a', 'a', 'b'].map((key) => take(zone, key))

    expect([zone.count('a'), zone.count('b'), zone.count('c')]).toEqual([2, 1, 0])
    expect(zone.stats()).toMatchObject({ keys: 2, active: 3, peak: 3 })

    zone.release(slots[0]!)
    zone.release(slots[2]!)
    expect([zone.count('a'), zone.count('b')]).toEqual([1, 0])
    expect(zone.stats()).toMatchObject({ keys: 1, active: 1, peak: 3 })
  })

  it('reads an address in any spelling, and a text that looks like one only as a text', () => {
    const zone = new Zone({ name: 'z' })
    zone.take('a:10.0.0.1', new Holder())
    zone.take('a:2001:db8:0:100::/56', new Holder())
    take(zone, '10.0.0.1')
    take(zone, '10.0.0.1')

    expect(zone.count('10.0.0.1')).toBe(1)
    expect(zone.count('::ffff:a00:1')).toBe(1)
    expect(zone.count({ text: '10.0.0.1' })).toBe(2)
    expect(zone.count('2001:DB8:0:1ff::1')).toBe(1)
    expect(zone.count('2001:db8:0:1ff::1/56')).toBe(1)
    expect(zone.count('2001:db8:0:200::1')).toBe(0)
  })

  it.each(['10.0.0.1/login', '10.0.0.1/', '10.0.0.1/24/x', '2001:db8::1/login', '2001:db8::1/'])(
    'reads %s as the text that it is',
    (text) => {
      const zone = new Zone({ name: 'z' })
      take(zone, text)
      zone.take('a:10.0.0.1', new Holder())
      zone.take('a:10.0.0.1', new Holder())

      expect(zone.count({ text })).toBe(1)
      expect(zone.count(text)).toBe(1)
    },
  )

  it('tells the busiest keys first, then those with the highest peak, idle ones too', () => {
    const zone = new Zone({ name: 'z' })
    const once = ['once', 'once'].map((key) => take(zone, key))
    for (const slot of once) zone.release(slot)
    visit(zone, 'idle')
    for (const key of ['busy', 'busy', 'live']) take(zone, key)
    zone.take('a:10.0.0.1', new Holder())
    zone.take('h:abc', new Holder())

    expect(zone.top(6)).toMatchObject([
      { key: 'busy', kind: 'text', active: 2, peak: 2, rejected: 0 },
      { key: 'live', kind: 'text', active: 1, peak: 1, rejected: 0 },
      { key: '10.0.0.1', kind: 'address', active: 1, peak: 1, rejected: 0 },
      { key: 'abc', kind: 'hash', active: 1, peak: 1, rejected: 0 },
      { key: 'once', kind: 'text', active: 0, peak: 2, rejected: 0, idleSinceMs: expect.any(Number) },
      { key: 'idle', kind: 'text', active: 0, peak: 1, rejected: 0, idleSinceMs: expect.any(Number) },
    ])
    expect(zone.top(1)).toMatchObject([{ key: 'busy', kind: 'text', active: 2, peak: 2, rejected: 0 }])
    expect(zone.top(0)).toEqual([])
  })

  it('F6: resets the statistics and leaves the slots', () => {
    const zone = new Zone({ name: 'z' })
    visit(zone, 'idle')
    const [first] = ['a', 'a'].map((key) => take(zone, key))
    zone.release(first!)
    for (const what of ['passed', 'rejected', 'rejectedDryRun', 'skipped', 'exhausted'] as const) {
      zone.tally(what)
    }
    zone.reset()

    expect(zone.stats()).toEqual({ ...noTallies(), waiting: 0, keys: 1, active: 1, peak: 1 })
    expect(new Set(Object.values(noTallies()))).toEqual(new Set([0]))
    expect(zone.top(9)).toMatchObject([{ key: 'a', kind: 'text', active: 1, peak: 1, rejected: 0 }])
    expect(zone.audit()).toMatchObject({ active: 1, found: 1, isClean: true })
  })

  it('finds in an audit what has ended without being told', () => {
    const zone = new Zone({ name: 'z' })
    const [open, [stalled, half], [lost, other]] = [new Holder(), carried(), carried()]
    for (const holder of [open, stalled, lost]) take(zone, 'a', holder)
    expect(zone.audit()).toEqual({ active: 3, found: 3, gone: 0, stalled: 0, isClean: true })

    half.health = 'stalled'
    expect(zone.audit()).toEqual({ active: 3, found: 3, gone: 0, stalled: 1, isClean: true })
    other.health = 'gone'
    expect(zone.audit()).toEqual({ active: 3, found: 3, gone: 1, stalled: 1, isClean: false })
  })

  it.each(prototypeNames)('takes %s for a key like any other', (name) => {
    const zone = new Zone({ name: 'z', max: 1, maxIdle: 1 })
    expect(zone.count(name)).toBe(0)
    const slot = take(zone, name)
    expect(zone.count(name)).toBe(1)
    expect(zone.hasRoomFor([`t:${name}`])).toBe(true)
    expect(zone.hasRoomFor(['t:other'])).toBe(false)

    zone.release(slot)
    expect(zone.count(name)).toBe(0)
    expect(remembered(zone)).toEqual([name])
  })
})

describe('the idle records of a zone', () => {
  it('gives a key its statistics back when it comes back', () => {
    const zone = new Zone({ name: 'z' })
    const slots = ['a', 'a', 'a'].map((key) => take(zone, key))
    zone.recordOf('t:a')!.refusals.rejected++
    for (const slot of slots) zone.release(slot)
    take(zone, 'a')

    expect(zone.top(9)).toMatchObject([{ key: 'a', kind: 'text', active: 1, peak: 3, rejected: 1 }])
  })

  it('remembers at most maxIdle of them, the ones seen last, and counts the others as forgotten', () => {
    const zone = new Zone({ name: 'z', maxIdle: 2 })
    visit(zone, 'a', 'b', 'a', 'c')
    expect(new Set(remembered(zone))).toEqual(new Set(['a', 'c']))
    expect(zone.stats()).toMatchObject({ forgotten: 1, keys: 0, active: 0 })

    visit(zone, 'd', 'e', 'f')
    expect(new Set(remembered(zone))).toEqual(new Set(['e', 'f']))
    expect(zone.stats().forgotten).toBe(4)
  })

  it('F46: never evicts a live key, though its record leaves the cache', () => {
    const zone = new Zone({ name: 'z', maxIdle: 2 })
    visit(zone, 'a')
    const slot = take(zone, 'a')
    visit(zone, 'b', 'c', 'd')
    expect(zone.count('a')).toBe(1)
    expect(zone.stats()).toMatchObject({ keys: 1, active: 1, forgotten: 1 })
    expect(take(zone, 'a').record.peak).toBe(2)

    zone.release(slot)
    expect(zone.count('a')).toBe(1)
    expect(remembered(zone)).toHaveLength(3)
  })

  it('keeps none of them with maxIdle 0', () => {
    const zone = new Zone({ name: 'z', maxIdle: 0 })
    visit(zone, 'a', 'b')
    expect(zone.top(9)).toEqual([])
    expect(zone.stats()).toMatchObject({ forgotten: 0, keys: 0, active: 0, peak: 1 })
    expect(take(zone, 'a').record.peak).toBe(1)
  })

  it('finds the same record again after a reset while the key was live', () => {
    const zone = new Zone({ name: 'z', maxIdle: 1 })
    visit(zone, 'a')
    const slot = take(zone, 'a')
    zone.reset()
    visit(zone, 'b')
    zone.release(slot)
    expect(zone.top(9)).toMatchObject([{ key: 'a', kind: 'text', active: 0, peak: 1, rejected: 0 }])
  })
})

describe('release', () => {
  it('F33, F44: gives a slot back once, whoever calls it again', () => {
    const zone = new Zone({ name: 'z' })
    const [first, second] = ['a', 'a'].map((key) => take(zone, key))
    for (let i = 0; i < 3; i++) zone.release(first!)
    expect(zone.count('a')).toBe(1)

    zone.release(second!)
    zone.release(second!)
    expect(zone.stats()).toMatchObject({ keys: 0, active: 0 })
  })

  const step = fc.record({
    what: fc.constantFrom('take', 'release', 'release', 'reset'),
    key: fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'),
    which: fc.nat(40),
  })

  it('A-03, F23: never makes an entry nor goes below zero, whatever is released and how often', () => {
    const scenario = fc.tuple(fc.constantFrom(0, 1, 2, 1_024), fc.array(step, { maxLength: 40 }))
    fc.assert(
      fc.property(scenario, ([maxIdle, steps]) => {
        const zone = new Zone({ name: 'z', maxIdle })
        const taken: { slot: Slot; key: string; isOpen: boolean }[] = []

        for (const { what, key, which } of steps) {
          const target = taken[which % Math.max(1, taken.length)]
          if (what === 'take') taken.push({ slot: take(zone, key), key, isOpen: true })
          if (what === 'reset') zone.reset()
          if (what === 'release' && target) {
            zone.release(target.slot)
            target.isOpen = false
          }

          const open = taken.filter(({ isOpen }) => isOpen).map((entry) => entry.key)
          const { active, keys } = zone.stats()
          const idle = zone.top(99).filter((top) => top.active === 0).length
          // Not jest's expect: a hundred thousand runs of it take a minute.
          deepStrictEqual(
            [active, keys, zone.count(key), zone.audit().isClean, idle <= maxIdle],
            [open.length, new Set(open).size, open.filter((one) => one === key).length, true, true],
          )
        }
      }),
      { numRuns: 100_000 },
    )
  }, 120_000)
})
