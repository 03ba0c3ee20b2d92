import type { Mount } from '../helpers/hosts.ts'
import { bare, hosts } from '../helpers/hosts.ts'

/** A host or a protocol that limit-conn is made for. */
export interface Column {
  readonly name: string
  readonly mount: Mount
  /** What a connection of it carries. */
  readonly speaks: 'http1' | 'http2' | 'ws'
  readonly isTls: boolean
  /** Errors of a handler are answered by it, where they would end the process else. */
  readonly catches: boolean
}

const plain = { speaks: 'http1', isTls: false, catches: false } as const

export const columns: readonly Column[] = [
  { ...plain, name: 'Express 4', mount: hosts['Express 4']!, catches: true },
  { ...plain, name: 'Express 5', mount: hosts['Express 5']!, catches: true },
  { ...plain, name: 'Connect', mount: hosts['Connect']!, catches: true },
  { ...plain, name: 'node:http', mount: bare },
  { ...plain, name: 'node:https', mount: bare, isTls: true },
  // Connect on the compatibility API, over TLS.
  { name: 'node:http2', mount: hosts['Connect']!, speaks: 'http2', isTls: true, catches: true },
  // Its connections are WebSockets, on a server of node:http.
  { ...plain, name: 'ws', mount: bare, speaks: 'ws' },
]
