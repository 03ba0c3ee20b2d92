import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { Zone } from '../../lib/index.ts'
import { statusRouter, type StatusOptions } from '../../lib/status.ts'
import type { Client } from '../helpers/client.ts'
import { connect2 } from '../helpers/client2.ts'
import { serve, untilConnections } from '../helpers/server.ts'
import { nextTurn, until } from '../helpers/until.ts'

const end = '0\r\n\r\n'

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout', 'Date'] })
})

afterEach(() => {
  jest.useRealTimers()
})

/** A router that counts how often its zones are looked at, and streams of it. */
async function streaming({ zones = [], ...options }: Partial<StatusOptions> & { zones?: Zone[] } = {}) {
  const seen = { looks: 0 }
  const router = statusRouter({ zones: () => (seen.looks++, zones), ...options })
  const served = await serve(router, { policies: [] })
  const open = async (): Promise<Client> => {
    const client = await served.get('/events', { Host: 'localhost' })
    await until('the first event has come', () => client.received.includes('data: '))
    return client
  }
  return { ...served, seen, open }
}

const countOf = ({ received }: { readonly received: string }): number => received.split('data: ').length - 1

it('a stream ends after a minute, and not before; a client that comes again is asked again', async () => {
  const session = { isOpen: true }
  const { open } = await streaming({ authorize: () => session.isOpen })
  const client = await open()
  expect(client.received).toMatch(/^retry: 1000$/m)
  session.isOpen = false

  for (let seconds = 1; seconds < 60; seconds++) {
    jest.advanceTimersByTime(1_000)
    await until('an event has come', () => countOf(client) === seconds + 1)
  }
  expect(client.received.endsWith(end)).toBe(false)
  jest.advanceTimersByTime(1_000)
  await until('it has ended', () => client.received.endsWith(end))
  expect(await client.get('/events', { Host: 'localhost' }).answer(2)).toBe(403)
})

it('over HTTP/2, too', async () => {
  const served = await serve(statusRouter({ zones: [] }), { policies: [], http2: true })
  const stream = (await connect2(served)).get('/events', { ':authority': 'localhost' })
  await until('the first event has come', () => countOf(stream) === 1)
  jest.advanceTimersByTime(60_000)
  await stream.closed()
})

it('of a client that does not read the connection ends with it', async () => {
  const zones = Array.from({ length: 6_000 }, (_, n) => new Zone({ name: `zone-${n}-${'x'.repeat(50)}` }))
  const { connect, server, sockets, seen } = await streaming({ zones })
  const slow = await connect()
  slow.socket.pause()
  slow.get('/events', { Host: 'localhost' })
  await until('it is begun', () => seen.looks > 0)
  for (let seconds = 0; ![...sockets].some((socket) => socket.writableLength > 0); seconds++) {
    expect(seconds).toBeLessThan(50)
    jest.advanceTimersByTime(1_000)
    await nextTurn()
  }
  zones.length = 0
  jest.advanceTimersByTime(60_000)
  await untilConnections(server, 0)
  slow.destroy()
})

it('zones are looked at once a second for all streams, and for those who come', async () => {
  const { seen, open } = await streaming()
  const clients: Client[] = []
  for (let n = 0; n < 20; n++) clients.push(await open())
  expect(seen.looks).toBe(1)
  for (let seconds = 1; seconds <= 3; seconds++) {
    jest.advanceTimersByTime(1_000)
    await until('all are told', () => clients.every((each) => countOf(each) === seconds + 1))
    const late = await open()
    late.destroy()
  }
  expect(seen.looks).toBe(4)
})

it('who comes when nobody looked for a second is told what is then', async () => {
  const zones = [new Zone({ name: 'one' })]
  const { open, server } = await streaming({ zones })
  ;(await open()).destroy()
  await untilConnections(server, 0)
  zones.push(new Zone({ name: 'two' }))
  jest.advanceTimersByTime(1_000)
  expect((await open()).received).toContain('"two"')
})
