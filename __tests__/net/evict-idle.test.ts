import type { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { Zone, type LimitServerOptions } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { connect2 } from '../helpers/client2.ts'
import { guarded, type Guarded, type GuardKind } from '../helpers/guarded.ts'
import { until } from '../helpers/until.ts'

/** Two connections, the older one first; the next newcomer closes the idlest. */
async function two(kind: GuardKind, over: Partial<LimitServerOptions> = {}) {
  const served = await guarded(kind, { limit: 2, onLimit: 'evict-idle', ...over })
  const accepted: Socket[] = []
  served.server.on(kind === 'tls' || kind === 'https' ? 'secureConnection' : 'connection', (socket: Socket) =>
    accepted.push(socket),
  )
  const older = await served.connect()
  await until('the older is there', () => accepted.length === 1)
  const newer = await served.connect()
  await until('the newer is there', () => accepted.length === 2)
  return { ...served, older, newer, accepted }
}

async function expectClosed(served: Guarded, victim: Client, survivor: Client): Promise<void> {
  await served.connect()
  await until('one is closed', () => victim.isClosed || survivor.isClosed)
  expect([victim.isClosed, survivor.isClosed]).toEqual([true, false])
  expect(served.zone.stats()).toMatchObject({ passed: 3, evicted: 1, active: 2, peak: 2 })
}

async function answered({ held }: Guarded, client: Client, n = 1): Promise<void> {
  client.get()
  await held.arrived(1)
  held.release()
  await client.answer(n)
}

describe.each(['net', 'tls', 'http', 'https', 'http2', 'http2 secure'] as const)(
  "onLimit 'evict-idle' in a guard on %s",
  (kind) => {
    it('closes the older of two that never sent a byte since they came', async () => {
      const served = await two(kind)
      await expectClosed(served, served.older, served.newer)
    })
  },
)

describe.each(['net', 'tls'] as const)("onLimit 'evict-idle' in a guard on %s", (kind) => {
  it('spares the one that has sent, and was answered', async () => {
    const served = await two(kind)
    served.older.write('hello')
    await until('it is echoed', () => served.older.received === 'hello')
    await expectClosed(served, served.newer, served.older)
  })

  it('spares the one that was sent something', async () => {
    const served = await two(kind)
    served.accepted[0]!.write('news')
    await until('it has come', () => served.older.received === 'news')
    await expectClosed(served, served.newer, served.older)
  })

  it('spares the one that has sent what nobody answers', async () => {
    const served = await two(kind)
    const [socket] = served.accepted
    const { bytesRead } = socket!.removeAllListeners('data').on('data', () => undefined)
    served.older.write('x')
    await until('it has come', () => socket!.bytesRead > bytesRead)
    await expectClosed(served, served.newer, served.older)
  })
})

describe.each(['http', 'https'] as const)("onLimit 'evict-idle' in a guard on %s", (kind) => {
  it('spares the one that had a request after the other, over keep-alive', async () => {
    const served = await two(kind)
    await answered(served, served.older)
    await answered(served, served.newer)
    await answered(served, served.older, 2)
    await expectClosed(served, served.newer, served.older)
  })

  it('closes one in the middle of a request last, though it has been silent for longer', async () => {
    const served = await two(kind)
    served.older.get()
    await served.held.arrived(1)
    const { res } = served.held.waiting.pop()!
    await answered(served, served.newer)
    await expectClosed(served, served.newer, served.older)
    res.end('late')
    expect(await served.older.answer()).toBe(200)
  })

  it('of two in the middle of a request it closes the one that has been silent for longer', async () => {
    const served = await two(kind)
    served.older.get()
    await served.held.arrived(1)
    served.newer.get()
    await served.held.arrived(2)
    served.held.waiting[0]!.res.write('still there')
    await until('it has come', () => served.older.received.includes('still there'))
    await expectClosed(served, served.newer, served.older)
  })

  it('hears the bytes of a request that is not whole yet', async () => {
    const served = await two(kind)
    const { bytesRead } = served.accepted[0]!
    served.older.write('GET / HTTP/1.1\r\nHos')
    await until('it has come', () => served.accepted[0]!.bytesRead > bytesRead)
    await expectClosed(served, served.newer, served.older)
  })
})

describe.each(['http2', 'http2 secure'] as const)("onLimit 'evict-idle' in a guard on %s", (kind) => {
  it('spares the session with an open stream', async () => {
    const served = await guarded(kind, { limit: 2, onLimit: 'evict-idle' })
    const older = await connect2(served)
    const stream = older.get()
    await served.held.arrived(1)
    const newer = await connect2(served)
    await connect2(served)
    await newer.closed()
    expect(older.isClosed).toBe(false)
    served.held.release()
    expect(await stream.status()).toBe(200)
  })

  it('spares the session that had a stream after the other', async () => {
    const { served, older, newer } = await twoSessions(kind)
    for (const session of [older, newer, older]) {
      const stream = session.get()
      await served.held.arrived(1)
      served.held.release()
      await stream.closed()
    }
    await connect2(served)
    await newer.closed()
    expect(older.isClosed).toBe(false)
  })

  it('of two with an open stream it closes the one that has been silent for longer', async () => {
    const { served, older, newer } = await twoSessions(kind)
    const stream = older.get()
    await served.held.arrived(1)
    newer.get()
    await served.held.arrived(2)
    served.held.waiting[0]!.res.write('still there')
    await until('it has come', () => stream.received === 'still there')
    await connect2(served)
    await newer.closed()
    expect(older.isClosed).toBe(false)
  })
})

async function twoSessions(kind: GuardKind) {
  const served = await guarded(kind, { limit: 2, onLimit: 'evict-idle' })
  return { served, older: await connect2(served), newer: await connect2(served) }
}

it('what was let in before the limit evicts by idleness is heard from then on', async () => {
  const served = await two('net', { onLimit: 'reject' })
  served.guard.setConfig({ onLimit: 'evict-idle' })
  served.newer.write('hello')
  await until('it is echoed', () => served.newer.received === 'hello')
  served.older.write('hello')
  await until('it is echoed', () => served.older.received === 'hello')
  await expectClosed(served, served.newer, served.older)
})

it.each(['before', 'after'])(
  'what another guard on the zone has let in %s there was one that evicts by idleness is heard as well',
  async (when) => {
    const zone = new Zone({ name: 'both' })
    const other = await guarded('net', { zone, limit: 2 })
    const evicting = { zone, limit: 2, onLimit: 'evict-idle' } as const
    const early = when === 'after' ? await guarded('net', evicting) : undefined
    const theirs = await other.connect()
    await until('it is counted', () => zone.stats().active === 1)
    const served = early ?? (await guarded('net', evicting))
    const idle = await served.connect()
    await until('both are counted', () => zone.stats().active === 2)

    theirs.write('hello')
    await until('it is echoed', () => theirs.received === 'hello')
    await served.connect()
    await idle.closed()
    expect(theirs.isClosed).toBe(false)
  },
)
