'use strict'

// What the servers of a crowd do with a request, over HTTP/1 and over HTTP/2.
const manyBytes = Buffer.alloc(400_000, 'x')
const listeners = new Set()
setInterval(tellListeners, 100)

const routes = {
  '/': (_req, res) => res.end('ok\n'),
  '/events': (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.write('data: hello\n\n')
    listeners.add(res)
  },
  '/many': (_req, res) => res.end(manyBytes),
  '/slow': (_req, res) => setTimeout(() => isOver(res) || res.end('ok\n'), 50),
  '/upload': (req, res) => req.resume().on('end', () => isOver(res) || res.end('stored\n')),
  // Of a client that leaves meanwhile Node tells nothing.
  '/unread': (req) => req.setTimeout(1_000, () => req.destroy()),
  '/throw': () => {
    throw new Error('thrown by a handler')
  },
  '/destroy': (req, res) => void (res.stream ?? req.socket).destroy(),
  '/destroy-later': (req, res) => setImmediate(() => void (res.stream ?? req.socket).destroy()),
  '/destroy-halfway': (_req, res) => void (res.write('half of it'), res.destroy()),
  '/destroy-session': ({ stream }) => setImmediate(() => void stream.session?.destroy()),
}

/** Runs the handler of a path; one that throws ends its request, as a framework has it. */
function handle(req, res) {
  try {
    routes[req.url](req, res)
  } catch {
    res.writeHead(500)
    res.end('failed\n')
  }
}

/** A response behind another on its connection is not told when the connection closes: it is asked. */
function isOver(res) {
  const { stream } = res
  return stream ? stream.destroyed || stream.closed : res.closed || res.req.socket.destroyed
}

function tellListeners() {
  for (const res of listeners) {
    if (isOver(res)) listeners.delete(res)
    else res.write('data: tick\n\n')
  }
}

module.exports = { handle, routes, tellListeners }
