import { once } from 'node:events'
import express from 'express'
import { describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer, type VerifyClientCallbackAsync } from 'ws'
import { limitConn, Limiter, limitServer, limitUpgrade, type LimitUpgradeOptions } from '../../lib/index.ts'
import { destroyAfter, expectEven, listen, type Served } from '../helpers/server.ts'
import { makeServer } from '../helpers/upgrades.ts'
import { until } from '../helpers/until.ts'

/** What became of a WebSocket that a client asked for. */
interface Tried {
  readonly ws: WebSocket
  /** Status of the answer, undefined where there was none. */
  readonly status: number | undefined
}

async function open({ url }: Served): Promise<Tried> {
  const ws = new WebSocket(url.replace('http', 'ws'), { rejectUnauthorized: false })
  destroyAfter({ destroy: () => ws.terminate() })
  return new Promise((resolve) => {
    ws.on('open', () => resolve({ ws, status: 101 }))
    ws.on('unexpected-response', (req, { statusCode }) => {
      req.destroy()
      resolve({ ws, status: statusCode })
    })
    ws.on('error', () => resolve({ ws, status: undefined }))
  })
}

async function openMany(served: Served, times: number): Promise<Tried[]> {
  return Promise.all(Array.from({ length: times }, () => open(served)))
}

/** How many were answered with each status. */
function countOf(tried: readonly Tried[]): Record<string, number> {
  const count: Record<string, number> = {}
  for (const { status } of tried) count[`${status}`] = (count[`${status}`] ?? 0) + 1
  return count
}

/** Sends a message, and waits for it to come back. */
async function checkLives(ws: WebSocket): Promise<void> {
  ws.send('ping')
  const [data] = (await once(ws, 'message')) as [Buffer]
  expect(String(data)).toBe('ping')
}

/** How a WebSocket comes to its end. */
const ends: Record<string, (client: WebSocket, server: WebSocket) => void> = {
  'the client closes it': (client) => client.close(),
  'the client terminates it': (client) => client.terminate(),
  'the server closes it': (_, server) => server.close(1001),
  'the server terminates it': (_, server) => server.terminate(),
  'the client sends what is no frame': (client) =>
    (Reflect.get(client, '_socket') as NodeJS.WritableStream).write('\xff\xff\xff'),
}

function echo(wss: WebSocketServer): void {
  wss.on('connection', (ws) => {
    ws.on('error', () => undefined)
    ws.on('message', (data) => ws.send(data))
  })
}

/** `ws` behind limitUpgrade, as its documentation shows several servers on one port. */
async function noServer(options: Partial<LimitUpgradeOptions>, tls: boolean) {
  const middleware = limitConn({ limit: 1, logLevel: false })
  const wss = new WebSocketServer({ noServer: true })
  echo(wss)
  const policy = limitUpgrade({ limit: 5, logLevel: false, ...options }, (req, socket, head) => {
    wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws, req))
  })
  const server = makeServer(tls, express().use(middleware)).on('upgrade', policy)
  const served = await listen(server, { policies: [policy, middleware], tls })
  return { served, wss, policy, middleware, zone: policy.zones[0]! }
}

describe.each([false, true])('ws with noServer and limitUpgrade, TLS %s', (tls) => {
  it('A-10, N27: of 50 WebSockets 5 open, 45 get 503; no middleware runs', async () => {
    const { served, wss, zone, middleware } = await noServer({}, tls)
    const tried = await openMany(served, 50)
    expect(countOf(tried)).toEqual({ 101: 5, 503: 45 })
    expect(wss.clients.size).toBe(5)
    expect(zone.stats()).toMatchObject({ passed: 5, rejected: 45, active: 5, peak: 5 })
    expect(middleware.zones[0]!.stats().passed).toBe(0)
    for (const { ws, status } of tried) if (status === 101) await checkLives(ws)
  })

  it.each(Object.keys(ends))('the slot comes back when %s', async (how) => {
    const { served, wss, zone } = await noServer({ limit: 1 }, tls)
    const { ws } = await open(served)
    await checkLives(ws)
    expect(await open(served)).toMatchObject({ status: 503 })

    const [server] = wss.clients
    ends[how]!(ws, server!)
    await until('the slot is given back', () => zone.stats().active === 0)
    expect(await open(served)).toMatchObject({ status: 101 })
  })

  it('an async key: a message that the client sends at once is not lost', async () => {
    const { served } = await noServer({ key: async () => 'k' }, tls)
    const { ws } = await open(served)
    await checkLives(ws)
  })

  it('an open, silent WebSocket is never cut', async () => {
    const { served, policy, zone } = await noServer({ sweep: { everyMs: 5, graceMs: 5 } }, tls)
    const { ws } = await open(served)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(zone.audit()).toMatchObject({ active: 1, stalled: 0, isClean: true })
    expect(policy.watched).toBe(1)
    await checkLives(ws)
  })
})

/** `ws` on the server itself, with a Limiter in verifyClient. */
async function verifying(limit: number, tls: boolean) {
  const limiter = new Limiter({ limit })
  const server = makeServer(tls)
  const verifyClient: VerifyClientCallbackAsync = ({ req }, done) => {
    if (limiter.accept(req.socket).passed) done(true)
    else done(false, 503, 'Too many connections', { 'Retry-After': '5' })
  }
  const wss = new WebSocketServer({ server, verifyClient })
  echo(wss)
  const served = await listen(server, {
    policies: [{ zones: limiter.zones, watched: 0 }],
    tls,
  })
  return { served, wss, zone: limiter.zones[0]! }
}

describe.each([false, true])('ws with verifyClient and a Limiter, TLS %s', (tls) => {
  it('A-10: of 50 WebSockets 5 open, 45 get 503', async () => {
    const { served, wss, zone } = await verifying(5, tls)
    const tried = await openMany(served, 50)
    expect(countOf(tried)).toEqual({ 101: 5, 503: 45 })
    expect(wss.clients.size).toBe(5)
    expect(zone.stats()).toMatchObject({ passed: 5, rejected: 45, active: 5 })
  })

  it.each(Object.keys(ends))('the slot comes back when %s', async (how) => {
    const { served, wss, zone } = await verifying(1, tls)
    const { ws } = await open(served)
    expect(await open(served)).toMatchObject({ status: 503 })
    const [server] = wss.clients
    ends[how]!(ws, server!)
    await until('the slot is given back', () => zone.stats().active === 0)
    expect(await open(served)).toMatchObject({ status: 101 })
  })
})

describe.each([false, true])('ws under the guard, TLS %s', (tls) => {
  it('A-10, F11: of 50 WebSockets 5 stay; an upgrade gives no slot back, the close does', async () => {
    const server = makeServer(tls)
    const guard = limitServer(server, { limit: 5, logLevel: false })
    const wss = new WebSocketServer({ server })
    echo(wss)
    const served = await listen(server, { policies: [guard], guard, tls })
    const [zone] = guard.zones

    const tried = await openMany(served, 50)
    const opened = tried.filter(({ status }) => status === 101)
    expect(opened).toHaveLength(5)
    await until('all are decided on', () => zone!.stats().passed + zone!.stats().rejected === 50)
    await expectEven(server, guard)
    for (const { ws } of opened) await checkLives(ws)
    expect(zone!.stats()).toMatchObject({ passed: 5, rejected: 45, active: 5, peak: 5 })
    expect(await open(served)).toMatchObject({ status: undefined })

    opened[0]!.ws.close()
    await until('one slot is given back', () => zone!.stats().active === 4)
    expect(await open(served)).toMatchObject({ status: 101 })
    expect(wss.clients.size).toBe(5)
  })
})
