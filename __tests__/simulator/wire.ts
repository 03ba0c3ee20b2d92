import { Duplex } from 'node:stream'

/** What the kernel says of a connection that it has closed: ENOTCONN. */
const notConnected = -107

/**
 * The server's end of a simulated connection: a stream of Node's own, with the simulated client behind it. What the
 * client does comes in at once; nothing here takes time by itself.
 */
export class Wire extends Duplex {
  readonly remoteAddress: string | undefined
  readonly remotePort = 40_000
  readonly localAddress = '192.0.2.1'
  readonly localPort = 80
  readonly connecting = false
  pending = false
  /** When it ended, by the simulated clock, whether or not anybody was told. */
  endedMs: number | undefined
  /** Its end was told. */
  hasClosed = false
  bytesRead = 0
  bytesWritten = 0
  /** What the client was sent. */
  text = ''
  #isLost = false
  #isReading = true
  #unread: (() => void) | undefined
  /** What Node and the sweep ask of a handle. */
  readonly _handle = {
    getpeername: (): number => (this.#isLost ? notConnected : 0),
    writeQueueSize: 0,
    readStart: (): number => 0,
    readStop: (): number => 0,
  }

  constructor(remoteAddress: string | undefined) {
    super({ allowHalfOpen: true })
    this.remoteAddress = remoteAddress
    this.once('close', () => (this.hasClosed = true))
  }

  get readyState(): string {
    if (this.readable && this.writable) return 'open'
    return this.readable ? 'readOnly' : this.writable ? 'writeOnly' : 'closed'
  }

  /** The kernel has closed it, and Node does not know. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** The client sends bytes. */
  send(text: string): void {
    if (this.destroyed || this.readableEnded || this.#isLost) return
    this.bytesRead += text.length
    this._unrefTimer()
    this.push(text)
  }

  /** The client has nothing more to say. */
  finish(): void {
    if (!this.destroyed && !this.#isLost) this.push(null)
  }

  reset(): void {
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  }

  /** The client is gone, and no event tells it. */
  lose(): void {
    this.#isLost = true
    this.#end()
  }

  /** Another process has taken it: Node takes the handle away and tells nothing. */
  handOver(): void {
    this.pending = true
    this.#end()
  }

  /** The client reads what it is sent, or stops to. */
  readOn(isReading: boolean): void {
    this.#isReading = isReading
    if (isReading) this.#unread?.()
  }

  /** As a socket of node:net does. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  resetAndDestroy(): void {
    this.destroy()
  }

  setKeepAlive(): this {
    return this
  }

  setTimeout(): this {
    return this
  }

  _unrefTimer(): void {
    // Node pushes the timeout of the socket on here, each time that bytes have moved.
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#end()
    done(error)
  }

  override _read(): void {
    // The client sends by itself.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // Node counts what was not sent yet, too.
    this.bytesWritten += chunk.length
    this._handle.writeQueueSize = chunk.length
    this.#unread = () => {
      this.#unread = undefined
      this._handle.writeQueueSize = 0
      this.text += chunk.toString('latin1')
      this._unrefTimer()
      done()
    }
    if (this.#isReading && !this.#isLost) this.#unread()
  }

  #end(): void {
    this.endedMs ??= performance.now()
  }
}
