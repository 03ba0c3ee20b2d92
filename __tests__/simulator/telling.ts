import { deepStrictEqual } from 'node:assert/strict'
import { jest } from '@jest/globals'
import type { ZoneStats } from '../../lib/index.ts'
import { clients, type Event, type Setting, type Story } from './events.ts'
import { everyMs, isUnderWay, type Call, type Guest } from './guest.ts'
import { causes } from './heard.ts'
import { Wire } from './wire.ts'
import { World, type FindOut } from './world.ts'

/** Most connections of a story. */
const mostGuests = 1_000
const nowhere = 'a socket that was gone'

type Act = (telling: Telling, event: Event) => unknown

/** What each zone has counted. */
export type Totals = Readonly<Record<keyof Setting, ZoneStats>>

/** Does what a story tells, and looks after each event whether all is as it must be. */
export class Telling {
  readonly world: World

  constructor([setting]: Story, findOut?: FindOut) {
    this.world = new World(setting, findOut)
  }

  async tell(event: Event): Promise<void> {
    await this.act(event)
    await this.check()
  }

  async act(event: Event): Promise<void> {
    const { ear } = this.world
    ear.isTurn = true
    const done = acts[event.what](this, event)
    ear.isTurn = false
    await done
  }

  /** Whoever is to be closed is closed in time, though it stays; then all leave, also those of whom nobody was told. */
  async end(): Promise<Totals> {
    const { guests, pending, policies, wards } = this.world
    while (pending.length > 0) {
      for (const tellKey of pending.splice(0)) tellKey()
      await this.check()
    }
    await jest.advanceTimersByTimeAsync(2 * everyMs)
    await this.check()
    deepStrictEqual(
      ['refused, and still open', guests.filter(isStaying).length],
      ['refused, and still open', 0],
    )
    for (const { wire } of guests) wire.reset()
    await jest.advanceTimersByTimeAsync(3 * everyMs)
    await this.check()

    for (const ward of Object.values(wards)) ward.checkEmpty()
    const watched = Object.values(policies).map((policy) => policy.watched)
    deepStrictEqual([...watched, jest.getTimerCount()], [0, 0, 0, 0, 0])
    return Object.fromEntries(Object.entries(wards).map(([name, { zone }]) => [name, zone.stats()])) as Totals
  }

  /** What happens by itself has happened: the invariants hold. */
  async check(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const { failures, guests, wards } = this.world
    if (failures.length > 0) throw new Error(failures.join('\n'))
    for (const { wire } of guests) checkListeners(wire)
    for (const ward of Object.values(wards)) ward.check()
    checkCauses(this.world)
    // Those of whom nothing is left need not be looked at again.
    const left = guests.splice(0).filter(({ wire, mayCount }) => mayCount || !wire.destroyed)
    guests.push(...left)
  }

  connect({ client, number }: Event): Guest | undefined {
    const { guests, wards } = this.world
    if (guests.length >= mostGuests) return undefined
    const addresses = clients[client]!
    const guest = this.world.meet(new Wire(addresses[number % addresses.length]), client)
    const { wire, isAccepted } = guest
    if (!isAccepted && (wire.destroyed || wire.writableEnded)) wards.guard.checkRefusal(addresses[0])
    return guest
  }

  /** Someone of whom nothing is left comes: nobody is let in. */
  meetNobody(wire: Wire): void {
    const { isAccepted } = this.world.meet(wire, 0)
    deepStrictEqual([nowhere, isAccepted, wire.destroyed], [nowhere, false, true])
  }

  /** A request that the application works on, if there is one. */
  call({ which }: Event): Call | undefined {
    const calls = this.world.guests.flatMap((guest) => guest.calls)
    return pick(
      calls.filter((call) => call.isCounted && isUnderWay(call) && !call.res.writableEnded),
      which,
    )
  }

  /** Somebody who is there, if anybody is. */
  guest({ which }: Event): Guest | undefined {
    return pick(
      this.world.guests.filter(({ isThere }) => isThere),
      which,
    )
  }
}

/** What each event does. */
const acts: Readonly<Record<Event['what'], Act>> = {
  connect: (telling, event) => telling.connect(event),
  'connect and ask': (telling, event) => telling.connect(event)?.wire.send(request(event)),
  'come in a crowd': (telling, event) => {
    for (let n = crowdOf(event); n > 0; n--) telling.connect(event)?.wire.send(request(event))
  },
  'come without an address': (telling) => telling.meetNobody(new Wire(undefined)),
  'come destroyed': (telling) => telling.meetNobody(new Wire('10.0.0.1').destroy()),
  'come and be destroyed by another': (telling, event) => {
    telling.world.isCutting = true
    telling.connect(event)
    telling.world.isCutting = false
  },

  ask: (telling, event) => telling.guest(event)?.wire.send(request(event)),
  pipeline: (telling, event) => telling.guest(event)?.wire.send(request(event).repeat(event.number * 3)),
  'begin a header': (telling, event) =>
    telling.guest(event)?.wire.send(request(event).slice(0, -event.number)),
  'begin an upload': (telling, event) => {
    const head = request(event).replace('GET', 'POST').slice(0, -2)
    telling.guest(event)?.wire.send(`${head}Content-Length: 9\r\n\r\n`.padEnd(event.number))
  },
  upgrade: (telling, event) => telling.guest(event)?.wire.send(upgrade('/upgrade')),
  'connect and upgrade': (telling, event) => telling.connect(event)?.wire.send(upgrade('/upgrade')),
  'be ignored as an upgrade': (telling, event) => telling.guest(event)?.wire.send(upgrade('/ignored')),

  'answer a request': (telling, event) => telling.call(event)?.res.end(),
  'answer bit by bit': (telling, event) => telling.call(event)?.res.write('x'),
  'find out a key': ({ world }, event) => settle(world, event),
  'fail to find out a key': ({ world }, event) => settle(world, event, new Error('no key')),

  'close its side': (telling, event) => telling.guest(event)?.wire.finish(),
  reset: (telling, event) => telling.guest(event)?.wire.reset(),
  vanish: (telling, event) => telling.guest(event)?.wire.lose(),
  'be handed over': (telling, event) => telling.guest(event)?.wire.handOver(),
  'lose its close listeners': (telling, event) => telling.guest(event)?.deafen(),
  'lose the close listeners of a response': (telling, event) => {
    const call = telling.call(event)
    if (call) Object.assign(call, { isDeaf: true }).res.removeAllListeners('close')
  },
  'stop to read': (telling, event) => telling.guest(event)?.wire.readOn(false),
  'read on': (telling, event) => telling.guest(event)?.wire.readOn(true),

  'wait a moment': (_, { number }) => jest.advanceTimersByTimeAsync(number * 100),
  'wait for the sweep': (_, { number }) => jest.advanceTimersByTimeAsync(number * everyMs),
  'change a limit': ({ world }, event) => world.setLimit(event, false),
  'change a limit and close the excess': ({ world }, event) => world.setLimit(event, true),
  kick: ({ world: { wards } }, { which, client, text }) => {
    const ward = pick(Object.values(wards), which)!
    const key = ward === wards.guard || ward === wards.upgrades ? clients[client]![0] : text
    ward.zone.kick(key)
    deepStrictEqual(ward.zone.count(key), 0)
  },
  drain: ({ world: { policies } }, { which, number }) => {
    void pick(Object.values(policies), which)!.drain(number * 100)
  },
}

/** Few, most of the time. */
function crowdOf({ which }: Event): number {
  return which % 20 === 19 ? mostGuests : 10 + (which % 50)
}

function settle({ pending }: World, { which }: Event, error?: Error): void {
  pending.splice(which % Math.max(1, pending.length), 1)[0]?.(error)
}

function request({ mode, text, isSlow }: Event): string {
  const slow = isSlow ? 'X-Slow: yes\r\n' : ''
  return `GET /${mode} HTTP/1.1\r\nHost: test\r\nX-Text: ${text}\r\n${slow}\r\n`
}

function upgrade(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n`
}

/** One listener of ours at most, whatever has met the connection (I6). */
function checkListeners(wire: Wire): void {
  const ours = wire.listeners('close').filter(({ name }) => name === 'endHolder').length
  if (ours > 1) throw new Error(`${ours} of our listeners are on one connection`)
}

/** Slots were given back for the causes that there were. */
function checkCauses({ wards: { guard, connections, upgrades }, moves }: World): void {
  // The guard has a slot for each connection that any of them closes.
  for (const cause of causes) {
    const closed = [guard, connections, upgrades].reduce((sum, { heard }) => sum + heard.told(cause), 0)
    const free = guard.heard.gaveBack(cause)
    if (closed !== free)
      throw new Error(`${closed} connections were ${cause}, and ${free} slots of the guard`)
  }
  const moved = connections.heard.gaveBack('moved')
  if (moved < moves.least || moved > moves.most)
    throw new Error(`${moved} slots were moved, and ${moves.least} to ${moves.most} connections have moved`)
}

/** Refused and never let in, or gone without a word, and not closed; one that another process has taken is not ours. */
function isStaying({ isAccepted, isRefused, calls, wire }: Guest): boolean {
  const isOver = wire.isLost || !isAccepted || (isRefused && calls.length === 0)
  return isOver && !wire.destroyed && !wire.pending
}

function pick<T>(list: readonly T[], which: number): T | undefined {
  return list[which % Math.max(1, list.length)]
}
