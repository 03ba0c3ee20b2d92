'use strict'

// A process of idle clients: to each server one that says nothing; if it speaks HTTP one that reads a stream, and one
// that was upgraded.
const net = require('node:net')
const tls = require('node:tls')

const { host, ports } = JSON.parse(process.argv[2])
const requests = {
  nothing: undefined,
  stream: 'GET / HTTP/1.1\r\nHost: test\r\n\r\n',
  upgrade: 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: idle\r\n\r\n',
}

function open(name, port, request) {
  const isTls = name.startsWith('https')
  const to = { host, port, rejectUnauthorized: false }
  return new Promise((resolve, reject) => {
    const socket = isTls ? tls.connect(to) : net.connect(to)
    socket.once(isTls ? 'secureConnect' : 'connect', () => (request ? socket.write(request) : resolve()))
    socket.once('data', resolve)
    socket.on('error', reject)
  })
}

const opened = Object.entries(ports).flatMap(([name, port]) => {
  const asked = name.startsWith('http') ? Object.values(requests) : [requests.nothing]
  return asked.map((request) => open(name, port, request))
})
void Promise.all(opened).then(() => process.send('open'))
process.on('disconnect', () => process.exit())
