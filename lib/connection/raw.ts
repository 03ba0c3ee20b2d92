import { Socket } from 'node:net'

/**
 * The raw socket below a TLSSocket; undefined for any other socket.
 *
 * The link is private to Node: where it is missing the TLSSocket stands alone, and ends when Node says so.
 *
 * @see Node lib/_tls_wrap.js, TLSSocket.prototype._wrapHandle
 */
export function rawSocketOf(socket: Socket & { readonly _parent?: unknown }): Socket | undefined {
  return socket._parent instanceof Socket ? socket._parent : undefined
}
