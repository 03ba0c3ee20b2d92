'use strict'

// What clients do. One behaviour is one function of a visit; it fails if a client that behaves is not served.
const { WebSocket } = require('ws')
const { oneOf } = require('./dice.js')
const { fewAddress } = require('./places.js')
const { get, post } = require('./requests.js')
const { within } = require('./visit.js')

const ignored = get('/ignored', 'Connection: Upgrade\r\nUpgrade: foo\r\n')
const halfAClientHello = Buffer.from('16030100c8010000c40303', 'hex')

/** Clients that disappear: a RST, at once or a moment later. */
const resets = {
  async 'reset before a request'(visit) {
    const socket = await visit.connectRaw()
    if (visit.chance(0.5)) await visit.moment(5)
    visit.reset(socket)
  },

  'reset in the header': (visit) => resetAfter(visit, get().slice(0, visit.upTo(30))),
  'reset behind a request': (visit) => resetAfter(visit, get('/events')),
  'reset in an upload': (visit) =>
    resetAfter(visit, post('/upload', 1_000_000) + 'x'.repeat(visit.upTo(20_000))),
  'reset in an upload that nobody reads': (visit) =>
    resetAfter(visit, post('/unread', 1_000_000) + 'x'.repeat(visit.upTo(300_000))),

  async 'reset in a response'(visit) {
    const socket = await visit.connect()
    socket.write(get('/many'))
    await visit.until(socket, 'data')
    visit.reset(socket)
  },
}

async function resetAfter(visit, text) {
  const socket = await visit.connect()
  socket.write(text)
  if (visit.chance(0.5)) await visit.moment(5)
  visit.reset(socket)
}

const behaviours = {
  ...resets,

  async 'keep-alive'(visit) {
    const socket = await visit.connect()
    for (let n = visit.upTo(5); n > 0; n--) {
      await visit.ask(socket, get())
      await visit.moment(50)
    }
    await visit.leave(socket)
  },

  async 'a pipeline'(visit) {
    const socket = await visit.connect()
    await visit.ask(socket, get(), { times: visit.upTo(50) })
    await visit.leave(socket)
  },

  'reset behind a pipeline': (visit) => resetAfter(visit, get('/events').repeat(20)),

  async 'an upload'(visit) {
    const socket = await visit.connect()
    const bytes = visit.upTo(100_000)
    await visit.ask(socket, post('/upload', bytes) + 'x'.repeat(bytes), { text: 'stored\n' })
    await visit.leave(socket)
  },

  async 'an upload that is given up'(visit) {
    const socket = await visit.connect()
    socket.write(post(visit.chance(0.5) ? '/upload' : '/unread', 200_000) + 'x'.repeat(visit.upTo(100_000)))
    await visit.moment(20)
    socket.destroy()
  },

  async 'an event stream'(visit) {
    const socket = await visit.connect()
    await visit.ask(socket, get('/events'), { text: 'data: hello\n' })
    await visit.moment(500)
    await visit.leave(socket)
  },

  async 'a response that is not read'(visit) {
    const socket = await visit.connect()
    socket.pause()
    socket.write(get('/many').repeat(3))
    await visit.moment(200)
    await visit.leave(socket)
  },

  async 'its side closed behind a request'(visit) {
    const socket = await visit.connect({ allowHalfOpen: true })
    socket.write(get(visit.chance(0.5) ? '/' : '/events'))
    await visit.moment(5)
    socket.end()
    await visit.closed(socket)
  },

  async 'a header byte by byte'(visit) {
    const socket = await visit.connect()
    for (const byte of get().slice(0, -2)) {
      socket.write(byte)
      await visit.moment(20)
    }
    if (visit.chance(0.5)) await visit.ask(socket, '\r\n')
    await visit.leave(socket)
  },

  async 'no request at all'(visit) {
    const socket = await visit.connect()
    await visit.moment(100)
    await visit.leave(socket)
  },

  async 'no HTTP at all'(visit) {
    const socket = await visit.connect()
    socket.write('\0\r\n\r\n')
    await visit.closed(socket)
  },

  async 'half a handshake'(visit) {
    const socket = await visit.connectRaw()
    socket.write(halfAClientHello)
    await visit.moment(100)
    await visit.leave(socket)
  },

  async 'an upgrade that is ignored'(visit) {
    const socket = await visit.connect({ allowHalfOpen: true })
    socket.write(ignored)
    await visit.moment(20)
    if (visit.chance(0.5)) socket.write('x'.repeat(visit.upTo(visit.chance(0.5) ? 20 : 300_000)))
    if (visit.chance(0.5)) visit.reset(socket)
    else socket.end()
    await visit.closed(socket)
  },

  async 'a WebSocket'(visit) {
    const webSocket = await openWebSocket(visit)
    for (let n = visit.upTo(5); n > 0; n--) {
      webSocket.send('hello')
      await heard(webSocket, 'message')
      await visit.moment(100)
    }
    visit.isStaying = visit.mayStay && visit.chance(0.3)
    if (visit.isStaying) return
    if (visit.chance(0.5)) webSocket.close()
    else webSocket.terminate()
    await heard(webSocket, 'close')
  },

  async 'a handler that throws, or destroys'(visit) {
    const socket = await visit.connect()
    await visit.exchange(
      socket,
      get(oneOf(visit.roll, ['/throw', '/destroy', '/destroy-later', '/destroy-halfway'])),
    )
    await visit.leave(socket)
  },

  /** Above its limit, or not. */
  async 'one of a few'(visit) {
    const socket = await visit.connect({ localAddress: fewAddress })
    socket.write(get())
    await visit.until(socket, 'data')
    await visit.moment(200)
    await visit.leave(socket)
  },
}

async function openWebSocket(visit) {
  const url = `${visit.isTls ? 'wss' : 'ws'}://127.0.0.1:${visit.port}/ws`
  const webSocket = new WebSocket(url, { rejectUnauthorized: false })
  visit.add({ destroy: () => webSocket.terminate() })
  await heard(webSocket, 'open')
  return webSocket
}

function heard(webSocket, event) {
  const told = new Promise((resolve, reject) => webSocket.once(event, resolve).once('error', reject))
  return within(event, told)
}

module.exports = { behaviours, resets }
