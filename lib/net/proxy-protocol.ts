import type { Socket } from 'node:net'
import { tell } from '../core/peer.ts'
import { LimitConnError } from '../errors.ts'
import type { CompiledProxyProtocol } from '../options/proxy-protocol.ts'
import { begin, type Arrival } from './arrival.ts'
import { beginsHeader, readProxyHeader, type ProxyHeader } from './proxy-header.ts'
import { waitForBytes, whenForgotten } from './wait-for-bytes.ts'

/** Why a connection was closed for want of a header; `ended`: it was its peer who closed. */
export type ProxyFault = 'untrusted' | 'malformed' | 'tooLong' | 'repeated' | 'late' | 'ended'

/** How many PROXY protocol headers were read, and how many connections were closed instead, by cause. */
export type ProxyHeaders = Readonly<Record<'read' | ProxyFault, number>>

const words: Readonly<Record<ProxyFault, string>> = {
  untrusted: 'its peer is not in proxyProtocol.trust',
  malformed: 'it does not begin with a PROXY protocol header',
  tooLong: 'its PROXY protocol header is too long',
  repeated: 'a second PROXY protocol header came behind the first',
  late: 'no whole PROXY protocol header came within timeoutMs',
  ended: 'its peer closed it within the PROXY protocol header',
}

/** A connection whose header is awaited. */
interface Opening {
  readonly arrival: Arrival
  readonly deadlineMs: number
  /** The server pauses what it accepts. */
  readonly isPaused: boolean
}

const nothing = Buffer.alloc(0)

/** Reads the headers that connections begin with: before anybody else reads these, and before they are counted. */
export class ProxyProtocol {
  readonly #counts = { read: 0, untrusted: 0, malformed: 0, tooLong: 0, repeated: 0, late: 0, ended: 0 }

  get counts(): ProxyHeaders {
    return Object.freeze({ ...this.#counts })
  }

  /** Begins once the header of an arrival is read, or closes it. */
  read(arrival: Arrival, { trusts, timeoutMs }: CompiledProxyProtocol): void {
    const { connection, socket } = arrival
    if (connection.isEnded) return this.#close(arrival, 'ended')
    if (!trusts(socket)) return this.#tellAndClose(arrival, 'untrusted')

    const opening = { arrival, deadlineMs: performance.now() + timeoutMs, isPaused: socket.isPaused() }
    let bytes: Buffer = nothing
    waitForBytes(socket, timeoutMs, {
      look: () => {
        bytes = Buffer.concat([bytes, readFrom(socket)])
        const found = readProxyHeader(bytes)
        if (found === 'more') return undefined
        if (typeof found === 'string') return () => this.#tellAndClose(arrival, found)
        return () => this.#believe(opening, found, bytes.subarray(found.length))
      },
      giveUp: (cause) => {
        // Who only looks whether somebody listens here, a health check for one, is no news.
        if (cause === 'ended' && bytes.length === 0) this.#close(arrival, cause)
        else this.#tellAndClose(arrival, cause)
      },
    })
  }

  #believe(opening: Opening, { client }: ProxyHeader, rest: Buffer): void {
    const { arrival, isPaused } = opening
    const { socket, goOn } = arrival
    const begins = beginsHeader(rest)
    if (begins === 'yes') return this.#tellAndClose(arrival, 'repeated')

    this.#counts.read++
    tell(socket, client ?? 'itself')
    if (rest.length > 0) socket.unshift(rest)
    const known = begins === 'no' ? arrival : { ...arrival, goOn: () => this.#goOnIfClear(opening, goOn) }
    whenForgotten(socket, isPaused, () => begin(known))
  }

  /** Waits, now that it is counted, for the bytes that tell whether what follows the header is a second one. */
  #goOnIfClear({ arrival, deadlineMs, isPaused }: Opening, goOn: () => void): void {
    const { socket } = arrival
    let seen = socket.readableLength

    waitForBytes(socket, Math.max(1, deadlineMs - performance.now()), {
      look: () => {
        // Bytes stay in the socket meanwhile: nothing can be given back to one whose end was told.
        if (socket.readableLength === seen) return undefined
        const bytes = readFrom(socket)
        socket.unshift(bytes)
        seen = bytes.length
        const begins = beginsHeader(bytes)
        if (begins === 'maybe') return undefined
        if (begins === 'yes') return () => this.#tellAndClose(arrival, 'repeated')
        return () => whenForgotten(socket, isPaused, goOn)
      },
      giveUp: (cause) => {
        if (cause === 'late') whenForgotten(socket, isPaused, goOn)
      },
    })
  }

  #tellAndClose(arrival: Arrival, fault: ProxyFault): void {
    const error = new LimitConnError(
      'ERR_LIMIT_CONN_PROXY_PROTOCOL',
      `a connection was closed: ${words[fault]}`,
    )
    arrival.gate.journal.error(error, arrival.socket)
    this.#close(arrival, fault)
  }

  #close({ connection }: Arrival, fault: ProxyFault): void {
    this.#counts[fault]++
    connection.destroy()
  }
}

function readFrom(socket: Socket): Buffer {
  return (socket.read() as Buffer | null) ?? nothing
}
