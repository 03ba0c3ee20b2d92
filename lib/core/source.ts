import { SourceCarrier } from './carrier.ts'
import { Holder } from './holder.ts'
import type { Peer } from './peer.ts'

/** A host object that ends with `close`: a socket, a stream. One that has `destroy` can be closed to make room. */
export interface Source extends Peer {
  prependListener(event: 'close', listener: () => void): unknown
  destroy?(): unknown
}

const known: unique symbol = Symbol('limit-conn.holder')

/** The holder of a host object, the same for all who ask; it ends when the object closes. */
export function holderOf(source: Source & { [known]?: Holder }): Holder {
  if (source[known]) return endIfDestroyed(source, source[known])
  const holder = follow(source, new Holder())
  holder.carriedBy(new SourceCarrier(source))
  return holder
}

/** What was destroyed has ended, though it closes a moment later. */
function endIfDestroyed({ destroyed }: Source, holder: Holder): Holder {
  if (destroyed === true) holder.end()
  return holder
}

/** Makes a holder end with one more host object: a TLSSocket and its raw socket are one connection. */
export function follow(source: Source & { [known]?: Holder }, holder: Holder): Holder {
  source[known] = holder
  if (source.destroyed === true) holder.end()
  else source.prependListener('close', endHolder)
  return holder
}

/** The holder of a host object, if anybody asked for it before. */
export function knownHolder(source: Source & { [known]?: Holder }): Holder | undefined {
  return source[known]
}

/** One function for all sockets: a closure on each would cost 128 bytes a socket. */
function endHolder(this: Source & { [known]?: Holder }): void {
  this[known]?.end()
}
