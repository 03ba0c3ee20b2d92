'use strict'

// What clients do that come through a proxy. They may be refused, made to wait, or closed at any time.
const { WebSocket } = require('ws')
const { oneOf } = require('./dice.js')
const { get, post } = require('./requests.js')
const { within } = require('./visit.js')

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const fewClients = 20

/** A header of the PROXY protocol, of either version, for one of a few clients or for the proxy itself. */
function headerOf(visit) {
  const last = visit.upTo(fewClients)
  if (visit.chance(0.05)) return Buffer.from('PROXY UNKNOWN\r\n')
  if (visit.chance(0.05)) return Buffer.concat([signature, Buffer.from('20000000', 'hex')])
  if (visit.chance(0.2)) return Buffer.from(`PROXY TCP6 2001:db8:0:${last}00::1 ::1 4711 80\r\n`)
  if (visit.chance(0.5)) return Buffer.from(`PROXY TCP4 203.0.113.${last} 127.0.0.1 4711 80\r\n`)
  return Buffer.concat([
    signature,
    Buffer.from([0x21, 0x11, 0, 12, 203, 0, 113, last, 127, 0, 0, 1, 18, 103, 0, 80]),
  ])
}

/** Connects as a proxy does: the header comes at once, or in pieces. */
async function connectProxied(visit) {
  const socket = await visit.connectRaw({ noDelay: true })
  const header = headerOf(visit)
  const half = visit.chance(0.2) ? visit.upTo(header.length) : header.length
  socket.write(header.subarray(0, half))
  if (half === header.length) return socket
  await visit.moment(20)
  if (!socket.destroyed) socket.write(header.subarray(half))
  return socket
}

const bad = [
  'GET / HTTP/1.1\r\n\r\n',
  'PROXY TCP4 1.2.3.4\r\n',
  'PROXY TCP4 300.0.0.1 1.2.3.4 1 2\r\n',
  `PROXY ${'x'.repeat(600)}`,
]

const proxiedBehaviours = {
  async 'requests through a proxy'(visit) {
    const socket = await connectProxied(visit)
    for (let n = visit.upTo(5); n > 0 && !socket.destroyed; n--)
      await visit.exchange(socket, get(oneOf(visit.roll, ['/', '/slow', '/throw'])))
    await visit.leave(socket)
  },

  async 'requests that wait for each other'(visit) {
    const socket = await connectProxied(visit)
    await visit.exchange(socket, get('/slow').repeat(visit.upTo(10)))
    await visit.leave(socket)
  },

  async 'a reset while it waits'(visit) {
    const socket = await connectProxied(visit)
    socket.write(get(visit.chance(0.5) ? '/slow' : '/events').repeat(visit.upTo(10)))
    await visit.moment(100)
    visit.reset(socket)
  },

  async 'an event stream through a proxy'(visit) {
    const socket = await connectProxied(visit)
    await visit.exchange(socket, get('/events'))
    await visit.moment(500)
    await visit.leave(socket)
  },

  async 'an upload through a proxy'(visit) {
    const socket = await connectProxied(visit)
    const bytes = visit.upTo(50_000)
    await visit.exchange(socket, post('/upload', bytes) + 'x'.repeat(bytes))
    await visit.leave(socket)
  },

  async 'a handler that destroys'(visit) {
    const socket = await connectProxied(visit)
    socket.write(
      get(oneOf(visit.roll, ['/destroy', '/destroy-later', '/destroy-halfway'])).repeat(visit.upTo(3)),
    )
    await visit.closed(socket)
  },

  async 'a WebSocket through a proxy'(visit) {
    const socket = await connectProxied(visit)
    const webSocket = new WebSocket('ws://127.0.0.1/ws', { createConnection: () => socket })
    webSocket.on('error', () => undefined)
    webSocket.on('open', () => webSocket.send('hello'))
    await visit.moment(1_000)
    if (visit.chance(0.3) && visit.mayStay) visit.isStaying = true
    else if (visit.chance(0.5)) webSocket.close()
    else webSocket.terminate()
    if (!visit.isStaying) await visit.closed(socket)
  },

  async 'silence until it is closed'(visit) {
    const socket = await connectProxied(visit)
    if (visit.chance(0.1)) return visit.closed(socket)
    await visit.moment(300)
    return visit.leave(socket)
  },

  async 'half a header'(visit) {
    const socket = await visit.connectRaw()
    const header = headerOf(visit)
    socket.write(header.subarray(0, visit.upTo(header.length - 1)))
    await visit.moment(300)
    await visit.leave(socket)
  },

  async 'no header, or a bad one'(visit) {
    const socket = await visit.connectRaw()
    socket.write(oneOf(visit.roll, bad))
    await visit.closed(socket)
  },

  async 'a header behind the header'(visit) {
    const socket = await visit.connectRaw()
    socket.write(Buffer.concat([headerOf(visit), headerOf(visit), Buffer.from(get())]))
    await visit.closed(socket)
  },

  async 'no connection at all'(visit) {
    const socket = await visit.connectRaw()
    visit.reset(socket)
    await within('a moment', visit.moment(5))
  },
}

module.exports = { proxiedBehaviours }
