import http, { type IncomingMessage } from 'node:http'
import connect from 'connect'
import express from 'express'
import express4 from 'express4'
import { byHeader, limitConn, Zone, type LimitConn, type ZoneOptions } from '../../lib/index.ts'
import { statusRouter, type StatusOptions, type StatusRouter } from '../../lib/status.ts'
import { Held } from './held.ts'
import { bare } from './hosts.ts'
import { serve, type Handler, type ListenOptions, type Served } from './server.ts'

/** Where a router may be mounted, and the path that it has there. */
export const mounts: Record<
  string,
  { readonly at: string; readonly mount: (router: StatusRouter) => Handler }
> = {
  'Express 5': { at: '/status', mount: (router) => express().use('/status', router) },
  'Express 4': { at: '/status', mount: (router) => express4().use('/status', router) },
  Connect: { at: '/a/status', mount: (router) => connect().use('/a/status', router) },
  'node:http': { at: '', mount: (router) => (req, res) => router(req, res) },
}

export interface Shown extends Served {
  readonly zone: Zone
  readonly policy: LimitConn
  /** What runs behind the policy, anywhere but under /status. */
  readonly held: Held
  readonly ask: (method: string, path: string, headers?: Record<string, string>) => Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  /** The body, where it is JSON. */
  readonly json: unknown
}

export interface ShowOptions {
  readonly router?: Partial<StatusOptions>
  readonly zone?: Partial<ZoneOptions>
  readonly limit?: number
  readonly dryRun?: boolean
  readonly listen?: Partial<ListenOptions>
}

/** A server with a policy whose key is the header `x-api-key`, or else the address, and a router under /status. */
export async function show({
  router,
  zone: options,
  limit = 100,
  dryRun = false,
  listen,
}: ShowOptions = {}): Promise<Shown> {
  const zone = new Zone({ name: 'addr', ...options })
  const key = byHeader('x-api-key', { missing: 'address' })
  const policy = limitConn({ zone, limit, dryRun, key, logLevel: false, warnings: false })
  const held = new Held()
  const app = connect()
    .use('/status', statusRouter({ zones: [zone], ...router }))
    .use(bare([policy], held.handler))
  const served = await serve(app, { policies: [policy], ...listen })
  return { ...served, zone, policy, held, ask: (...what) => ask(served.port, ...what) }
}

/** Asks on a connection of its own, with no header but these and Host. */
export async function ask(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http
      .request({ port, host: '127.0.0.1', method, path, headers, agent: false }, resolve)
      .on('error', reject)
      .end()
  })
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk as string
  const json: unknown = body.startsWith('{') || body.startsWith('[') ? JSON.parse(body) : undefined
  return { status: response.statusCode!, headers: response.headers, body, json }
}

/** The body of a failure, with a text that matches. */
export function failure(status: number, code: string, text: unknown): object {
  return { status, json: { error: { status, code, text } } }
}
