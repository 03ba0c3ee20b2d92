import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import { byIp, limitConn, limitUpgrade, type LimitUpgradeOptions } from '../../lib/index.ts'
import { bare } from '../helpers/hosts.ts'
import { Echo, fullyUpgraded, makeServer, switching, upgradeTo, upgrading } from '../helpers/upgrades.ts'
import { connectionsOf, listen } from '../helpers/server.ts'
import { Resetting } from '../helpers/resetting.ts'
import { nextTurn, until } from '../helpers/until.ts'

/** Promises that are kept when the test says so. */
class Gate {
  readonly #waiting: (() => void)[] = []
  asked = 0

  readonly pass = (): Promise<void> => {
    this.asked++
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  open(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** Options in which one function waits at the gate. */
const waits: Record<string, (gate: Gate) => Partial<LimitUpgradeOptions>> = {
  key: (gate) => ({ key: async () => (await gate.pass(), 'k') }),
  limit: (gate) => ({ limit: async () => (await gate.pass(), 1) }),
  skip: (gate) => ({ skip: async () => (await gate.pass(), false) }),
}

const byNumber = (a: number, b: number): number => a - b

/** The server has seen a client go. Below TLS the socket does not tell. */
function isLeft(socket: Socket, tls: boolean): boolean {
  return socket.destroyed || socket.readableEnded || (tls && !(socket instanceof TLSSocket))
}

describe.each(Object.keys(waits))('an async %s', (name) => {
  const options = (gate: Gate) => ({ timeoutMs: 20_000, ...waits[name]!(gate) })

  it('lets the limit in, of those that wait together, and refuses the others', async () => {
    const gate = new Gate()
    const { ask, echo, zone } = await upgrading(options(gate))
    const clients = await Promise.all(Array.from({ length: 10 }, () => ask()))
    await until('all wait', () => gate.asked === 10)
    expect(zone.stats().active).toBe(0)
    gate.open()

    const statuses = await Promise.all(clients.map((client) => client.answer()))
    expect(statuses.toSorted(byNumber)).toEqual([101, ...Array<number>(9).fill(503)])
    expect(echo.runs).toBe(1)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 9, active: 1, peak: 1 })
  })

  it('loses no byte that comes meanwhile, with the request or after it', async () => {
    const gate = new Gate()
    const { connect } = await upgrading(options(gate))
    const client = await connect()
    client.write(`${upgradeTo('foo')}first `)
    await until('it waits', () => gate.asked === 1)
    client.write('second ')
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    gate.open()
    await client.answer()
    client.write('third')
    await until('all comes back', () => client.received === `${switching}first second third`)
  })

  it.each([
    ['a FIN', false, 'destroy'],
    ['a RST', false, 'reset'],
    ['a FIN', true, 'destroy'],
    ['a RST', true, 'reset'],
  ] as const)('200 clients that leave by %s meanwhile are not counted, TLS %s', async (_, tls, leave) => {
    const gate = new Gate()
    const { ask, echo, zone, server, sockets } = await upgrading(
      { ...options(gate), logLevel: false },
      { tls },
    )
    const clients = await Promise.all(Array.from({ length: 200 }, () => ask()))
    await until('all wait', () => gate.asked === 200)
    for (const client of clients) client[leave]()
    await until('the server knows', () => [...sockets].every((socket) => isLeft(socket, tls)))
    gate.open()

    while ((await connectionsOf(server)) > 0) await nextTurn()
    expect(echo.runs).toBe(0)
    expect(zone.stats()).toMatchObject({ passed: 0, rejected: 0, active: 0, peak: 0 })
  })

  it('meets the options that are in force when it is answered', async () => {
    const gate = new Gate()
    const { ask, policy, zone } = await upgrading(options(gate))
    const clients = [await ask(), await ask(), await ask()]
    await until('all wait', () => gate.asked === 3)
    policy.setConfig({ limit: 2, key: 'all$server_port', skip: [], statusCode: 429 })
    gate.open()

    const statuses = await Promise.all(clients.map((client) => client.answer()))
    expect(statuses.toSorted(byNumber)).toEqual([101, 101, 429])
    expect(zone.stats().active).toBe(2)
  })
})

it('a socket that was destroyed before the listener ran: no handler, nothing counted', async () => {
  const { server, policy, echo, zone, connect } = await upgrading()
  server.removeListener('upgrade', policy)
  server.on('upgrade', (_req, socket) => socket.destroy()).on('upgrade', policy)
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect()))
  for (const client of clients) client.write(upgradeTo('foo'))
  await Promise.all(clients.map((client) => client.closed()))
  expect(echo.runs).toBe(0)
  expect(zone.stats()).toMatchObject({ passed: 0, active: 0, peak: 0 })
})

it('a client that left while the application waited before the policy is not counted', async () => {
  const gate = new Gate()
  const { server, policy, echo, zone, ask, sockets } = await upgrading()
  server.removeListener('upgrade', policy)
  server.on('upgrade', (req, socket, head) => {
    socket.on('error', () => undefined)
    void gate.pass().then(() => policy(req, socket, head))
  })
  const clients = await Promise.all(Array.from({ length: 40 }, () => ask()))
  await until('all wait', () => gate.asked === 40)
  for (const [n, client] of clients.entries()) client[n % 2 ? 'reset' : 'destroy']()
  await until('the server knows', () => [...sockets].every((socket) => isLeft(socket, false)))
  gate.open()
  while ((await connectionsOf(server)) > 0) await nextTurn()
  expect(echo.runs).toBe(0)
  expect(zone.stats()).toMatchObject({ passed: 0, active: 0, peak: 0 })
})

it('A-04: 200 clients that asked and reset before they were accepted are not counted', async () => {
  const { port, echo, zone, server } = await upgrading({ limit: 1_000, logLevel: false })
  let met = 0
  server.on('upgrade', () => met++)
  const clients = new Resetting(port, upgradeTo('foo'))
  await clients.ready()
  clients.wave(200)
  await clients.stop()
  await until('all have come', () => met === 200)
  expect(zone.stats()).toMatchObject({ passed: 0, active: 0 })
  expect(echo.runs).toBe(0)
})

describe('a message that is long in coming', () => {
  it('is not written to a client that has left', async () => {
    const gate = new Gate()
    const { ask, server } = await fullyUpgraded({ message: gate.pass, timeoutMs: 20_000 })
    const client = await ask()
    await until('it waits', () => gate.asked === 1)
    client.reset()
    while ((await connectionsOf(server)) > 1) await nextTurn()
    gate.open()
    await nextTurn()
    expect(client.received).toBe('')
  })

  it('is not written where another listener has answered meanwhile', async () => {
    const gate = new Gate()
    const { ask, server } = await fullyUpgraded({ message: gate.pass, timeoutMs: 20_000 })
    server.on('upgrade', (_req, socket) => socket.write('HTTP/1.1 404 Not Found\r\n\r\n'))
    const client = await ask()
    await client.answer()
    gate.open()
    await client.closed()
    expect(client.statuses).toEqual([404])
  })
})

it('two policies: each waits, and one that comes after the handler of the other says nothing into it', async () => {
  const gate = new Gate()
  const { ask, server, echo } = await upgrading({ limit: 9 })
  const other = new Echo()
  const second = limitUpgrade({ limit: async () => (await gate.pass(), 0), logLevel: false }, other.handler)
  server.on('upgrade', second)
  const client = await ask()
  await client.answer()
  gate.open()
  await client.closed()
  expect(client.received).toBe(switching)
  expect([echo.runs, other.runs]).toEqual([1, 0])
})

it('a request that is refused while an upgrade behind it waits takes the upgrade with it', async () => {
  const [gate, upgradeGate] = [new Gate(), new Gate()]
  const policy = limitConn({ limit: async () => (await gate.pass(), 0), key: byIp(), logLevel: false })
  const echo = new Echo()
  const upgrade = limitUpgrade({ limit: 9, key: async () => (await upgradeGate.pass(), 'k') }, echo.handler)
  const server = makeServer(
    false,
    bare([policy], () => undefined),
  ).on('upgrade', upgrade)
  const { connect } = await listen(server, { policies: [policy, upgrade] })

  const client = (await connect()).get().write(upgradeTo('foo'))
  await until('both wait', () => gate.asked === 1 && upgradeGate.asked === 1)
  gate.open()
  await client.answer()
  upgradeGate.open()
  await client.closed()
  expect(client.statuses).toEqual([503])
  expect(echo.runs).toBe(0)
  expect(upgrade.zones[0]!.stats().passed).toBe(0)
})

describe('an upgrade that was let in behind a request', () => {
  const isRefusedLate = (gate: Gate) => ({ limit: async () => (await gate.pass(), 0) })
  const isAnsweredLate = (gate: Gate) => ({ limit: () => 0, message: async () => (await gate.pass(), 'no') })

  it.each([
    ['is refused later, where connections are counted', 'connections', isRefusedLate],
    ['is refused later, where requests are counted', 'requests', isRefusedLate],
    ['is answered later, where requests are counted', 'requests', isAnsweredLate],
  ] as const)('that %s: no 503 comes into its stream, which ends', async (_, count, options) => {
    const gate = new Gate()
    const policy = limitConn({ count, logLevel: false, ...options(gate) })
    const requests = bare([policy], () => undefined)
    const { connect, echo } = await upgrading({}, { policies: [policy], requests })

    const client = (await connect()).get().write(upgradeTo('foo'))
    await until('the upgrade is made, the request waits', () => gate.asked === 1 && echo.runs === 1)
    gate.open()
    await client.closed()
    expect(client.received).toBe(switching)
  })
})
