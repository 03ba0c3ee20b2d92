import http from 'node:http'
import net from 'node:net'
import { byHeader, limitConn, Limiter, limitServer, limitUpgrade, Zone } from 'limit-conn'

// Each of these lines must be refused by the compiler; one that is accepted is an error of its own.
export const refused = [
  // @ts-expect-error misspelt
  () => limitConn({ limt: 3 }),
  // @ts-expect-error misspelt beside one that is right
  () => limitConn({ limit: 3, dryrun: true }),
  // @ts-expect-error misspelt in a list
  () => limitConn({ limits: [{ limit: 3, zonne: new Zone({ name: 'z' }) }] }),
  // @ts-expect-error misspelt inside of an option
  () => limitConn({ limit: 3, sweep: { every: 1 } }),
  // @ts-expect-error no limit
  () => limitConn({ logLevel: 'warn' }),
  // @ts-expect-error a number, not text
  () => limitConn({ limit: '10' }),
  // @ts-expect-error no such level
  () => limitConn({ limit: 1, logLevel: 'debug' }),
  // @ts-expect-error no such unit
  () => limitConn({ limit: 1, count: 'sockets' }),
  // @ts-expect-error undefined is not the absence of an option under exactOptionalPropertyTypes
  () => limitConn({ limit: 1, statusCode: undefined }),
  // @ts-expect-error an option of limitServer
  () => limitConn({ limit: 1, keepAliveMs: 1 }),
  // @ts-expect-error a number is no key
  () => limitConn({ limit: 1, key: 5 }),
  // @ts-expect-error misspelt in what changes it
  () => limitConn({ limit: 1 }).setConfig({ statuscode: 429 }),
  // @ts-expect-error misspelt option of a zone
  () => new Zone({ name: 'z', maximum: 5 }),
  // @ts-expect-error no such choice
  () => byHeader('x', { missing: 'reject' }),
  // @ts-expect-error a server is missing
  () => limitServer({ limit: 1 }),
  // @ts-expect-error a guard knows no status code
  () => limitServer(net.createServer(), { limit: 1, headers: 'draft-8' }),
  // @ts-expect-error a guard has no requests
  () => limitServer(http.createServer(), { limit: 1, key: (req: http.IncomingMessage) => req.url }),
  // @ts-expect-error no handler
  () => limitUpgrade({ limit: 1 }),
  // @ts-expect-error nothing that ends
  () => new Limiter({ limit: 1 }).accept('127.0.0.1'),
  // @ts-expect-error the answer is a promise where the key is one
  () => new Limiter({ limit: 1, key: async () => 'k' }).accept(new net.Socket()).passed,
]
