import { describe, expect, it } from '@jest/globals'
import { limitConn, Zone } from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { guarded, type Guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { layers } from '../helpers/layers.ts'
import { serve, untilConnections } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'
import { upgrading } from '../helpers/upgrades.ts'

const closeExcess = { closeExcess: true }

async function connectInOrder({ connect, zone }: Guarded, times: number, from?: string): Promise<Client[]> {
  const clients: Client[] = []
  for (let n = 0; n < times; n++) {
    const { passed } = zone.stats()
    clients.push(await connect({ localAddress: from ?? '127.0.0.1' }))
    await until('it is counted', () => zone.stats().passed > passed)
  }
  return clients
}

const closedOf = (clients: readonly Client[]): boolean[] => clients.map(({ isClosed }) => isClosed)

describe('setConfig with closeExcess', () => {
  it('closes the newest of each key beyond the lowered limit, and tells them why', async () => {
    const served = await guarded('net', { limit: 5, onEvict: (socket, cause) => void socket.end(cause) })
    const clients = await connectInOrder(served, 5)
    const others = await connectInOrder(served, 2, '127.0.0.2')
    served.guard.setConfig({ limit: 2 }, closeExcess)

    expect([served.zone.count('127.0.0.1'), served.zone.count('127.0.0.2')]).toEqual([2, 2])
    await Promise.all(clients.slice(2).map((client) => client.closed()))
    expect(clients.map(({ received }) => received)).toEqual(['', '', 'trimmed', 'trimmed', 'trimmed'])
    expect([...closedOf(clients.slice(0, 2)), ...closedOf(others)]).toEqual([false, false, false, false])
    await untilConnections(served.server, 4)
    expect(served.zone.stats()).toMatchObject({ trimmed: 3, kicked: 0, active: 4 })
  })

  it('closes nobody without it, nor where the limit is wide enough', async () => {
    const served = await guarded('net', { limit: 3 })
    const clients = await connectInOrder(served, 3)
    served.guard.setConfig({ limit: 3 }, closeExcess)
    served.guard.setConfig({ limit: 1 })
    served.guard.setConfig({ limit: 1 }, { closeExcess: false })
    expect(served.zone.stats()).toMatchObject({ trimmed: 0, active: 3 })
    expect(closedOf(clients)).toEqual([false, false, false])
  })

  it('closes nobody for a dry run', async () => {
    const served = await guarded('net', { limit: 3 })
    await connectInOrder(served, 3)
    served.guard.setConfig({ limit: 1, dryRun: true }, closeExcess)
    expect(served.zone.stats()).toMatchObject({ trimmed: 0, active: 3 })
  })

  it('changes nothing if the options are refused', async () => {
    const served = await guarded('net', { limit: 3 })
    await connectInOrder(served, 3)
    expect(() => served.guard.setConfig({ limit: 0 }, closeExcess)).toThrow('options.limit')
    expect(() => served.guard.setConfig({ limit: 1 }, { closeExces: true } as never)).toThrow('closeExcess')
    expect(served.guard.config.limit).toBe(3)
    expect(served.zone.stats()).toMatchObject({ trimmed: 0, active: 3 })
  })

  it('of middleware ends the responses of the newest', async () => {
    const held = new Held()
    const policy = limitConn({ limit: 3, logLevel: false })
    const server = await serve(bare([policy], held.handler), { policies: [policy] })
    const clients: Client[] = []
    for (let n = 1; n <= 3; n++) {
      clients.push(await server.get())
      await held.arrived(n)
    }
    policy.setConfig({ limit: 1 }, closeExcess)
    await Promise.all(clients.slice(1).map((client) => client.closed()))
    await until('their handlers are told', () => held.waiting.slice(1).every(({ res }) => res.closed))
    held.release()
    expect(await clients[0]!.answer()).toBe(200)
    expect(policy.zones[0]!.stats()).toMatchObject({ trimmed: 2, active: 1 })
  })

  it('of upgrades closes the newest', async () => {
    const { ask, echo, policy, zone } = await upgrading({ limit: 3 })
    const clients: Client[] = []
    for (let n = 1; n <= 3; n++) {
      clients.push(await ask())
      await until('it is let in', () => echo.runs === n)
    }
    policy.setConfig({ limit: 2 }, closeExcess)
    await clients[2]!.closed()
    expect(closedOf(clients)).toEqual([false, false, true])
    expect(zone.stats()).toMatchObject({ trimmed: 1, active: 2 })
  })

  it('closes only what the policy itself has admitted, where others count in its zone', async () => {
    const { guard, policy, zone, held, connect, get } = await layers('http', { limit: 5 }, { limit: 5 })
    const silent = [await connect(), await connect()]
    await until('they are counted', () => zone.stats().active === 2)
    const asking = await get()
    await held.arrived(1)

    policy.setConfig({ limit: 1 }, closeExcess)
    await asking.closed()
    expect(zone.stats()).toMatchObject({ trimmed: 1, active: 2 })
    guard.setConfig({ limit: 1 }, closeExcess)
    await silent[1]!.closed()
    expect([silent[0]!.isClosed, zone.stats().active]).toEqual([false, 1])
  })

  it('of several limits each is brought within its own', async () => {
    const [one, all] = [new Zone({ name: 'per-address' }), new Zone({ name: 'total' })]
    const limits = (each: number, total: number) => [
      { zone: one, limit: each },
      { zone: all, key: () => 'all', limit: total },
    ]
    const served = await guarded('net', { limits: limits(5, 9) })
    const clients = await connectInOrder(served, 3)
    clients.push(...(await connectInOrder(served, 2, '127.0.0.2')))
    served.guard.setConfig({ limits: limits(2, 3) }, closeExcess)
    await Promise.all([clients[2]!.closed(), clients[4]!.closed()])
    expect(closedOf(clients)).toEqual([false, false, true, false, true])
    expect([one.stats().trimmed, all.stats().trimmed, all.stats().active]).toEqual([1, 1, 3])
  })
})
