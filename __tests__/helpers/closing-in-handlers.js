'use strict'

// A server of HTTP/2 whose handlers close what is open, in the way that is named, while a client goes on to ask. Prints how
// many were closed, unless the process ends before.
const http2 = require('node:http2')
const { fork } = require('node:child_process')
const { limitConn } = require('../../dist')

const [way, port] = process.argv.slice(2)
const ways = {
  drain: (policy) => void policy.drain(handled % 2 ? 0 : 5),
  trim: (policy) => {
    policy.setConfig({ limit: 1 }, { closeExcess: true })
    policy.setConfig({ limit: 100 })
  },
}
let handled = 0

function serve() {
  const count = way === 'trim' ? 'requests' : 'connections'
  const policy = limitConn({ limit: 100, count, key: () => 'all', logLevel: false })

  function handle(_req, res) {
    if (++handled % 7 === 0) ways[way](policy)
    res.write('x'.repeat(20_000))
    if (handled % 3) res.end('end')
  }
  const server = http2.createServer((req, res) => policy(req, res, () => handle(req, res)))
  server.on('sessionError', () => undefined)
  server.listen(0, '127.0.0.1', () => {
    // In a process of its own, so that it is the server that fails.
    const client = fork(__filename, ['client', String(server.address().port)])
    client.on('exit', () => {
      const { drained, trimmed } = policy.zones[0].stats()
      console.log(`closed ${drained + trimmed}`)
      process.exit()
    })
  })
}

async function ask(until) {
  while (performance.now() < until) {
    const session = http2.connect(`http://127.0.0.1:${port}`).on('error', () => undefined)
    for (let n = 0; n < 40 && !session.destroyed && !session.closed; n++) {
      const stream = session.request({ ':path': '/' }).on('error', () => undefined)
      if (n % 2) stream.resume()
      if (n % 5 === 0) stream.close(n % 10 ? 0 : http2.constants.NGHTTP2_CANCEL)
      if (n % 8 === 0) await new Promise(setImmediate)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
    session.destroy()
  }
}

if (way === 'client') {
  const until = performance.now() + 2_000
  void Promise.all(Array.from({ length: 8 }, () => ask(until))).then(() => process.exit())
} else serve()
