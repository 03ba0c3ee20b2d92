import type { Trust } from './trust.ts'

/** What is known of a key function before anybody asks it. Of a function of the user's, nothing is. */
export interface KeyTraits {
  /** It reads the request: a socket alone has no such key. */
  readonly needsRequest: boolean
  /** The first variable of a template that only a request has, with its `$`. */
  readonly requestVariable?: string
  /** The first variable of a template that only a TLS handshake tells, with its `$`. */
  readonly tlsVariable?: string
  /** The client may say something else each time, and is another client then. */
  readonly isUnchecked: boolean
  /** The address of the client is in it, or stands in for it. */
  readonly usesAddress: boolean
  /** Which proxies it believes, where it was told. */
  readonly trust?: Trust
}

const brand = Symbol.for('limit-conn.key-traits')
const nothingKnown: KeyTraits = { needsRequest: false, isUnchecked: false, usesAddress: false }

/** Brands a key function. Its traits do not show where it is logged. */
export function withTraits<F extends object>(key: F, traits: KeyTraits): F {
  return Object.defineProperty(key, brand, { value: Object.freeze(traits) })
}

/** The traits of a key function; of an unknown one, that it has none of them. */
export function traitsOf(key: object): KeyTraits {
  try {
    return (key as { readonly [brand]?: KeyTraits })[brand] ?? nothingKnown
  } catch {
    // A Proxy of the user's that throws: asked for a key it may do so, too.
    return nothingKnown
  }
}
