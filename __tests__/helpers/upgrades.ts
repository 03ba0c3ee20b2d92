import http from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import {
  limitUpgrade,
  type LimitUpgrade,
  type LimitUpgradeOptions,
  type UpgradeHandler,
  type Zone,
} from '../../lib/index.ts'
import type { Client } from './client.ts'
import { Held } from './held.ts'
import { listen, readTls, type ListenOptions, type Served } from './server.ts'
import { until } from './until.ts'

export const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n'

/** A request for an upgrade, as it is sent. */
export function upgradeTo(protocol: string, path = '/', headers: Record<string, string> = {}): string {
  const all = { Host: 'test', Connection: 'Upgrade', Upgrade: protocol, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** A handler that makes each upgrade, and sends back what the client says. */
export class Echo {
  readonly sockets: Duplex[] = []
  /** Times the handler ran. */
  runs = 0

  readonly handler: UpgradeHandler = (_req, socket, head) => {
    this.runs++
    this.sockets.push(socket)
    socket.write(switching)
    if (head.length > 0) socket.unshift(head)
    socket.on('data', (chunk) => socket.write(chunk))
    socket.on('end', () => socket.end())
  }
}

export interface Upgrading extends Served {
  readonly policy: LimitUpgrade
  readonly zone: Zone
  readonly echo: Echo
  readonly held: Held
  /** What was logged. */
  readonly lines: string[]
  /** Connects and asks for an upgrade. */
  readonly ask: (headers?: Record<string, string>) => Promise<Client>
}

export interface UpgradingOptions extends Partial<ListenOptions> {
  /** Makes the upgrades. @default an echo */
  readonly handler?: UpgradeHandler
  /** Answers requests that are no upgrades. @default one that holds them */
  readonly requests?: http.RequestListener
}

/** A server of HTTP with a limit of one on upgrades. */
export async function upgrading(
  options: Partial<LimitUpgradeOptions> = {},
  { handler, requests, ...over }: UpgradingOptions = {},
): Promise<Upgrading> {
  const echo = new Echo()
  const held = new Held()
  const lines: string[] = []
  const log = (line: string): void => void lines.push(line)
  const logger = { error: log, warn: log }
  const policy = limitUpgrade({ limit: 1, logger, ...options }, handler ?? echo.handler)

  const server = makeServer(over.tls ?? false, requests ?? held.handler)
  server.on('upgrade', policy).on('connect', policy)
  const { policies = [], ...where } = over
  const served = await listen(server, { policies: [policy, ...policies], ...where })
  const ask = async (headers?: Record<string, string>): Promise<Client> =>
    (await served.connect()).write(upgradeTo('foo', '/', headers))
  return { ...served, policy, zone: policy.zones[0]!, echo, held, lines, ask }
}

/** The same, its only slot taken. */
export async function fullyUpgraded(
  options: Partial<LimitUpgradeOptions> = {},
  over: UpgradingOptions = {},
): Promise<Upgrading & { readonly first: Client }> {
  const setup = await upgrading(options, over)
  const first = await setup.ask()
  await until('the first has the slot', () => setup.zone.stats().active === 1)
  return { ...setup, first }
}

/** A server of HTTP that is not listening yet. */
export function makeServer(tls: boolean, requests?: http.RequestListener): http.Server | https.Server {
  const options = { keepAliveTimeout: 60_000 }
  if (!tls) return http.createServer(options, requests)
  return https.createServer({ ...options, key: readTls('key.pem'), cert: readTls('cert.pem') }, requests)
}

/** What stands behind the head of the last answer. */
export function bodyOf({ received }: Client): string {
  return received.slice(received.lastIndexOf('\r\n\r\n') + 4)
}
