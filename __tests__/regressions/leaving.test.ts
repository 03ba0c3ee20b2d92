import { describe, expect, it } from '@jest/globals'
import { byHeader, limitConn, type LimitConn } from '../../lib/index.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { serve, type Handler, type Served } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const headers = { 'X-Api-Key': 'k' }

/** Counts under a key that outlives the socket, as the address does not. Its sweep comes too late to help. */
function policyOf(count: 'connections' | 'requests'): LimitConn {
  const common = { logLevel: false, warnings: false, sweep: { everyMs: 60_000 } } as const
  return limitConn({ limit: 5, key: byHeader('x-api-key'), count, ...common })
}

/** Five can be held, and no more. */
async function expectRoomForFive(server: Served, held: Held, { zones: [zone] }: LimitConn): Promise<void> {
  expect(zone!.stats().active).toBe(0)
  const before = held.runs
  await Promise.all(Array.from({ length: 5 }, () => server.get('/', headers)))
  await held.arrived(before + 5)
  expect(await (await server.get('/', headers)).answer()).toBe(503)
}

describe.each(['connections', 'requests'] as const)('clients of one key, counting %s', (count) => {
  it('F1: 200 that leave before the limiter is asked are not counted, and not passed on', async () => {
    const policy = policyOf(count)
    const held = new Held()
    const inner = bare([policy], held.handler)
    const waiting: (() => void)[] = []
    const slowly: Handler = (req, res) => void waiting.push(() => inner(req, res))
    const server = await serve((...call) => (waiting.length < 200 ? slowly : inner)(...call), {
      policies: [policy],
    })
    const clients = await Promise.all(Array.from({ length: 200 }, () => server.get('/', headers)))
    await until('all have asked', () => waiting.length === 200)
    for (const client of clients) client.reset()
    await until('all have left', () => server.sockets.size === 0)

    for (const goOn of waiting) goOn()
    expect(held.runs).toBe(0)
    await expectRoomForFive(server, held, policy)
  })

  it.each(['before', 'after'])(
    'F31: 200 that another part destroys in the same tick, %s the limiter, leave nothing counted',
    async (when) => {
      const policy = policyOf(count)
      const held = new Held()
      const inner = bare([policy], held.handler)
      let destroyed = 0
      const handler: Handler = (req, res) => {
        if (destroyed++ >= 200) return void inner(req, res)
        if (when === 'before') req.socket.destroy()
        policy(req, res, () => undefined)
        if (when === 'after') req.socket.destroy()
        return undefined
      }
      const server = await serve(handler, { policies: [policy] })
      const clients = await Promise.all(Array.from({ length: 200 }, () => server.get('/', headers)))
      await Promise.all(clients.map((client) => client.closed()))

      await expectRoomForFive(server, held, policy)
    },
  )
})
