import http from 'node:http'
import { limitConn } from 'limit-conn'

const policy = limitConn({ limit: 2, logLevel: false })
const server = http.createServer((req, res) => policy(req, res, () => res.write(req.limitConn.status)))
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
