import type http from 'node:http'
import net, { type Socket } from 'node:net'
import { expect } from '@jest/globals'
import { WebSocketServer } from 'ws'
import {
  limitConn,
  limitServer,
  limitUpgrade,
  Zone,
  type LimitConn,
  type LimitServer,
  type LimitUpgrade,
  type SweepOptions,
  type UpgradeHandler,
} from '../../lib/index.ts'
import type { Client } from '../helpers/client.ts'
import { Held } from '../helpers/held.ts'
import { answered, Link1, Link2, type Link } from '../helpers/link.ts'
import { listen, serverOf, untilConnections, type Handler, type Served } from '../helpers/server.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { until } from '../helpers/until.ts'
import { Echo, upgradeTo } from '../helpers/upgrades.ts'
import { takeWarnings } from '../helpers/warnings.ts'
import type { Column } from './columns.ts'

export interface StandOptions {
  /** The middleware is mounted a second time, behind itself. */
  readonly isTwice?: boolean
  /** Guard and middleware count in one zone. */
  readonly isOneZone?: boolean
  /** Another server accepts the sockets, and hands them over by `emit('connection')`. */
  readonly isHandedOver?: boolean
  /** What it is for is found by the sweep. */
  readonly isSwept?: boolean
  readonly server?: http.ServerOptions & { readonly handshakeTimeout?: number }
}

/** How a request for a WebSocket differs from others. */
export const webSocketHeaders = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': Buffer.from('limit-conn tests').toString('base64'),
}

/** Connect answers an error with a status message, also over HTTP/2. */
const ofConnect = /^UnsupportedWarning: Status message/

/** Quick for what only the sweep can find. Else it comes too late to help, but under TLS, where Node tells some ends never. */
function sweepTimes({ isTls }: Column, { isSwept = false }: StandOptions): SweepOptions {
  if (isSwept) return { everyMs: 20, graceMs: 100 }
  return { everyMs: isTls ? 2_000 : 60_000, graceMs: 100 }
}

/** A server of a column, with every policy on it that it can have: a guard, and middleware of both units. */
export class Stand {
  readonly column: Column
  readonly held = new Held()
  /** What answers requests. */
  handler: Handler = this.held.handler
  /** What stands before the middleware. */
  before: (req: http.IncomingMessage, goOn: () => void) => void = (_req, goOn) => goOn()
  readonly echo = new Echo()
  readonly wss = new WebSocketServer({ noServer: true })
  /** What makes the upgrades. */
  onUpgrade: UpgradeHandler
  readonly limits: { readonly guard: number; readonly policy: number; readonly requests: number }
  readonly guard: LimitServer
  readonly connections: LimitConn
  readonly requests: LimitConn
  readonly upgrades: LimitUpgrade
  readonly server: http.Server
  served!: Served
  readonly #errors: string[] = []

  private constructor(column: Column, options: StandOptions) {
    const { isTwice, isOneZone = false, server = {} } = options
    this.column = column
    this.onUpgrade = column.speaks === 'ws' ? this.#acceptWebSocket : this.echo.handler
    this.limits = { guard: isOneZone ? 4 : 6, policy: 4, requests: 3 }

    const logger = { error: (line: string) => line.startsWith('ERR') && this.#errors.push(line) }
    const zoneOf = (name: string): Zone => new Zone({ name })
    const [accept, common] = [zoneOf('accept'), { sweep: sweepTimes(column, options), logger }]
    const zone = isOneZone ? accept : zoneOf('connections')
    this.connections = limitConn({ ...common, zone, limit: 4 })
    this.requests = limitConn({ ...common, zone: zoneOf('requests'), limit: 1_000, count: 'requests' })
    this.upgrades = limitUpgrade({ ...common, zone: zoneOf('upgrades'), limit: 4 }, (...asked) =>
      this.onUpgrade(...asked),
    )

    const policies = isTwice ? [this.connections, this.connections] : [this.connections]
    const app = column.mount([...policies, this.requests], (req, res) => this.handler(req, res))
    this.server = serverOf((req, res) => this.before(req, () => void app(req, res)), {
      tls: column.isTls,
      http2: column.speaks === 'http2',
      server: { connectionsCheckingInterval: 20, ...server },
    }) as http.Server
    if (column.speaks !== 'http2') this.server.on('upgrade', this.upgrades)
    this.guard = limitServer(this.server, { ...common, zone: accept, limit: this.limits.guard })
  }

  static async open(column: Column, options: StandOptions = {}): Promise<Stand> {
    const stand = new Stand(column, options)
    const { server, guard } = stand
    const outer = options.isHandedOver
      ? net.createServer((socket) => void server.emit('connection', socket))
      : server
    stand.served = await listen(outer, { policies: stand.policies, guard, tls: column.isTls })
    return stand
  }

  get policies() {
    return [this.guard, this.connections, this.requests, this.upgrades]
  }

  get zones(): readonly Zone[] {
    return this.policies.flatMap(({ zones }) => zones)
  }

  /** The policy behind the guard that counts the connections of this column. */
  get policy(): LimitConn | LimitUpgrade {
    return this.column.speaks === 'ws' ? this.upgrades : this.connections
  }

  /** Sockets that the server has open, under TLS both of a connection. */
  get sockets(): Socket[] {
    return [...this.served.sockets]
  }

  /** Connects, and asks nothing yet. */
  async connect(): Promise<Link> {
    if (this.column.speaks === 'http2') return Link2.open(this.served)
    return new Link1(await this.client(), this.column.speaks === 'ws' ? webSocketHeaders : {})
  }

  /** The same for one that will write bytes of its own. */
  async client(options: object = {}): Promise<Client> {
    const ALPNProtocols = this.column.speaks === 'http2' ? ['h2'] : ['http/1.1']
    return this.served.connect({ ALPNProtocols, ...options })
  }

  /** Connects and asks, and is let in: a request that is held, or an open WebSocket. */
  async enter(): Promise<Link> {
    const before = this.holding
    const link = (await this.connect()).ask()
    await until('it is let in', () => this.holding === before + 1)
    return link
  }

  /** Asks for an upgrade, and sends some bytes behind it: for a WebSocket where these are served. */
  async upgrade(bytes = ''): Promise<Client> {
    const headers = this.column.speaks === 'ws' ? webSocketHeaders : {}
    return (await this.client()).write(`${upgradeTo('websocket', '/', headers)}${bytes}`)
  }

  /** Answers the request that is held. */
  async answer(link: Link): Promise<void> {
    this.held.release()
    expect(await link.status()).toBe(200)
  }

  /** As many as there is room for, behind the guard. */
  async fill(): Promise<Link[]> {
    const links: Link[] = []
    while (links.length < this.limits.policy) links.push(await this.enter())
    return links
  }

  /** Requests that are held, or open WebSockets. */
  get holding(): number {
    return this.column.speaks === 'ws' ? this.wss.clients.size : this.held.waiting.length
  }

  /** Waits until so many connections are counted by the guard, and by the policy behind it. */
  async counts(guard: number, policy: number): Promise<void> {
    const active = (): number[] => [this.guard, this.policy].map(({ zones }) => zones[0]!.stats().active)
    const isSo = (): boolean => active().join() === [guard, policy].join()
    await until(`${guard} and ${policy} are counted`, isSo).catch(() => undefined)
    expect(active()).toEqual([guard, policy])
  }

  /** Nothing is open, counted or watched, though the server still listens. */
  async expectRest(): Promise<void> {
    await until('every slot is given back', () => this.zones.every((zone) => zone.stats().active === 0))
    await untilConnections(this.served.server, 0)
    await until('nothing is watched', () => this.policies.every(({ watched }) => watched === 0))
    for (const zone of this.zones) {
      expect(zone.audit()).toEqual({ active: 0, found: 0, gone: 0, stalled: 0, isClean: true })
      expect(zone.stats().keys).toBe(0)
    }
    this.held.waiting.length = 0
  }

  /** Exactly as many fresh clients as each limit says are let in, and not one more. */
  async expectCapacity(): Promise<void> {
    const { guard, policy, requests } = this.limits
    const before = this.holding
    this.requests.setConfig({ limit: requests })
    const links = await Promise.all(Array.from({ length: guard }, () => this.connect()))
    await this.counts(guard, this.policy.zones[0] === this.guard.zones[0] ? guard : 0)
    await closedByServer(tcp(this.served.port))

    for (const link of links) link.ask()
    const letIn = this.column.speaks === 'ws' ? policy : requests
    await answered(links, 503, guard - letIn)
    await until(`${letIn} are let in`, () => this.holding === before + letIn)
    expect(this.policy.zones[0]!.stats().active).toBe(policy)
    expect(this.requests.zones[0]!.stats().active).toBe(this.column.speaks === 'ws' ? 0 : requests)
    await this.#leave(links)
  }

  /** Who was refused is sent away; the others leave, by a FIN or a RST. */
  async #leave(links: readonly Link[]): Promise<void> {
    const above = this.limits.guard - this.limits.policy
    const staying = (): Link[] => links.filter(({ isSentAway }) => !isSentAway)
    await until(`${above} are sent away`, () => staying().length === links.length - above)
    for (const [n, link] of staying().entries()) {
      if (n % 2 > 0) link.end()
      else link.reset()
    }
    if (this.column.speaks !== 'http2') return
    // It has a second, also if its client leaves: Node reads nothing more of a session that has sent GOAWAY.
    await this.counts(above, 0)
    for (const socket of this.sockets) socket.destroy()
  }

  /** Node has warned of nothing, and no policy has failed. */
  async expectQuiet(): Promise<void> {
    const warnings = await takeWarnings()
    expect(warnings.filter((text) => !ofConnect.test(text))).toEqual([])
    expect(this.#errors).toEqual([])
  }

  readonly #acceptWebSocket: UpgradeHandler = (req, socket, head) => {
    this.wss.handleUpgrade(req, socket, head, (ws) => {
      ws.on('error', () => undefined).on('message', (data) => ws.send(data))
      this.wss.emit('connection', ws, req)
    })
  }
}
