import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, expect, it } from '@jest/globals'
import { fullyQueueing } from '../helpers/queueing.ts'
import { until } from '../helpers/until.ts'

let stop = (): void => undefined
afterEach(() => stop())

function listen(name: string, hear: () => void): void {
  subscribe(name, hear)
  stop = () => void unsubscribe(name, hear)
}

it('a listener of limit-conn:queued that raises the limit lets in who waits', async () => {
  const { held, ask, policy } = await fullyQueueing()
  listen('limit-conn:queued', () => policy.setConfig({ limit: 2 }))
  const client = await ask('/second')
  await until('the second is in', () => held.runs === 2)
  held.release()
  expect(await client.status()).toBe(200)
})

it('a listener of limit-conn:passed that stops the policy refuses who waits, and nobody else', async () => {
  const { held, lineUp, policy, zone } = await fullyQueueing()
  const [second, third] = await lineUp(['/second', '/third'])
  listen('limit-conn:passed', () => policy.stop())
  held.answerFirst()
  await until('the second is in', () => held.runs === 2)
  expect(await third!.status()).toBe(503)
  held.release()
  expect(await second!.status()).toBe(200)
  expect(zone.stats()).toMatchObject({ passed: 2, rejected: 1, queued: 2 })
})
