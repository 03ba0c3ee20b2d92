import { byHeader, limitConn, limitServer, Zone } from '../../../lib/index.ts'
import type { Client } from '../client.ts'
import { Held } from '../held.ts'
import { listen, serve, serverOf, type Served } from '../server.ts'
import { elapse } from '../until.ts'

/** A site of two servers, with clients that come and go as they do in a day, only faster. */
export interface Site {
  readonly zones: readonly Zone[]
  /** Lets so much time pass under load. */
  run(ms: number): Promise<void>
}

/** An application with a limit of each address, and one of each key that is only tried; and a guard in front of another. */
export async function busySite(): Promise<Site> {
  const perAddress = new Zone({ name: 'per-ip', max: 64 })
  const perKey = new Zone({ name: 'per-key', max: 512 })
  const limits = [
    { zone: perAddress, limit: 8 },
    { zone: perKey, key: byHeader('x-api-key'), limit: 4, dryRun: true },
  ]
  const policy = limitConn({ limits, logLevel: false })
  const held = new Held()
  const app = await serve((req, res) => policy(req, res, () => held.handler(req, res)), {
    policies: [policy],
  })

  const zone = new Zone({ name: 'tcp:5432', max: 1_024 })
  const server = serverOf(held.handler, {})
  const guard = limitServer(server, { zone, limit: 12, logLevel: false })
  const port = await listen(server, { policies: [guard], guard })

  const clients = new Set<Client>()
  const dice = mulberry(8)
  return {
    zones: [perAddress, perKey, zone],
    async run(ms) {
      const end = performance.now() + ms
      for (let round = 0; performance.now() < end; round++) {
        await visit({ app, port, clients, dice, round })
        await elapse(50)
      }
    },
  }
}

interface Round {
  readonly app: Served
  readonly port: Served
  readonly clients: Set<Client>
  readonly dice: () => number
  readonly round: number
}

/** The crowd swells and shrinks; a few hold much, many hold little. */
async function visit({ app, port, clients, dice, round }: Round): Promise<void> {
  for (const client of clients) if (client.isClosed) clients.delete(client)
  const wanted = 46 + Math.round(22 * Math.sin(round / 300) + 10 * Math.sin(round / 90))
  if (clients.size > wanted || dice() < 0.25) leave(clients, dice)
  if (clients.size > wanted) return

  const nth = Math.floor(dice() ** 2.2 * 24)
  const isTcp = dice() < 0.25
  const localAddress = `127.0.${isTcp ? 3 : 2}.${11 + nth * 7}`
  const client = await (isTcp ? port : app).connect({ localAddress })
  clients.add(client.get('/', { 'x-api-key': `customer-${nth}` }))
}

function leave(clients: Set<Client>, dice: () => number): void {
  const one = [...clients][Math.floor(dice() * clients.size)]
  one?.destroy()
}

/** A generator of numbers from 0 to 1, the same in each run. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
