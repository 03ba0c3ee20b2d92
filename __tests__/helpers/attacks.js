'use strict'

// A thread of hostile clients, which the server cannot slow down. One attack is one function; where its clients want to
// stay it answers how many the server holds. They stay until they are told to leave.
const net = require('node:net')
const tls = require('node:tls')
const { setImmediate: turn, setTimeout: elapse } = require('node:timers/promises')
const { parentPort } = require('node:worker_threads')
const { WebSocket } = require('ws')

/** The server that is attacked. */
let target = { port: 0, isTls: false }

const get = (path = '/', fields = '') => `GET ${path} HTTP/1.1\r\nHost: test\r\n${fields}\r\n`
const post = (path) => `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n`
const upgrade = get('/ignored', 'Connection: Upgrade\r\nUpgrade: foo\r\n')
const halfAClientHello = Buffer.from('16030100c8010000c40303', 'hex')

const attacks = {
  /** A connection, and a RST. */
  'resets at once': () => inWaves(4, 50, async () => reset(await rawClient())),

  /** A request, and a RST while it is accepted, parsed or answered. */
  'resets 0 to 5 ms after a request': () =>
    inWaves(6, 25, async () => {
      const socket = await client()
      socket.write(get())
      await elapse(Math.random() * 5)
      reset(socket)
    }),

  'pipelines 20 x 300 requests, then resets': async () => {
    const sockets = await all(20, client)
    for (const socket of sockets) socket.write(get().repeat(300))
    await seen(sockets)
    for (const socket of sockets) reset(socket)
  },

  'ends its side while the handler is held': async () => {
    const sockets = await all(20, () => client({ allowHalfOpen: true }))
    for (const socket of sockets) socket.write(get())
    await seen(sockets)
    for (const socket of sockets) socket.end()
  },

  'aborts uploads by a reset': () => abort('/upload', 1_000, reset),
  'aborts uploads by a FIN': () => abort('/upload', 1_000, leaveByFin),
  'aborts uploads that nobody reads by a reset': () => abort('/unread', 300_000, reset),
  'aborts uploads that nobody reads by a FIN': () => abort('/unread', 1_000, leaveByFin),
  'aborts large uploads that nobody reads by a FIN': () => abort('/unread', 300_000, leaveByFin),

  'makes upgrades that are ignored, then ends': () => beIgnored(upgrade, '', leaveByFin),
  /** Nobody else listens to the error of such a socket. */
  'makes upgrades that are ignored, then resets': () => beIgnored(upgrade, '', reset),
  'makes upgrades that are ignored, sends more, then ends': () =>
    beIgnored(upgrade, 'x'.repeat(100), leaveByFin),
  'makes upgrades that are ignored, sends 300 KB, then resets': () =>
    beIgnored(upgrade, 'x'.repeat(300_000), reset),
  'asks for tunnels that are ignored, then ends': () =>
    beIgnored('CONNECT test:1 HTTP/1.1\r\nHost: test\r\n\r\n', '', leaveByFin),

  'holds WebSockets': async () => {
    const sockets = await all(20, webSocket)
    return sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length
  },

  'says nothing at all': () => hold(() => rawClient()),
  'sends headers byte by byte': (count, limit) =>
    hold(
      async () => {
        const socket = await client()
        void trickle(socket, get('/', 'X-Slow: yes\r\n'.repeat(50)))
        return socket
      },
      count,
      limit,
    ),
  'sends half a ClientHello': () =>
    hold(async () => {
      const socket = await rawClient()
      socket.write(halfAClientHello)
      return socket
    }),
  'shakes hands and says nothing': () => hold(() => client()),
  'resets in the middle of the handshake': () =>
    inWaves(6, 25, async () => {
      const raw = await rawClient()
      keep(tls.connect({ socket: raw, rejectUnauthorized: false }))
      await elapse(Math.random() * 5)
      raw.resetAndDestroy()
    }),
  'speaks no TLS': () => inWaves(3, 20, async () => void (await rawClient()).write(get())),

  /** Each of them is refused, and the next one is there. */
  'comes and is refused': (count) => inWaves(count / 100, 100, async () => closed(await client())),

  /** What the server does to them they do not see. */
  'never reads what it is answered, and never closes': async () => {
    await all(25, async () => {
      const socket = await client({ allowHalfOpen: true })
      socket.pause()
      socket.write(get())
    })
  },
}

async function abort(path, bytes, leave) {
  await inWaves(3, 20, async () => {
    const socket = await client()
    socket.write(post(path))
    await send(socket, 'x'.repeat(bytes))
    await elapse(Math.random() * 5)
    leave(socket)
  })
}

async function beIgnored(head, body, leave) {
  const sockets = await all(20, client)
  await Promise.all(sockets.map((socket) => send(socket, head)))
  await elapse(20)
  await Promise.all(sockets.map((socket) => send(socket, body)))
  await elapse(20)
  for (const socket of sockets) leave(socket)
}

/** Keeps open what the server lets it. */
async function hold(connect, count = 20, limit = 5) {
  const sockets = await all(count, connect)
  for (let turns = 0; openOf(sockets).length > limit && turns < 200; turns++) await elapse(10)
  await elapse(100)
  return openOf(sockets).length
}

const clients = new Set()

/** Resolves when the client is connected, or was refused. */
function rawClient(options) {
  return settled(net.connect({ port: target.port, host: '127.0.0.1', ...options }), 'connect')
}

function client(options) {
  if (!target.isTls) return rawClient(options)
  const socket = net.connect({ port: target.port, host: '127.0.0.1', ...options })
  keep(socket)
  return settled(tls.connect({ rejectUnauthorized: false, ...options, socket }), 'secureConnect')
}

function settled(socket, event) {
  keep(socket)
  socket.on('data', () => (socket.isSeen = true))
  return new Promise((resolve) => {
    socket.once(event, () => resolve(socket))
    socket.once('close', () => resolve(socket))
  })
}

function keep(socket) {
  clients.add(socket)
  socket.on('error', () => undefined)
  socket.on('close', () => clients.delete(socket))
}

function webSocket() {
  const url = `${target.isTls ? 'wss' : 'ws'}://127.0.0.1:${target.port}/ws`
  const socket = new WebSocket(url, { rejectUnauthorized: false })
  socket.on('error', () => undefined)
  socket.destroy = () => socket.terminate()
  clients.add(socket)
  return new Promise((resolve) => {
    socket.on('open', () => socket.send('hello'))
    socket.on('message', () => resolve(socket))
    socket.on('close', () => (clients.delete(socket), resolve(socket)))
  })
}

/** Under TLS the reset comes from the socket below, once what was written is on its way. */
function reset(socket) {
  const raw = socket._parent
  clients.delete(socket)
  if (raw) setImmediate(() => raw.destroyed || raw.resetAndDestroy())
  else if (!socket.destroyed) socket.resetAndDestroy()
}

function leaveByFin(socket) {
  socket.end(() => setImmediate(() => socket.destroy()))
}

/** Waits until what was written is with the kernel, or cannot be; for a moment, where the server does not read. */
async function send(socket, text) {
  if (socket.destroyed) return
  await Promise.race([new Promise((resolve) => socket.write(text, resolve)), elapse(50)])
}

async function trickle(socket, text) {
  for (const byte of text) {
    if (socket.destroyed) return
    socket.write(byte)
    await elapse(5)
  }
}

/** Each of them was answered or refused. */
async function seen(sockets) {
  while (!sockets.every(({ isSeen, destroyed, readableEnded }) => isSeen || destroyed || readableEnded))
    await turn()
}

function closed(socket) {
  return socket.destroyed || new Promise((resolve) => socket.once('close', resolve))
}

function openOf(sockets) {
  return sockets.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded)
}

function all(count, act) {
  return Promise.all(Array.from({ length: count }, () => act()))
}

async function inWaves(waves, count, act) {
  for (let wave = 0; wave < waves; wave++) await all(count, act)
}

async function leaveAll() {
  for (const socket of clients) socket.destroy()
  await elapse(0)
}

async function obey({ place, name, count, limit }) {
  target = place ?? target
  parentPort.postMessage(await (name === 'leave' ? leaveAll() : attacks[name](count, limit)), [])
}

parentPort.on('message', (order) => void obey(order))
