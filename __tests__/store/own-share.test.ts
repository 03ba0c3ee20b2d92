import { expect, it } from '@jest/globals'
import { OwnShare, type OwnShareOptions } from '../../lib/store/own-share.ts'
import { useSimulatedTime } from '../helpers/store/time.ts'

const startTime = useSimulatedTime()

/** What the breaker waits for, and a sync. */
const leastMs = 700
const usual = { syncMs: 200, ttlMs: 5_000, onStoreError: 'local', instances: undefined } as const

function shareOf(options: Partial<OwnShareOptions> = {}): OwnShare {
  return new OwnShare({ ...usual, ...options })
}

it.each([
  ['local', 1, 10],
  ['local', 4, 3],
  ['reject', 4, 0],
  ['pass', 4, 10],
] as const)(
  'with onStoreError %j each of %i processes has a limit of 10 to %i',
  (onStoreError, count, own) => {
    startTime()
    const seen = shareOf({ onStoreError })
    seen.counted(count)
    expect([seen.of(10), shareOf({ onStoreError, instances: count }).of(10)]).toEqual([own, own])
  },
)

it('binds nobody before anything was forgotten', () => {
  startTime()
  expect(shareOf().isBinding).toBe(false)
})

it('binds for as long as the others take to tell, though all of them are there', async () => {
  const time = startTime()
  const share = shareOf()
  share.counted(4)
  share.recover()
  await time.elapse(leastMs - 1)
  expect(share.isBinding).toBe(true)
  await time.elapse(2)
  expect(share.isBinding).toBe(false)
})

it('binds until all who were seen before are there', async () => {
  const time = startTime()
  const share = shareOf()
  share.counted(4)
  share.recover()
  share.counted(3)
  await time.elapse(2 * leastMs)
  expect([share.isBinding, share.of(12)]).toEqual([true, 3])
  share.counted(4)
  expect(share.isBinding).toBe(false)
})

it('waits for those who do not come back no longer than they would have lapsed', async () => {
  const time = startTime()
  const share = shareOf()
  share.counted(4)
  share.recover()
  share.counted(3)
  await time.elapse(usual.ttlMs - 1)
  expect([share.isBinding, share.of(12)]).toEqual([true, 3])
  await time.elapse(2)
  expect([share.isBinding, share.of(12)]).toEqual([false, 4])
})

it('waits for nobody who is missing where nothing lapses, as in a cluster', async () => {
  const time = startTime()
  const share = shareOf({ ttlMs: Infinity })
  share.counted(4)
  share.recover()
  share.counted(3)
  await time.elapse(leastMs - 1)
  expect(share.isBinding).toBe(true)
  await time.elapse(2)
  expect(share.isBinding).toBe(false)
})

it('binds for no longer than ttlMs', async () => {
  const time = startTime()
  const share = shareOf({ ttlMs: 300 })
  share.counted(2)
  share.recover()
  await time.elapse(299)
  expect(share.isBinding).toBe(true)
  await time.elapse(2)
  expect(share.isBinding).toBe(false)
})
