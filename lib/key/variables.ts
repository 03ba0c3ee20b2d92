import { parseAddress } from '../core/address.ts'
import type { Peer } from '../core/peer.ts'
import { nearest } from '../options/nearest.ts'
import { cookieIn } from './cookie.ts'
import { firstValue } from './header.ts'
import { argumentIn, authorityOf, originOf, pathIn } from './target.ts'

/** A socket, as far as templates read it. */
export interface Wire extends Peer {
  readonly remotePort?: number | undefined
  readonly localPort?: number | undefined
  readonly encrypted?: boolean | undefined
  readonly servername?: string | false | null | undefined
}

/** A socket, or a request that came in on one. */
export interface TemplateSource extends Wire {
  readonly socket?: Wire | null
  readonly rawHeaders?: readonly string[]
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly originalUrl?: string | undefined
}

/** A variable of nginx. The addresses have no `read` of their own: who asks says which proxies it believes. */
export type Variable =
  | { readonly of: 'client' }
  /** The address in the PROXY protocol header. */
  | { readonly of: 'header' }
  /** Of TLS: not known at accept, when the handshake has not begun. */
  | {
      readonly of: 'connection'
      readonly isOfTls: boolean
      readonly read: (source: TemplateSource) => string
    }
  /** Free: any text that the client likes to send, where others say what is asked for. */
  | { readonly of: 'request'; readonly isFree: boolean; readonly read: (source: TemplateSource) => string }

type Read<T> = (source: T) => string | number | undefined

const ofClient = ['remote_addr', 'binary_remote_addr']
const ofHeader = 'proxy_protocol_addr'

const ofConnection: Readonly<Record<string, Read<Wire>>> = {
  remote_port: (socket) => socket.remotePort,
  server_addr: (socket) => parseAddress(socket.localAddress ?? '')?.toString(),
  server_port: (socket) => socket.localPort,
  ssl_server_name: (socket) => socket.servername || undefined,
  scheme: (socket) => (socket.encrypted ? 'https' : 'http'),
}

const ofTls = new Set(['ssl_server_name', 'scheme'])

const ofRequest: Readonly<Record<string, Read<TemplateSource>>> = {
  host: hostOf,
  request_method: (request) => request.method,
  request_uri: (request) => originOf(targetOf(request)),
  uri: (request) => pathIn(targetOf(request)),
}

const families: Readonly<Record<string, (name: string) => Read<TemplateSource>>> = {
  arg_: (name) => (request) => argumentIn(targetOf(request), name),
  cookie_: (name) => (request) => cookieIn(request.rawHeaders ?? [], name),
  http_: headerNamed,
}

const names = [...ofClient, ...Object.keys(ofConnection), ofHeader, ...Object.keys(ofRequest)]

/** What people of nginx may look for under another name. */
const neighbours: Readonly<Record<string, string>> = {
  client_ip: 'remote_addr',
  document_uri: 'uri',
  https: 'scheme',
  ip: 'remote_addr',
  remote_ip: 'remote_addr',
}

/** The variable of a name without its `$`, in any case; undefined if there is none. */
export function variableNamed(given: string): Variable | undefined {
  const name = given.toLowerCase()
  if (ofClient.includes(name)) return { of: 'client' }
  if (name === ofHeader) return { of: 'header' }
  if (Object.hasOwn(ofConnection, name)) {
    const read = ofConnection[name]!
    const isOfTls = ofTls.has(name)
    return { of: 'connection', isOfTls, read: (source) => textOf(read(source.socket ?? source)) }
  }

  const [head, rest] = split(name)
  const inFamily = rest !== '' && Object.hasOwn(families, head) ? families[head]!(rest) : undefined
  const read = Object.hasOwn(ofRequest, name) ? ofRequest[name] : inFamily
  return read && { of: 'request', isFree: inFamily !== undefined, read: (source) => textOf(read(source)) }
}

/** What to say of a name that is no variable. */
export function hintFor(given: string): string {
  const name = given.toLowerCase()
  if (name === 'server_name') {
    return "a Node server has no name: take $host or $server_port, or () => 'all' for one count of all clients"
  }

  const [head, rest] = split(name)
  const family = nearest(head, Object.keys(families))
  const neighbour = Object.hasOwn(neighbours, name) ? neighbours[name] : nearest(name, names)
  const near = neighbour ?? (family && `${family}${rest || '<name>'}`)
  if (near !== undefined) return `did you mean $${near}?`
  const all = [...names, ...Object.keys(families).map((prefix) => `${prefix}<name>`)]
  return `the variables are ${all.map((one) => `$${one}`).join(', ')}`
}

/** `http_x_api_key` is `http_` and `x_api_key`. */
function split(name: string): [head: string, rest: string] {
  const [head] = name.split('_', 1) as [string]
  return [`${head}_`, name.slice(head.length + 1)]
}

function textOf(value: string | number | undefined): string {
  return value === undefined ? '' : String(value)
}

function targetOf(request: TemplateSource): string {
  return request.originalUrl ?? request.url ?? ''
}

function headerNamed(name: string): Read<TemplateSource> {
  const wanted = name.replaceAll('_', '-')
  return (request) => firstValue(request.rawHeaders ?? [], wanted)
}

/** The request line wins over the header, as in nginx; HTTP/2 has a pseudo-header instead. */
function hostOf(request: TemplateSource): string {
  const headers = request.rawHeaders ?? []
  const named = authorityOf(targetOf(request)) || firstValue(headers, ':authority')
  return bareHost(named ?? firstValue(headers, 'host') ?? '').toLowerCase()
}

/** Without the port, and without the dot of a fully qualified name; brackets stay. */
function bareHost(authority: string): string {
  const [host] = /^(?:\[[^\]]*\]|[^:]*)/.exec(authority) as unknown as [string]
  return host.endsWith('.') ? host.slice(0, -1) : host
}
