import { AddressKey, GONE, subnetIn } from '../core/key.ts'
import { isPeerGone, toldOf } from '../core/peer.ts'
import { LimitConnError } from '../errors.ts'
import { checkObject, invalid, shorten, show, whole } from '../options/check.ts'
import { byIp, type ByIp } from './ip.ts'
import { traitsOf, withTraits, type KeyTraits } from './traits.ts'
import { compileTrust, type TrustProxy } from './trust.ts'
import { hintFor, variableNamed, type TemplateSource, type Variable } from './variables.ts'

export interface ByTemplateOptions {
  /**
   * Length of the IPv6 subnet that counts as one client, 1 to 128, for `$remote_addr`, `$binary_remote_addr`
   * and `$proxy_protocol_addr`.
   * @default 56
   */
  readonly ipv6Subnet?: number
  /** Which proxies to believe. Wins over the Express setting `trust proxy`, which decides by default. */
  readonly trustProxy?: TrustProxy
}

/** What `byTemplate` makes: tells the key of a socket, or of a request. */
export type ByTemplate = (source: TemplateSource) => string | AddressKey | typeof GONE | undefined

/** A variable where it stands in a template. */
interface Reference {
  readonly name: string
  readonly variable: Variable
}

/** A template: text, and variables between. */
type Parts = readonly (string | Reference)[]

type ReadValue = (source: TemplateSource) => string

const checks = { ipv6Subnet: whole(1, 128, 'a whole number from 1 to 128'), trustProxy: compileTrust }
const aTemplate = "a template with a variable in it, such as '$remote_addr'"
const aName =
  'a name of letters, digits and _ after each $, and a } for each ${, as in $remote_addr or ${remote_addr}'
const everybody = `${aTemplate}; for one count of all clients give a function, such as () => 'all'`

/**
 * Makes a key function of a template of nginx: `byTemplate('$binary_remote_addr$server_port')`. A plain string as `key`
 * is the same.
 *
 * `$remote_addr` or `$binary_remote_addr` alone is the key that `byIp()` makes, `$proxy_protocol_addr` alone that of the
 * address in the PROXY protocol header. One other variable alone is its value. Several are joined so that two different
 * lists of values never give one key; all empty: the limit does not apply.
 *
 * Variables of the request are what the client says: see `byHeader`.
 *
 * The function it returns throws ERR_LIMIT_CONN_NO_ADDRESS where it needs an address and meets a Unix socket.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION, ERR_LIMIT_CONN_UNKNOWN_VARIABLE
 * @see nginx src/http/ngx_http_variables.c
 */
export function byTemplate(template: string, options: ByTemplateOptions = {}): ByTemplate {
  if (typeof template !== 'string') throw invalid('byTemplate template', template, aTemplate)
  const checked = checkObject(options, 'byTemplate', checks)
  return compileTemplate(template, 'byTemplate template', byIp(checked))
}

/** Compiles a template. `path` is where it stands, for error messages; `address` tells the client of a source. */
export function compileTemplate(template: string, path: string, address: ByIp = byIp()): ByTemplate {
  const parts = parse(template, path)
  const references = parts.filter((part) => typeof part !== 'string')
  const [only] = references
  if (!only)
    throw invalid(path, template, variableNamed(template) ? `'$${shorten(template)}', with its $` : everybody)

  const traits = traitsIn(references, traitsOf(address))
  if (parts.length > 1) {
    const readers = parts.map((part) => (typeof part === 'string' ? part : readerOf(part.variable, address)))
    return withTraits(joining(readers), traits)
  }
  const { variable } = only
  if (variable.of === 'client') return address
  return withTraits(variable.of === 'header' ? inHeader(address) : reading(variable.read), traits)
}

function parse(template: string, path: string): Parts {
  const parts: (string | Reference)[] = []
  let end = 0

  for (const match of template.matchAll(/\$(?:\{(\w+)\}|(\w*))/g)) {
    const name = match[1] ?? match[2] ?? ''
    if (name === '') throw invalid(path, template, aName)
    const variable = variableNamed(name)
    if (!variable) throw unknownVariable(path, template, name)

    // A variable has _ where the header has -: the rest of a name would be taken for text.
    const rest = /^-\w[\w-]*/.exec(template.slice(match.index + match[0].length))
    if (match[2] && rest && /^http_/i.test(name)) throw dashed(path, template, name + rest[0])

    if (match.index > end) parts.push(template.slice(end, match.index))
    parts.push({ name, variable })
    end = match.index + match[0].length
  }
  return end < template.length ? [...parts, template.slice(end)] : parts
}

function unknownVariable(path: string, template: string, name: string): LimitConnError {
  const short = shorten(name)
  const message = `${path} is ${show(template)}; $${short} is not a variable; ${hintFor(short)}`
  return new LimitConnError('ERR_LIMIT_CONN_UNKNOWN_VARIABLE', message, { option: path })
}

function dashed(path: string, template: string, name: string): LimitConnError {
  const text = '${http_x}-text'
  return invalid(
    path,
    template,
    `$${shorten(name).replaceAll('-', '_')} for that header, or ${text} for a text behind a variable`,
  )
}

function traitsIn(references: readonly Reference[], { trust }: KeyTraits): KeyTraits {
  const ofRequest = references.filter(({ variable }) => variable.of === 'request')
  const ofTls = references.find(({ variable }) => variable.of === 'connection' && variable.isOfTls)
  const usesAddress = references.some(({ variable }) => variable.of === 'client')
  const hasAddress = usesAddress || references.some(({ variable }) => variable.of === 'header')
  return {
    needsRequest: ofRequest.length > 0,
    ...(ofRequest[0] && { requestVariable: `$${ofRequest[0].name}` }),
    ...(ofTls && { tlsVariable: `$${ofTls.name}` }),
    isUnchecked:
      ofRequest.some(({ variable }) => variable.of === 'request' && variable.isFree) ||
      (ofRequest.length > 0 && !hasAddress),
    usesAddress,
    ...(usesAddress && trust && { trust }),
  }
}

function readerOf(variable: Variable, address: ByIp): ReadValue {
  if (variable.of !== 'client' && variable.of !== 'header') return variable.read
  const keyOf = variable.of === 'client' ? address : inHeader(address)

  return function readAddress(source) {
    const key = keyOf(source)
    return key instanceof AddressKey ? subnetIn(key) : ''
  }
}

/** The address in the PROXY protocol header, which stands in place of that of the peer; empty without a header. */
function inHeader(address: ByIp): ByTemplate {
  return function keyOfHeader(source) {
    const socket = source.socket ?? source
    if (isPeerGone(socket)) return GONE
    const said = toldOf(socket)
    return said && said !== 'itself' ? address(socket) : ''
  }
}

function reading(read: ReadValue): ByTemplate {
  return function keyOfVariable(source) {
    return isPeerGone(source.socket ?? source) ? GONE : read(source)
  }
}

function joining(parts: readonly (string | ReadValue)[]): ByTemplate {
  return function keyOfTemplate(source) {
    if (isPeerGone(source.socket ?? source)) return GONE

    let key = ''
    let isEmpty = true
    for (const part of parts) {
      const value = typeof part === 'string' ? '' : part(source)
      key += typeof part === 'string' ? part : closed(value)
      if (value !== '') isEmpty = false
    }
    return isEmpty ? '' : key
  }
}

/** A value and its end: NUL stands nowhere else, so that no value reaches into the next. */
function closed(value: string): string {
  return `${value.replaceAll('\\', '\\\\').replaceAll('\0', '\\0')}\0`
}
