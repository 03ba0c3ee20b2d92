import { createRequire } from 'node:module'
import { once } from 'node:events'
import http from 'node:http'
import limitConnPackage, * as imported from 'limit-conn'

const required = createRequire(import.meta.url)('limit-conn')
const later = await import('limit-conn')
const copies = new Set([imported.Zone, limitConnPackage.Zone, required.Zone, later.Zone])

// Two halves of one program: a connection that passes both holds one slot in the zone that they share.
const zone = new imported.Zone({ name: 'shared' })
const [outer, inner] = [imported, required].map(({ limitConn }) => limitConn({ limit: 5, zone }))
const server = http.createServer((req, res) => outer(req, res, () => inner(req, res, () => res.end())))

server.listen(0, '127.0.0.1')
await once(server, 'listening')
const agent = new http.Agent({ keepAlive: true })
const request = http.get({ host: '127.0.0.1', port: server.address().port, agent })
const [response] = await once(request, 'response')
await once(response.resume(), 'end')
console.log(JSON.stringify({ copies: copies.size, active: zone.count('127.0.0.1') }))
agent.destroy()
server.close()
