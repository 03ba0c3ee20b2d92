import http from 'node:http'
import net, { type Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { limitConn, Limiter, limitServer, limitUpgrade, type Zone } from '../../lib/index.ts'
import { listen } from '../helpers/server.ts'
import { nextTurn, until } from '../helpers/until.ts'

/** A key that is found while the application destroys the socket: `close` comes only a moment later. */
const keys = {
  'at once': (socket: Socket) => (socket.destroy(), 'k'),
  'behind a wait': async (socket: Socket) => (await nextTurn(), socket.destroy(), 'k'),
}

describe.each(Object.keys(keys) as (keyof typeof keys)[])(
  'A-14: destroyed by the key function, not closed yet, %s',
  (when) => {
    const keyOf = keys[when] as (socket: Socket) => string | Promise<string>

    /** A zone that nobody has ever been counted in. */
    function expectUntouched(zone: Zone): void {
      expect(zone.stats()).toMatchObject({ passed: 0, rejected: 0, active: 0, peak: 0 })
    }

    it('a guard counts nothing, and no listener hears of it', async () => {
      const server = net.createServer()
      const guard = limitServer(server, { limit: 1, key: keyOf, logLevel: false })
      let heard = 0
      server.on('connection', () => heard++)
      const { connect } = await listen(server, { policies: [guard], guard })
      for (let n = 0; n < 20; n++) await (await connect()).closed()

      expect(heard).toBe(0)
      expectUntouched(guard.zones[0]!)
    })

    it('middleware counts nothing, and does not go on', async () => {
      const policy = limitConn({ limit: 1, key: (req) => keyOf(req.socket), logLevel: false })
      let runs = 0
      const server = http.createServer((req, res) => policy(req, res, () => runs++))
      const { get } = await listen(server, { policies: [policy] })
      for (let n = 0; n < 20; n++) await (await get()).closed()

      expect(runs).toBe(0)
      expectUntouched(policy.zones[0]!)
    })

    it('an upgrade counts nothing, and its handler does not run', async () => {
      let runs = 0
      const options = {
        limit: 1,
        key: (req: http.IncomingMessage) => keyOf(req.socket),
        logLevel: false,
      } as const
      const policy = limitUpgrade(options, () => runs++)
      const { get } = await listen(http.createServer().on('upgrade', policy), { policies: [policy] })
      for (let n = 0; n < 20; n++) await (await get('/', { Connection: 'Upgrade', Upgrade: 'x' })).closed()

      expect(runs).toBe(0)
      expectUntouched(policy.zones[0]!)
    })

    it('a Limiter says GONE', async () => {
      const limiter = new Limiter({ limit: 1, key: (source) => keyOf(source as Socket) })
      const decisions: unknown[] = []
      const server = net.createServer((socket) => {
        void (async () => decisions.push((await limiter.accept(socket)).status))()
      })
      const { connect } = await listen(server, { policies: [] })
      for (let n = 0; n < 20; n++) await (await connect()).closed()

      await until('all are decided on', () => decisions.length === 20)
      expect(new Set(decisions)).toEqual(new Set(['GONE']))
      expectUntouched(limiter.zones[0]!)
    })
  },
)

it('a Limiter says GONE of a source that it counted, once that is destroyed', async () => {
  const limiter = new Limiter({ limit: 1 })
  const statuses: unknown[] = []
  const server = net.createServer((socket) => {
    statuses.push(limiter.accept(socket).status)
    socket.destroy()
    statuses.push(limiter.accept(socket).status, limiter.numOpen('127.0.0.1'))
  })
  const { connect } = await listen(server, { policies: [] })
  await (await connect()).closed()

  expect(statuses).toEqual(['PASSED', 'GONE', 0])
})
