import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { limitConn, Limiter, Zone } from '../../lib/index.ts'

const names = [
  'limit-conn:passed',
  'limit-conn:rejected',
  'limit-conn:exhausted',
  'limit-conn:released',
  'limit-conn:warning',
] as const
const told: unknown[] = []
/** What clients send may be a secret. */
const shown = expect.stringMatching(/^key#[\w-]{12}$/)
/** Told of a limit that was met. */
const isOfLimit = (message: unknown): boolean =>
  ['limit-conn:rejected', 'limit-conn:exhausted'].includes((message as [string])[0])
let whenTold = (): unknown => undefined

function hear(message: unknown, name: string | symbol): void {
  told.push([name, message])
  whenTold()
}

beforeEach(() => {
  for (const name of names) subscribe(name, hear)
})

afterEach(() => {
  for (const name of names) unsubscribe(name, hear)
  told.length = 0
  whenTold = () => undefined
})

function source(key: string): EventEmitter {
  return Object.assign(new EventEmitter(), { key })
}
const key = (one: object): string => (one as { key: string }).key

it('A-19: tells who is refused, and which limit does that, once of each', async () => {
  const limiter = new Limiter({ zone: new Zone({ name: 'mine' }), limit: 1, key })
  const [first, second] = [source('a'), source('a')]
  limiter.accept(first)
  await Promise.resolve()
  const passed = ['limit-conn:passed', { zone: 'mine', key: shown, limit: 1, active: 1 }]
  expect(told).toEqual([passed])

  for (const each of [second, second]) limiter.accept(each)
  await Promise.resolve()
  expect(told).toEqual([
    passed,
    ['limit-conn:rejected', { zone: 'mine', key: shown, limit: 1, active: 1, dryRun: false }],
  ])
  first.emit('close')
})

it('marks who is let in because the limit is dry', async () => {
  const limiter = new Limiter({ zone: new Zone({ name: 'dry' }), limit: 1, key, dryRun: true })
  const all = [source('a'), source('a')]
  for (const each of all) expect(limiter.accept(each).passed).toBe(true)
  await Promise.resolve()

  expect(told.filter(isOfLimit)).toEqual([
    ['limit-conn:rejected', { zone: 'dry', key: shown, limit: 1, active: 2, dryRun: true }],
  ])
  for (const each of all) each.emit('close')
})

it('tells who passed, and who gave a slot back and why, when the turn is over', async () => {
  const zone = new Zone({ name: 'open', reveal: true })
  const limiter = new Limiter({ zone, limit: 2, key })
  const all = ['a', 'a', 'b'].map(source)
  const decisions = all.map((each) => limiter.accept(each))
  expect(told).toEqual([])
  await Promise.resolve()
  expect(told.splice(0)).toEqual([
    ['limit-conn:passed', { zone: 'open', key: 'a', limit: 2, active: 1 }],
    ['limit-conn:passed', { zone: 'open', key: 'a', limit: 2, active: 2 }],
    ['limit-conn:passed', { zone: 'open', key: 'b', limit: 2, active: 1 }],
  ])

  all[0]!.emit('close')
  decisions[1]!.lease!.release()
  Object.assign(all[2]!, { destroy: () => undefined })
  zone.kick('b')
  await Promise.resolve()
  const ageMs = expect.any(Number)
  expect(told).toEqual([
    ['limit-conn:released', { zone: 'open', key: 'a', ageMs, cause: 'ended' }],
    ['limit-conn:released', { zone: 'open', key: 'a', ageMs, cause: 'released' }],
    ['limit-conn:released', { zone: 'open', key: 'b', ageMs, cause: 'kicked' }],
  ])
  expect(zone.stats().active).toBe(0)
})

it('tells how long a slot was taken', async () => {
  const limiter = new Limiter({ limit: 1, key })
  const one = source('a')
  const sinceMs = performance.now()
  limiter.accept(one)
  one.emit('close')
  const mostMs = performance.now() - sinceMs
  await Promise.resolve()
  const [, { ageMs }] = told.at(-1) as [string, { readonly ageMs: number }]
  expect(ageMs).toBeGreaterThanOrEqual(0)
  expect(Number.isInteger(ageMs)).toBe(true)
  // Slots know the millisecond in which they were taken, not what part of it.
  expect(ageMs).toBeLessThanOrEqual(mostMs + 1.5)
})

it('tells what looks wrong, though the logger has no function for it', async () => {
  limitConn({ limit: 1, key: '$http_x', logger: { error: () => undefined } })
  await Promise.resolve()
  expect(told).toEqual([
    ['limit-conn:warning', { code: 'WRN_LIMIT_CONN_UNCHECKED_KEY', message: expect.stringContaining('x') }],
  ])
})

it.each(['reject', 'pass'] as const)('tells that a zone is full, onFull %s', async (onFull) => {
  const limiter = new Limiter({ zone: new Zone({ name: 'full', max: 1, onFull }), limit: 1, key })
  const first = source('a')
  limiter.accept(first)

  expect(limiter.accept(source('b')).passed).toBe(onFull === 'pass')
  await Promise.resolve()
  expect(told.filter(isOfLimit)).toEqual([['limit-conn:exhausted', { zone: 'full', key: shown }]])
  first.emit('close')
})

it('is told when the decision is made: a listener that closes the newcomer does so after it was let in', async () => {
  const zone = new Zone({ name: 'kicked' })
  const limiter = new Limiter({ zone, limit: 1, key, dryRun: true })
  const all = [source('a'), source('a')].map((each) => Object.assign(each, { destroy: () => undefined }))
  whenTold = () => zone.kick('a')

  expect(all.map((each) => limiter.accept(each).status)).toEqual(['PASSED', 'REJECTED_DRY_RUN'])
  expect(zone.stats()).toMatchObject({ active: 2, kicked: 0 })
  await Promise.resolve()
  expect(zone.stats()).toMatchObject({ active: 0, kicked: 2 })
})

it('is silent where nobody listens', async () => {
  for (const name of names) unsubscribe(name, hear)
  const limiter = new Limiter({ limit: 1, key })
  const first = source('a')
  for (const each of [first, source('a')]) limiter.accept(each)
  await Promise.resolve()

  expect(told).toEqual([])
  first.emit('close')
})
