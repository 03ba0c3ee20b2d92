import {
  limitConn,
  limitServer,
  type DrainReport,
  type LimitConn,
  type LimitServer,
} from '../../lib/index.ts'
import { connect2 } from './client2.ts'
import { makeServer } from './guarded.ts'
import { Held } from './held.ts'
import { bare } from './hosts.ts'
import { listen, type Handler, type Served } from './server.ts'

/** What is drained: middleware or a guard, and what is spoken. */
export interface DrainKind {
  readonly layer: 'limitConn' | 'limitServer'
  readonly kind: 'http' | 'https' | 'http2' | 'http2 secure'
}

export const drainKinds: readonly DrainKind[] = (['limitConn', 'limitServer'] as const).flatMap((layer) =>
  (['http', 'https', 'http2', 'http2 secure'] as const).map((kind) => ({ layer, kind })),
)

/** A client of one connection, whatever it speaks. */
export interface DrainClient {
  /** Asks, and waits until the answer is whole; undefined if it never is. */
  readonly ask: (path?: string) => Promise<string | undefined>
  readonly isClosed: () => boolean
}

export interface Draining extends Served {
  readonly policy: LimitConn | LimitServer
  readonly held: Held
  readonly client: () => Promise<DrainClient>
  /** Stops listening, and drains. */
  readonly shutDown: (ms: number) => Promise<DrainReport>
}

export async function draining({ layer, kind }: DrainKind, handler?: Handler): Promise<Draining> {
  const held = new Held()
  const options = { limit: 99, logLevel: false } as const
  const inner = handler ?? held.handler
  const middleware = layer === 'limitConn' ? limitConn(options) : undefined
  const outer = Object.assign(new Held(), { handler: bare(middleware ? [middleware] : [], inner) })
  const server = makeServer(kind, outer)
  const policy = middleware ?? limitServer(server, options)
  const isTls = kind === 'https' || kind === 'http2 secure'
  const guard = middleware ? {} : { guard: policy as LimitServer }
  const served = await listen(server, { policies: [policy], tls: isTls, ...guard })

  async function client(): Promise<DrainClient> {
    return kind.startsWith('http2') ? client2(served) : client1(served)
  }
  async function shutDown(ms: number): Promise<DrainReport> {
    server.close()
    return policy.drain(ms)
  }
  return { ...served, policy, held, client, shutDown }
}

/** Answers all that are held. */
export function answerAll({ waiting }: Held, body: string | Buffer = 'ok'): void {
  for (const { res } of waiting.splice(0)) {
    res.setHeader('Content-Length', body.length)
    res.end(body)
  }
}

async function client1({ connect }: Served): Promise<DrainClient> {
  const raw = await connect()
  return {
    isClosed: () => raw.isClosed,
    async ask(path) {
      const before = raw.received.length
      raw.get(path)
      while (!raw.isClosed) {
        const body = bodyOf(raw.received.slice(before))
        if (body !== undefined) return body
        await new Promise(setImmediate)
      }
      return bodyOf(raw.received.slice(before))
    },
  }
}

/** The body of an answer with a Content-Length, once it is whole. */
function bodyOf(answer: string): string | undefined {
  const head = /^[^]*?\r\nContent-Length: (\d+)\r\n[^]*?\r\n\r\n/i.exec(answer)
  if (!head) return undefined
  const body = answer.slice(head[0].length)
  return body.length >= Number(head[1]) ? body.slice(0, Number(head[1])) : undefined
}

async function client2(served: Served): Promise<DrainClient> {
  const session = await connect2(served)
  return {
    isClosed: () => session.isClosed,
    async ask(path) {
      if (session.session.closed || session.session.destroyed) return undefined
      const stream = session.get(path)
      await stream.closed()
      return Number(stream.headers?.['content-length']) === stream.received.length
        ? stream.received
        : undefined
    },
  }
}
