import { once } from 'node:events'
import http from 'node:http'
import { expect } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { limitUpgrade } from '../../../lib/index.ts'
import { sharedPlace } from '../redis/clients.ts'
import { later } from '../redis/server.ts'
import { nowMs } from '../redis/truth.ts'
import { countIn, zoneOf } from '../redis/zones.ts'
import { destroyAfter, listen } from '../server.ts'
import { patient, tell, took, zoneName, type Stage } from './stage.ts'

const client = '127.0.0.1'

/**
 * D9: a WebSocket that is silent for five times ttlMs is counted all that time: by its process, by another one, and in Redis;
 * no second one comes in beside it. When it closes, one does.
 */
export async function checkWebSocket(stage: Stage): Promise<void> {
  const name = zoneName()
  const options = { client: stage.client, name, ttlMs: stage.ttlMs, syncMs: stage.syncMs, ...patient }
  const [zone, elsewhere] = [await zoneOf(options), await zoneOf(options)]
  const wss = new WebSocketServer({ noServer: true })
  const policy = limitUpgrade({ zone, limit: 1, logLevel: false }, (req, socket, head) =>
    wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws)),
  )
  const server = http.createServer().on('upgrade', policy)
  const { port } = await listen(server, { policies: [policy] })
  const first = await open(port)
  expect(first.status).toBe(101)

  const looks = { times: 0, uncounted: 0, 'second ones let in': 0 }
  const untilMs = nowMs() + 5 * stage.ttlMs
  while (nowMs() < untilMs) {
    const counts = [
      zone.count(client),
      await elsewhere.countAll(client),
      await countIn(sharedPlace().url, name),
    ]
    looks.times++
    if (counts.some((count) => count !== 1)) looks.uncounted++
    if ((await open(port)).status !== 503) looks['second ones let in']++
    await later(50)
  }

  first.ws.terminate()
  const freedMs = await took('another process knows that it has closed', async () => {
    return (await elsewhere.countAll(client)) === 0
  })
  const second = await open(port)
  tell(stage, `D9: a WebSocket that lives ${5 * stage.ttlMs} ms is counted all the time`, {
    ...looks,
    'free after ms': freedMs,
  })
  expect(second.status).toBe(101)
  expect(looks).toMatchObject({ uncounted: 0, 'second ones let in': 0 })
  expect(looks.times).toBeGreaterThan(10)
}

interface Tried {
  readonly ws: WebSocket
  readonly status: number | undefined
}

async function open(port: number): Promise<Tried> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`)
  destroyAfter({ destroy: () => ws.terminate() })
  ws.on('error', () => undefined)
  const refused = new Promise<number | undefined>((resolve) => {
    ws.on('unexpected-response', (req, { statusCode }) => {
      req.destroy()
      resolve(statusCode)
    })
  })
  return { ws, status: await Promise.race([once(ws, 'open').then(() => 101), refused]) }
}
