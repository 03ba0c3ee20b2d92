import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { closeAfter, type Carrier, type Farewell, type Pulse } from '../core/carrier.ts'
import { Holder } from '../core/holder.ts'
import { isPeerGone, tell, toldOf } from '../core/peer.ts'
import { follow, knownHolder } from '../core/source.ts'
import { forgetActivity, heedActivity } from './activity.ts'
import { askToLeave } from './leave.ts'
import { isAnswering, progressOf, protocolOf, pulseOf } from './pulse.ts'
import { rawSocketOf } from './raw.ts'
import { openStreamsOf, pingBytes, socketOfSession } from './session.ts'
import type { Visit } from './visit.ts'

const known: unique symbol = Symbol('limit-conn.connection')

type Known = Socket & { [known]?: Connection }
type KnownSession = Http2Session & { [known]?: Connection }

/**
 * A client's connection: a TCP socket, or a TLSSocket and the raw socket below it. They end as one.
 *
 * An HTTP/2 session is one connection, that of its socket: `req.socket` is another object for each stream.
 */
export class Connection implements Carrier {
  /** Has the slots where connections are counted; where requests are counted they end with it. */
  readonly holder: Holder
  /** The outermost socket that is known of it: the TLSSocket, once there is one. */
  #socket: Socket
  /** What speaks HTTP/2 on it. */
  session: Http2Session | undefined
  /** False for the sockets of injected requests, which never close: only a request of theirs can hold a slot. */
  readonly isTrackable: boolean
  /** Nothing more is let in on a connection that was refused, or on an HTTP/2 session that was sent away. */
  isRefused = false
  /** A request of it was let out of HTTP: no response belongs on it any more. */
  isUpgraded = false
  /** One for each policy that has met it. */
  readonly visits: Visit[] = []
  /** How much of its progress is that of PINGs of ours. */
  probeProgress = 0
  #ignoresErrors = false
  #quietSinceMs = 0

  private constructor(socket: Socket) {
    const raw: Known | undefined = rawSocketOf(socket)
    this.#socket = socket
    this.isTrackable = typeof socket.destroyed === 'boolean' && typeof socket.prependListener === 'function'
    this.holder = (raw && knownHolder(raw)) ?? knownHolder(socket) ?? new Holder()
    if (!this.isTrackable) return

    if (raw) raw[known] = this
    for (const part of [raw, socket]) if (part && !knownHolder(part)) follow(part, this.holder)
    this.holder.carriedBy(this)
    if (isPeerGone(socket)) this.holder.end()
  }

  /** The connection of a socket, the same for all who ask. */
  static of(socket: Known): Connection {
    const connection = (socket[known] ??= Connection.#below(socket) ?? new Connection(socket))
    if (socket.destroyed) connection.holder.end()
    return connection
  }

  /** The connection that a new TLSSocket belongs to, where the socket below was counted from accept on. */
  static #below(socket: Socket): Connection | undefined {
    const raw: Known | undefined = rawSocketOf(socket)
    const connection = raw?.[known]
    if (!connection) return undefined

    connection.#socket = socket
    const said = toldOf(raw)
    if (said) tell(socket, said)
    if (!knownHolder(socket)) follow(socket, connection.holder)
    if (connection.#isHeeded) heedActivity(socket, connection)
    return connection
  }

  get socket(): Socket {
    return this.#socket
  }

  /** Whether it is over. A socket that was destroyed is, though it closes a moment later. */
  get isEnded(): boolean {
    if (this.#socket.destroyed) this.holder.end()
    return this.holder.isEnded
  }

  /** The connection of an HTTP/2 session; undefined if the session has ended. */
  static ofSession(session: KnownSession): Connection | undefined {
    const socket = session[known]?.socket ?? socketOfSession(session)
    if (!socket) return undefined
    const connection = Connection.of(socket)
    if (connection.session !== session) connection.#meet(session)
    return connection
  }

  /**
   * Knows a session, which knows its connection until that has ended: one that failed before its settings were
   * acknowledged is kept by Node for ever if it leads to the socket, which has the error, which has the session's handle.
   */
  #meet(session: KnownSession): void {
    this.session = session
    if (this.holder.isEnded) return
    session[known] = this
    if (this.#isHeeded) heedActivity(session, this)
    this.holder.onEnd(() => {
      delete session[known]
      forgetActivity(session)
    })
  }

  /**
   * Lets errors of its sockets end nothing but the connection: one that nobody listens to ends the process, such as the
   * reset of an upgrade that the application ignores. A TLSSocket needs none of ours: it listens itself.
   *
   * @see Node lib/_tls_wrap.js, TLSSocket.prototype._tlsError
   */
  ignoreErrors(): void {
    if (this.#ignoresErrors) return
    this.#ignoresErrors = true
    this.#socket.on('error', ignoreError)
  }

  /** Closes it at once, a session a turn later: Node 22 corrupts its heap if that is reading, and has sent GOAWAY. */
  destroy(): void {
    const { session, socket } = this
    if (!session || session.destroyed) return void socket.destroy()
    setImmediate(() => void (session.destroy(), socket.destroy()))
  }

  get isOwn(): boolean {
    return true
  }

  /** Seen with the requests that no policy looks at. */
  get state(): Carrier['state'] {
    if (this.isUpgraded) return 'upgraded'
    const protocol = this.session ? 'http' : protocolOf(this.#socket)
    if (protocol !== 'http') return protocol
    const [stream] = this.session ? openStreamsOf(this.session) : []
    return this.holder.hasChildren || stream || isAnswering(this.#socket) ? 'busy' : 'idle'
  }

  get quietSinceMs(): number {
    return this.#quietSinceMs
  }

  get #isHeeded(): boolean {
    return this.#quietSinceMs > 0
  }

  heed(): void {
    if (this.#isHeeded) return
    this.#quietSinceMs = performance.now()
    for (const source of [this.#socket, this.session]) if (source) heedActivity(source, this)
  }

  /** Notes that something was done on it, if anybody heeds that. */
  touch(): void {
    if (this.#isHeeded) this.#quietSinceMs = performance.now()
  }

  finish(): void {
    if (this.state === 'busy') askToLeave(this.#socket, this.session)
  }

  close(farewell?: Farewell): void {
    if (!farewell) return this.destroy()
    // To write below an HTTP/2 session ends the process in an assertion of Node's: its own view of the socket throws.
    const { socket } = this.session ?? this
    closeAfter({
      source: this.#socket,
      farewell: () => farewell(socket),
      // Over HTTP there is no last word: what comes meanwhile would be answered, and is counted no more.
      mayLinger: this.state === 'raw' || this.state === 'upgraded',
      close: () => this.destroy(),
    })
  }

  /** Makes a session write something, if it can: true if it is to. One whose parser has failed writes nothing any more. */
  probe(): boolean {
    if (!this.session || this.session.destroyed) return false
    const note = (): unknown => (this.probeProgress += 2 * pingBytes)
    return this.session.ping(note) && Boolean(note())
  }

  pulse(): Pulse {
    return pulseOf(this.socket)
  }

  /** @see progressOf */
  progress(): number {
    return progressOf(this.socket)
  }
}

function ignoreError(): void {
  // What an error does to a connection, `close` tells.
}
