import proxyaddr from 'proxy-addr'
import { parseAddress, type Address } from '../core/address.ts'
import { AddressKey, GONE } from '../core/key.ts'
import { isPeerGone, toldOf, type Peer } from '../core/peer.ts'
import { LimitConnError } from '../errors.ts'
import { checkObject, invalid, whole } from '../options/check.ts'
import { withTraits } from './traits.ts'
import { compileTrust, expressTrust, type Trust, type TrustProxy } from './trust.ts'

export interface ByIpOptions {
  /**
   * Length of the IPv6 subnet that counts as one client, 1 to 128; or up to four of them, each with the limit.
   * @default 56
   */
  readonly ipv6Subnet?: number | readonly number[]
  /** Which proxies to believe. Wins over the Express setting `trust proxy`, which decides by default. */
  readonly trustProxy?: TrustProxy
}

/** A socket, or a request that came in on one. */
export interface AddressSource extends Peer {
  readonly socket?: Peer | null
}

/** What `byIp` makes: tells the key of a socket, or of a request. */
export type ByIp = (source: AddressSource) => AddressKey | typeof GONE | undefined

type Remembering = Peer & { [known: symbol]: AddressKey | undefined }

const checks = { ipv6Subnet: aSubnetList, trustProxy: compileTrust }

/**
 * Makes a key function: the address of the client.
 *
 * Behind proxies that are trusted it is the right-most address of X-Forwarded-For that is not theirs; text there that is
 * no address counts as the address of the socket. A TCP connection without an address has lost its peer: `GONE`.
 *
 * The function it returns throws ERR_LIMIT_CONN_NO_ADDRESS on a Unix socket, unless a proxy said there by the PROXY
 * protocol that the connection is its own: that has no key.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION
 */
export function byIp(options: ByIpOptions = {}): ByIp {
  const checked = checkObject(options, 'byIp', checks)
  const subnets = (checked['ipv6Subnet'] as readonly number[] | undefined) ?? [56]
  const trust = checked['trustProxy'] as Trust | undefined
  const ofPeer = Symbol('limit-conn.address')
  const ofClient = Symbol('limit-conn.client-address')

  function keyOfAddress(source: AddressSource): ReturnType<ByIp> {
    const socket = socketOf(source) as Remembering
    // What was known before a PROXY protocol header came is the key of the proxy.
    const said = toldOf(socket)
    const known = said ? ofClient : ofPeer
    const key = socket[known]
    // Node remembers an address that was read once: with a key the peer was there, and counts as that.
    if (!key && isPeerGone(socket)) return GONE

    const forwarded = forwardedAddress(source, trust)
    if (forwarded) return new AddressKey(forwarded, subnets)
    if (said === 'itself' && socket.remoteAddress === undefined) return undefined
    return key ?? (socket[known] = new AddressKey(socketAddress(socket), subnets))
  }

  const traits = { needsRequest: false, isUnchecked: false, usesAddress: true, ...(trust && { trust }) }
  return withTraits(keyOfAddress, traits)
}

/** The address that `byIp()` counts a request under, before subnets. */
export function addressOf(source: AddressSource, trust?: Trust): Address | undefined {
  return forwardedAddress(source, trust) ?? parseAddress(socketOf(source).remoteAddress ?? '')
}

/** The peer itself is a proxy to believe. */
export function isProxied(source: AddressSource, trusts: readonly Trust[]): boolean {
  const peer = socketOf(source).remoteAddress as string
  const express = expressTrust(source as object)
  return [...(express ? [express] : []), ...trusts].some((trust) => trust(peer, 0))
}

/** What X-Forwarded-For says, as far as proxies are trusted; undefined where the socket decides. */
function forwardedAddress(source: AddressSource, explicit: Trust | undefined): Address | undefined {
  if (!source.socket) return undefined
  const trust = explicit ?? expressTrust(source as object)
  if (!trust?.(source.socket.remoteAddress as string, 0)) return undefined

  const text: unknown = proxyaddr(source as Parameters<typeof proxyaddr>[0], trust)
  return typeof text === 'string' ? parseAddress(text) : undefined
}

function socketAddress(socket: Peer): Address {
  const address = parseAddress(socket.remoteAddress ?? '')
  if (address) return address

  const hint = "a Unix socket has none: give another key, such as () => 'all', or trust the proxy in front"
  throw new LimitConnError('ERR_LIMIT_CONN_NO_ADDRESS', `there is no address on this connection; ${hint}`)
}

function socketOf(source: AddressSource): Peer {
  return source.socket ?? source
}

function aSubnetList(value: unknown, path: string): readonly number[] {
  const accepted = 'a whole number from 1 to 128, or a list of one to four of them'
  const list: unknown[] = Array.isArray(value) ? [...value] : [value]
  if (list.length < 1 || list.length > 4) throw invalid(path, value, accepted)
  const subnets = list.map((bits) => whole(1, 128, accepted)(bits, path))
  return [...new Set(subnets)].toSorted((a, b) => b - a)
}
