'use strict'

// A server that drains, with clients of all kinds, and an HTTP/2 one with requests that wait. Nothing is exited by hand: it ends
// when nothing is left. Tells what the drain reported, and what was counted and connected when it resolved.
const http = require('node:http')
const http2 = require('node:http2')
const net = require('node:net')
const { WebSocket, WebSocketServer } = require('ws')
const { limitConn, limitServer } = require('../../dist')

const turn = () => new Promise(setImmediate)
const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const connections = (server) => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))

const kinds = {
  /** Idle, in work, silent, half a request, a WebSocket. */
  async guard() {
    const server = http.createServer(
      { keepAliveTimeout: 600_000 },
      (req, res) => req.url === '/idle' && res.end('ok'),
    )
    const guard = limitServer(server, { limit: 99, logLevel: false })
    const wss = new WebSocketServer({ server })
    wss.on('connection', (ws) => ws.on('error', () => undefined))
    await listening(server)
    const { port } = server.address()
    const asking = [
      'GET /idle HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /held HTTP/1.1\r\nHost: a\r\n\r\n',
      '',
      'GET / HT',
    ]
    const sockets = asking.map(() => net.connect(port, '127.0.0.1').on('error', () => undefined))
    for (const [n, socket] of sockets.entries()) socket.write(asking[n])
    await new Promise((resolve) => sockets[0].once('data', resolve))
    const ws = new WebSocket(`ws://127.0.0.1:${port}`)
    await new Promise((resolve) => ws.on('open', resolve))
    while (guard.zones[0].stats().active < 5) await turn()

    server.close()
    const report = await guard.drain(200)
    return { report, active: guard.zones[0].stats().active, open: await connections(server) }
  },

  /** Two streams of which one waits, and a policy whose queue has a long time. */
  async queue() {
    const policy = limitConn({
      limit: 1,
      count: 'requests',
      queue: { max: 9, timeoutMs: 600_000 },
      logLevel: false,
    })
    const server = http2.createServer((req, res) => policy(req, res, () => undefined))
    await listening(server)
    const session = http2.connect(`http://127.0.0.1:${server.address().port}`)
    session.on('error', () => undefined)
    const [held, waits] = ['/held', '/waits'].map((path) => session.request({ ':path': path }))
    held.on('error', () => undefined)
    waits.resume()
    const status = new Promise((resolve) => waits.on('response', (headers) => resolve(headers[':status'])))
    const [zone] = policy.zones
    while (zone.stats().waiting < 1) await turn()

    server.close()
    const report = await policy.drain(200)
    const { active, waiting } = zone.stats()
    const told = await status
    session.close()
    return { report, active, waiting, told }
  },
}

async function tell() {
  const told = await kinds[process.argv[2]]()
  process.disconnect?.()
  console.log(JSON.stringify(told))
}
void tell()
