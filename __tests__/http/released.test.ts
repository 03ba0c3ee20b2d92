import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { byHeader, type ReleasedEvent } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { serve2 } from '../helpers/http2.ts'
import { until } from '../helpers/until.ts'

const released: [key: string, cause: string][] = []
const byKey = { key: byHeader('x-key') }

function hear(message: unknown): void {
  const { key, cause } = message as ReleasedEvent
  released.push([key, cause])
}

beforeEach(() => subscribe('limit-conn:released', hear))
afterEach(() => {
  unsubscribe('limit-conn:released', hear)
  released.length = 0
})

async function twoKeys() {
  const { policy, held, server } = await serve2(byKey, false)
  const session = await connect2(server)
  const streams = ['a', 'b'].map((key) => session.get('/', { 'x-key': key }))
  await held.arrived(2)
  const shownAs = (key: string): string => policy.zones[0]!.top().find((one) => one.key === key)!.shown
  return { policy, session, streams, held, keys: [shownAs('a'), shownAs('b')] as const }
}

it('tells of a slot that an older key had until its last request ended that it moved', async () => {
  const { session, streams, held, keys } = await twoKeys()
  held.answerFirst()
  await streams[0]!.closed()
  await until('it is told', () => released.length > 0)
  expect(released).toEqual([[keys[0], 'moved']])
  held.release()
  await streams[1]!.closed()
  session.destroy()
  await until('the other is told', () => released.length > 1)
  expect(released[1]).toEqual([keys[1], 'ended'])
})

it('tells of all slots of a connection that was kicked, under requests of several keys, that it was', async () => {
  const { policy, session, keys } = await twoKeys()
  policy.zones[0]!.kick('a')
  await until('both are told', () => released.length > 1)
  expect(new Map(released)).toEqual(new Map(keys.map((key) => [key, 'kicked'])))
  await until('the session is closed', () => session.isClosed)
})
