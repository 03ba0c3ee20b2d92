import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { byIp, limitUpgrade, type LimitUpgradeOptions } from '../../lib/index.ts'
import { Sampled } from '../helpers/sampled.ts'
import { destroyAfter, listen, untilConnections, type Served } from '../helpers/server.ts'
import { makeServer } from '../helpers/upgrades.ts'
import { until } from '../helpers/until.ts'

const aNewerOne = 4_001

/** `ws` behind limitUpgrade; whoever is closed to make room for a newer one gets a close frame. */
async function telling(options: Partial<LimitUpgradeOptions>, tls = false) {
  const zone = new Sampled({ name: 'sampled' })
  const sockets = new WeakMap<Duplex, WebSocket>()
  const causes: string[] = []
  const wss = new WebSocketServer({ noServer: true })
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)))
  const policy = limitUpgrade(
    {
      limit: 10,
      zone,
      onLimit: 'evict-oldest',
      logLevel: false,
      onEvict(socket, cause) {
        causes.push(cause)
        sockets.get(socket)?.close(aNewerOne, 'a newer one came')
      },
      ...options,
    },
    (req, socket, head) => {
      wss.handleUpgrade(req, socket, head, (ws) => {
        sockets.set(socket, ws)
        wss.emit('connection', ws, req)
      })
    },
  )
  const server = makeServer(tls).on('upgrade', policy)
  return { served: await listen(server, { policies: [policy], tls }), wss, zone, causes }
}

interface Opened {
  readonly ws: WebSocket
  /** Of the close frame; undefined while it is open. */
  code: number | undefined
}

async function open({ url }: Served, headers: Record<string, string> = {}): Promise<Opened> {
  const ws = new WebSocket(url.replace('http', 'ws'), { rejectUnauthorized: false, headers })
  const opened: Opened = { ws, code: undefined }
  destroyAfter({ destroy: () => ws.terminate() })
  ws.on('error', () => undefined)
  ws.on('close', (code) => (opened.code = code))
  await once(ws, 'open')
  return opened
}

async function checkLives({ ws }: Opened): Promise<void> {
  ws.send('ping')
  const [data] = (await once(ws, 'message')) as [Buffer]
  expect(String(data)).toBe('ping')
}

const proxied: Partial<LimitUpgradeOptions> = { key: byIp({ trustProxy: 'loopback' }) }
const forwarded = { 'X-Forwarded-For': '203.0.113.7' }

it.each([
  ['of one address', 1_000, {}, {}, false],
  ['of one address, over TLS', 200, {}, {}, true],
  ['of one client behind a trusted proxy', 200, proxied, forwarded, false],
] as const)(
  'WebSockets %s, %d with a limit of 10: ten live, the newest ten, and each of the others was told',
  async (_, count, options, headers, tls) => {
    const { served, wss, zone, causes } = await telling(options, tls)
    const all: Opened[] = []
    for (let n = 0; n < count; n++) {
      all.push(await open(served, headers))
      expect(zone.stats().active).toBe(Math.min(n + 1, 10))
    }

    const [victims, newest] = [all.slice(0, -10), all.slice(-10)]
    await until('each victim has its close frame', () => victims.every(({ code }) => code !== undefined))
    expect(new Set(victims.map(({ code }) => code))).toEqual(new Set([aNewerOne]))
    expect(newest.map(({ code }) => code)).toEqual(newest.map(() => undefined))
    await untilConnections(served.server, 10)
    await Promise.all(newest.map(checkLives))
    expect(causes).toEqual(victims.map(() => 'evicted'))
    expect(zone.highest).toBe(10)
    expect(zone.stats()).toMatchObject({ passed: count, rejected: 0, evicted: count - 10, active: 10 })

    for (const { ws } of newest) ws.close()
    await until('nothing is counted', () => zone.stats().active === 0)
    expect(zone.stats().keys).toBe(0)
    await until('no WebSocket is left', () => wss.clients.size === 0)
  },
)

it('200 at once: ten live, and the count never exceeds ten', async () => {
  const { served, wss, zone } = await telling({})
  const all = await Promise.all(Array.from({ length: 200 }, () => open(served)))
  await until('190 were told', () => all.filter(({ code }) => code === aNewerOne).length === 190)
  await untilConnections(served.server, 10)
  expect([zone.highest, zone.stats().evicted, wss.clients.size]).toEqual([10, 190, 10])
})

it('a client that answers no close frame is gone within a second', async () => {
  const { served, zone } = await telling({ limit: 1 })
  const deaf = await open(served)
  ;(Reflect.get(deaf.ws, '_socket') as Duplex).pause()
  const startMs = performance.now()
  await open(served)
  await untilConnections(served.server, 1)
  expect(performance.now() - startMs).toBeLessThan(2_500)
  expect(zone.stats()).toMatchObject({ evicted: 1, active: 1 })
})

it.each([false, true])(
  "'evict-idle' closes the WebSocket that was silent for longest, TLS %s",
  async (tls) => {
    const { served, wss } = await telling({ limit: 3, onLimit: 'evict-idle' }, tls)
    const [one, two, three] = [await open(served), await open(served), await open(served)]
    await checkLives(two)
    const [server] = wss.clients
    server!.send('news')
    await once(one.ws, 'message')

    await open(served)
    await until('one is told', () => [one, two, three].some(({ code }) => code !== undefined))
    expect([one.code, two.code, three.code]).toEqual([undefined, undefined, aNewerOne])
    await open(served)
    await until('the next is told', () => two.code !== undefined)
    expect([one.code, two.code]).toEqual([undefined, aNewerOne])
    await checkLives(one)
  },
)
