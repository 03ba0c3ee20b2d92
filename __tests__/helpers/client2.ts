import http2 from 'node:http2'
import { destroyAfter, type Served } from './server.ts'
import { patienceMs, until } from './until.ts'

/** A request of an HTTP/2 client, and what comes back. */
export class Stream {
  readonly stream: http2.ClientHttp2Stream
  headers: http2.IncomingHttpHeaders | undefined
  received = ''
  isClosed = false

  constructor(stream: http2.ClientHttp2Stream) {
    this.stream = stream
    stream.setEncoding('latin1')
    stream.on('response', (headers) => (this.headers = headers))
    stream.on('data', (chunk: string) => (this.received += chunk))
    stream.on('error', () => (this.isClosed = true))
    stream.on('close', () => (this.isClosed = true))
  }

  /** Status of the answer, NaN while there is none. */
  get code(): number {
    return Number(this.headers?.[':status'])
  }

  /** Waits for the status of the answer. */
  async status(): Promise<number> {
    await until('the stream is answered', () => this.headers !== undefined || this.isClosed)
    return this.code
  }

  async closed(): Promise<void> {
    await until('the stream is closed', () => this.isClosed)
  }

  reset(code: number = http2.constants.NGHTTP2_CANCEL): void {
    this.stream.close(code)
  }
}

/** An HTTP/2 session of a client. */
export class Session {
  readonly session: http2.ClientHttp2Session
  isClosed = false
  hasGoaway = false

  constructor(session: http2.ClientHttp2Session) {
    this.session = session
    session.on('error', () => undefined)
    session.on('goaway', () => (this.hasGoaway = true))
    session.on('close', () => (this.isClosed = true))
  }

  get(path = '/', headers: http2.OutgoingHttpHeaders = {}): Stream {
    return new Stream(this.session.request({ ':path': path, ...headers }))
  }

  /** Begins a request whose body is not ended. */
  post(path = '/', headers: http2.OutgoingHttpHeaders = {}): Stream {
    return new Stream(
      this.session.request({ ':method': 'POST', ':path': path, ...headers }, { endStream: false }),
    )
  }

  async closed(withinMs = patienceMs): Promise<void> {
    await until('the session is closed', () => this.isClosed, withinMs)
  }

  destroy(): void {
    this.session.destroy()
  }
}

/** Connects, and waits until the settings of the server have come. */
export async function connect2(
  { url }: Served,
  options: http2.SecureClientSessionOptions = {},
): Promise<Session> {
  const session = http2.connect(url, { rejectUnauthorized: false, ...options })
  const client = new Session(session)
  destroyAfter(client)
  await new Promise<void>((resolve, reject) =>
    session.once('remoteSettings', () => resolve()).once('error', reject),
  )
  return client
}
