import { Socket } from 'node:net'

type Layered = Socket & { readonly _parent?: Socket & { readonly stream?: Socket } }

/**
 * The socket below a TLSSocket, or what stands there for one; undefined for any other socket.
 *
 * The link is private to Node: where it is missing the TLSSocket stands alone, and ends when Node says so. Below TLS over
 * a stream that is no TCP socket there is a socket of Node's own, and below that the stream.
 *
 * @see Node lib/_tls_wrap.js, TLSSocket.prototype._wrapHandle, and lib/internal/js_stream_socket.js
 */
export function rawSocketOf(socket: Layered): Socket | undefined {
  const { _parent: parent } = socket
  return parent instanceof Socket ? (parent.stream ?? parent) : undefined
}
