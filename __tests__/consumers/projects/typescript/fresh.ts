import { limitConn, Limiter } from 'limit-conn'

// A project that names nothing of Node: its types must be there all the same, and not be `any`.
const policy = limitConn({ limit: 1, key: (req) => req.headers['x-api-key']?.toString() })
limitConn({
  limit: 1,
  // @ts-expect-error a request has no such property
  key: (req) => req.nothing,
})
// @ts-expect-error a lease has no such method
new Limiter({ limit: 1 }).accept({ on: () => undefined }).lease?.end()
export const active: number | undefined = policy.zones[0]?.stats().active
