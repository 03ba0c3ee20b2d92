import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** How the keys of a zone are shown to people. */
export interface Showing {
  readonly reveal: boolean
  readonly privacy: 'hash-ip' | false
}

/** Of this process alone: nobody finds out what was hashed by a list of addresses or of names. */
const salt = randomBytes(32)
const digests = new LRUCache<string, string>({ max: 1_024 })

/**
 * A tagged key as people may see it, in events and on pages: what clients send may be a secret, and is hashed; an address is
 * shown, unless it is to be hashed too.
 */
export function showKey(key: string, { reveal, privacy }: Showing): string {
  if (key.startsWith('a:')) return privacy === 'hash-ip' ? `ip#${digestOf(key)}` : key.slice(2)
  return reveal ? key.slice(2) : `key#${digestOf(key)}`
}

/** The tagged key that was lately shown as a hash; undefined: none was shown so, or long ago. */
export function keyShownAs(shown: string): string | undefined {
  const digest = shown.slice(shown.indexOf('#') + 1)
  for (const [key, known] of digests.entries()) if (known === digest) return key
  return undefined
}

/** The address of a client as people may see it: as a key that is this address is shown. */
export function showClient(address: string, privacy: Showing['privacy']): string {
  return showKey(`a:${address}`, { reveal: false, privacy })
}

function digestOf(key: string): string {
  const known = digests.get(key)
  if (known !== undefined) return known
  const digest = createHmac('sha256', salt).update(key, 'utf16le').digest('base64url').slice(0, 12)
  digests.set(key, digest)
  return digest
}
