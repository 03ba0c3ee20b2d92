import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { limitConn, limitServer, limitUpgrade } from '../../lib/index.ts'
import { Ear } from './ear.ts'
import { clients, texts, type Event, type Ruling, type Setting, type Text } from './events.ts'
import { everyMs, Guest, isUnderWay, mayBeUnderWay, type Call } from './guest.ts'
import { Ward } from './ward.ts'
import type { Wire } from './wire.ts'

/** No timer may be left at the end: a deadline is further away than the end of a world takes. */
const times = { timeoutMs: 6_000, sweep: { everyMs, graceMs: 3_000 } } as const
const common = { logLevel: false, warnings: false, ...times } as const
const addresses = clients.map(([first]) => first)

/** Tells a key function that waits what its promise is to do. */
export type Settle = (error?: Error) => void

/** Finds something out, in its own time. */
export type FindOut = <T>(value: T) => Promise<T>

/** A server of node:http that listens nowhere, the limiter on it as it is, and an application that sees all. */
export class World {
  readonly guests: Guest[] = []
  /** What was found wrong in the middle of something else. */
  readonly failures: string[] = []
  /** Those whose key is still being found out. */
  readonly pending: Settle[] = []
  readonly server = http.createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 })
  readonly wards: Readonly<Record<keyof Setting, Ward>>
  readonly policies: ReturnType<World['makePolicies']>
  readonly ear: Ear
  /** How often a connection moved to another text: at most, and surely. */
  readonly moves = { most: 0, least: 0 }
  /** Another layer destroys what comes in, in the same tick. */
  isCutting = false
  readonly #findOut: FindOut | undefined

  /** With `findOut` limits are functions as well, and it says when they answer. */
  constructor(setting: Setting, findOut?: FindOut) {
    this.#findOut = findOut
    const { guests, failures } = this
    this.wards = {
      guard: new Ward('guard', setting.guard, { guests, failures, slotsOf: acceptedAt }),
      connections: new Ward('connections', setting.connections, { guests, failures, slotsOf: textsOf }),
      requests: new Ward('requests', setting.requests, { guests, failures, slotsOf: requestsOf }),
      upgrades: new Ward('upgrades', setting.upgrades, { guests, failures, slotsOf: upgradedAt }),
    }
    this.ear = new Ear(
      Object.values(this.wards).map(({ heard }) => heard),
      failures,
    )
    this.server.on('connection', (wire: Wire) => this.#accept(this.guestOf(wire)))
    this.policies = this.makePolicies(setting)
    this.server.on('request', (req, res) => this.#serve(req, res))
    this.server.on('upgrade', this.policies.upgrades)
    this.server.on('clientError', (_error, wire) => wire.destroy())
  }

  guestOf(wire: unknown): Guest {
    return this.guests.find((guest) => guest.wire === wire)!
  }

  /** A connection comes in. */
  meet(wire: Wire, client: number): Guest {
    const guest = new Guest(wire, client)
    this.guests.push(guest)
    this.server.emit('connection', wire)
    return guest
  }

  setLimit({ which, number }: Event, closeExcess: boolean): void {
    const names = Object.keys(this.wards) as (keyof Setting)[]
    const name = names[which % names.length]!
    this.wards[name].limit = number
    this.policies[name].setConfig({ limit: number }, { closeExcess })
    if (closeExcess) this.wards[name].noteTrimmed()
  }

  private makePolicies({ guard, connections, requests, upgrades }: Setting) {
    const { wards } = this
    const key = (req: object): Text | Promise<Text> => this.#keyOf(req as IncomingMessage)
    const message = (req: object): string => this.#refuse(req as IncomingMessage, wards.connections)
    const deny = (req: object): string => this.#deny(req as IncomingMessage)
    const sendAway = (_req: object, wire: unknown): string => this.#sendAway(this.guestOf(wire))
    const handler = (req: IncomingMessage, wire: unknown): void => this.#upgrade(req, this.guestOf(wire))
    return {
      guard: limitServer(this.server, this.#optionsOf(guard, wards.guard)),
      connections: limitConn({ ...this.#optionsOf(connections, wards.connections), key, message }),
      requests: limitConn({
        ...this.#optionsOf(requests, wards.requests),
        key,
        message: deny,
        count: 'requests',
      }),
      upgrades: limitUpgrade({ ...this.#optionsOf(upgrades, wards.upgrades), message: sendAway }, handler),
    }
  }

  #optionsOf<R extends Ruling>(ruling: R, { zone }: Ward) {
    const findOut = this.#findOut
    const limit = findOut ? () => findOut(ruling.limit) : ruling.limit
    return { ...common, ...ruling, limit, zone }
  }

  /** Nobody is let in who has gone. */
  #checkThere({ wire }: Guest): void {
    if (wire.destroyed) this.failures.push('one was let in that had gone')
  }

  #accept(guest: Guest): void {
    this.#checkThere(guest)
    Object.assign(guest, { isAccepted: true, letInMs: performance.now() })
    this.wards.guard.checkAdmission(addresses[guest.client]!)
    if (this.isCutting) guest.wire.destroy()
  }

  #serve(req: IncomingMessage, res: ServerResponse): void {
    this.policies.connections(req, res, (error) => {
      if (error) res.writeHead(500).end()
      else this.#queueUp(req, this.#call(req, res))
    })
  }

  #queueUp(req: IncomingMessage, call: Call): void {
    this.policies.requests(req, call.res, (error) => {
      if (error) return void call.res.writeHead(500).end()
      this.#checkThere(call.guest)
      call.isCounted = true
      call.guest.letInMs = performance.now()
      if (call.text !== '') this.wards.requests.checkAdmission(call.text)
      return answer(req, call.res)
    })
  }

  /** The policy on connections has let a request in. */
  #call(req: IncomingMessage, res: ServerResponse): Call {
    const [guest, text] = [this.guestOf(req.socket), textOf(req)]
    this.#checkThere(guest)
    if (guest.isRefused) this.failures.push('a request ran behind one that was refused')
    const hadSlot = [...textsOf(guest, false)].includes(text)
    const call: Call = { guest, res, text, isCounted: false, isDeaf: false, endedMs: undefined }
    guest.letInMs = performance.now()
    if (text !== '') this.#show(guest, text)
    guest.calls.push(call)
    if (!hadSlot && text !== '') this.wards.connections.checkAdmission(text)
    return call
  }

  /** The slot of the text before is given back: at once, unless a request uses it until then. */
  #show(guest: Guest, text: Text): void {
    const { latest } = guest
    guest.latest = text
    if (latest === '' || latest === text) return
    this.moves.most++
    if (!guest.calls.some((call) => call.text === latest && mayBeUnderWay(call))) this.moves.least++
  }

  #refuse(req: IncomingMessage, ward: Ward): string {
    this.guestOf(req.socket).isRefused = true
    ward.checkRefusal(textOf(req))
    return 'no'
  }

  #deny(req: IncomingMessage): string {
    this.wards.requests.checkRefusal(textOf(req))
    return 'no'
  }

  #sendAway(guest: Guest): string {
    guest.isRefused = true
    this.wards.upgrades.checkRefusal(addresses[guest.client]!)
    return 'no'
  }

  #upgrade(req: IncomingMessage, guest: Guest): void {
    this.#checkThere(guest)
    Object.assign(guest, { isUpgraded: true, letInMs: performance.now() })
    this.wards.upgrades.checkAdmission(addresses[guest.client]!)
    if (req.url === '/upgrade') guest.wire.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  }

  #keyOf(req: IncomingMessage): Text | Promise<Text> {
    const text = textOf(req)
    if (req.headers['x-slow'] === undefined) return text
    if (this.#findOut) return this.#findOut(text)
    return new Promise((resolve, reject) => {
      this.pending.push((error) => (error ? reject(error) : resolve(text)))
    })
  }
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  if (req.url === '/answer') res.end('done')
  if (req.url === '/part') res.write('a part')
  if (req.url === '/read') req.resume()
  if (req.url === '/destroy') req.socket.destroy()
}

/** What a request shows. Of one that begins in the middle of another nothing is known. */
function textOf({ headers }: IncomingMessage): Text {
  return texts.find((text) => text === headers['x-text']) ?? ''
}

function* acceptedAt(guest: Guest, isSure: boolean): Iterable<string> {
  if (guest.isAccepted && (isSure ? guest.isThere : guest.mayCount)) yield addresses[guest.client]!
}

function* upgradedAt(guest: Guest, isSure: boolean): Iterable<string> {
  if (guest.isUpgraded && (isSure ? guest.isThere : guest.mayCount)) yield addresses[guest.client]!
}

/** The latest text that a connection showed, and that of each request of it under way. */
function textsOf(guest: Guest, isSure: boolean): Iterable<string> {
  if (isSure ? !guest.isThere : !guest.mayCount) return []
  const under = guest.calls.filter((call) => (isSure ? isUnderWay(call) : mayBeUnderWay(call)))
  return new Set([guest.latest, ...under.map(({ text }) => text)].filter((text) => text !== ''))
}

function* requestsOf({ calls }: Guest, isSure: boolean): Iterable<string> {
  for (const call of calls)
    if (call.isCounted && call.text !== '' && (isSure ? isUnderWay(call) : mayBeUnderWay(call)))
      yield call.text
}
