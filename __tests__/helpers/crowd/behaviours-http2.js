'use strict'

// What clients of HTTP/2 do. The server may refuse or close at any time: it only has to come to an end with each.
const http2 = require('node:http2')
const { oneOf } = require('./dice.js')
const { get } = require('./requests.js')
const { within } = require('./visit.js')

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants
const codes = [NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM]
const clients = ['one', 'two', 'three', 'four', 'five']

/** A session on a connection of the visit: undefined if the server did not let it in. */
async function connect2(visit) {
  const socket = await visit.connect({ ALPNProtocols: ['h2'] })
  if (socket.destroyed) return undefined

  const session = http2.connect('https://127.0.0.1', { createConnection: () => socket })
  session.on('error', () => undefined)
  visit.add(session)
  return { socket, session }
}

/** A request, whose end is waited for or not. */
function ask(visit, session, path, headers = {}) {
  const isWithBody = headers[':method'] === 'POST'
  const fields = { ':path': path, 'x-client': oneOf(visit.roll, clients), ...headers }
  const stream = session.request(fields, { endStream: !isWithBody })
  stream.on('error', () => undefined)
  return stream
}

function ended(stream) {
  stream.resume()
  const told = new Promise((resolve) =>
    stream.closed || stream.destroyed ? resolve() : stream.once('close', resolve),
  )
  return within('the end of a stream', told)
}

/** A visit of something that has a session; where there is none, or no more of it, it is over. */
function visiting(behave) {
  return async function visitSession(visit) {
    const connected = await connect2(visit)
    if (!connected) return
    await behave(visit, connected).catch((error) => {
      if (!/^ERR_HTTP2_(INVALID_SESSION|GOAWAY_SESSION|STREAM_CANCEL)$/.test(error.code)) throw error
    })
    if (!visit.isStaying) await leave(visit, connected)
  }
}

async function leave(visit, { socket, session }) {
  visit.isStaying = visit.mayStay && visit.chance(0.2)
  if (visit.isStaying) return
  if (visit.chance(0.3)) session.close()
  else if (visit.chance(0.5)) session.destroy()
  else visit.reset(socket)
  // A stream that a client ends without reading it keeps its session.
  if (visit.chance(0.5)) await visit.moment(200)
  session.destroy()
  // After many resets Node 20 may leave the socket of a destroyed session open, here on the client's own side.
  const last = setTimeout(() => socket.destroy(), 10_000)
  await visit.closed(socket)
  clearTimeout(last)
}

const http2Behaviours = {
  'requests, one behind the other': visiting(async (visit, { session }) => {
    for (let n = visit.upTo(5); n > 0; n--) await ended(ask(visit, session, '/'))
  }),

  'many streams at once': visiting(async (visit, { session }) => {
    const path = () => oneOf(visit.roll, ['/', '/slow', '/many', '/destroy', '/throw', '/destroy-halfway'])
    const streams = Array.from({ length: visit.upTo(60) }, () => ask(visit, session, path()))
    await Promise.all(streams.map(ended))
  }),

  'rapid resets': visiting(async (visit, { session }) => {
    for (let n = visit.upTo(200); n > 0; n--)
      ask(visit, session, visit.chance(0.5) ? '/' : '/events').close(oneOf(visit.roll, codes))
    await visit.moment(50)
  }),

  'event streams that are reset': visiting(async (visit, { session }) => {
    const streams = Array.from({ length: visit.upTo(20) }, () => ask(visit, session, '/events'))
    for (const stream of streams) stream.resume()
    await visit.moment(300)
    for (const stream of streams) stream.close(oneOf(visit.roll, codes))
  }),

  'an upload that is given up': visiting(async (visit, { session }) => {
    const path = oneOf(visit.roll, ['/upload', '/events', '/slow', '/destroy-later'])
    const stream = ask(visit, session, path, { ':method': 'POST' })
    stream.resume().write('x'.repeat(visit.upTo(100_000)))
    await visit.moment(50)
    if (visit.chance(0.5)) stream.close(oneOf(visit.roll, codes))
  }),

  'an upload': visiting(async (visit, { session }) => {
    const stream = ask(visit, session, '/upload', { ':method': 'POST' })
    stream.end('x'.repeat(visit.upTo(50_000)))
    await ended(stream)
  }),

  'responses that are not read': visiting(async (visit, { session }) => {
    for (let n = visit.upTo(5); n > 0; n--) ask(visit, session, '/many').pause()
    await visit.moment(300)
  }),

  'a session that a handler ends': visiting(async (visit, { session, socket }) => {
    ask(visit, session, '/events').resume()
    ask(visit, session, '/destroy-session').resume()
    await visit.moment(100)
    session.destroy()
    await visit.closed(socket)
  }),

  'no request at all': visiting((visit) => visit.moment(200)),

  'silence until it is closed': visiting(async (visit, { socket }) => {
    if (visit.chance(0.05)) await visit.closed(socket)
  }),

  async 'HTTP/1 to a server of HTTP/2'(visit) {
    const socket = await visit.connect()
    for (let n = visit.upTo(5); n > 0 && !socket.destroyed; n--) await visit.exchange(socket, get('/'))
    await visit.leave(socket)
  },

  async 'frames that are none'(visit) {
    const socket = await visit.connect({ ALPNProtocols: ['h2'] })
    if (visit.chance(0.5)) socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    socket.write(Buffer.from(Array.from({ length: visit.upTo(100) }, () => visit.upTo(256) - 1)))
    await visit.moment(100)
    await visit.leave(socket)
  },

  async 'a protocol that nobody speaks'(visit) {
    const socket = await visit.connect({ ALPNProtocols: ['other'] })
    await visit.closed(socket)
  },
}

module.exports = { http2Behaviours }
