import { expect } from '@jest/globals'
import type { Crew } from '../redis/crew.ts'
import { RedisServer } from '../redis/server.ts'
import { nowMs } from '../redis/truth.ts'
import {
  backMs,
  crewOf,
  endEven,
  fill,
  limit,
  settle,
  slackMs,
  tell,
  told,
  took,
  type Stage,
} from './stage.ts'

/** How all that stands in Redis is lost. */
export type Loss = 'SIGKILL and an empty start' | 'FLUSHALL'

const losses: Record<Loss, (server: RedisServer) => Promise<unknown>> = {
  'SIGKILL and an empty start': async (server) => {
    await server.kill()
    await server.restart()
  },
  FLUSHALL: (server) => server.command('FLUSHALL'),
}

/** Who holds what when it happens. */
export type Spread = 'each holds its part' | 'one holds all'

/** Each keeps what it holds, or has its fair share, until all have told. */
const bounds: Record<Spread, (size: number) => number> = {
  'each holds its part': () => limit,
  'one holds all': (size) => limit + (size - 1) * Math.ceil(limit / size),
}

/**
 * X3: Redis forgets all, while all there is is held and everybody tries to come in. Within a sync after all are back nobody
 * comes in any more.
 */
export async function checkEmptied(stage: Stage, by: Loss, spread: Spread): Promise<void> {
  const server = await RedisServer.start()
  const crew = await crewOf(stage, { place: { url: server.url } })
  let most = 0
  let lastMs = -Infinity
  let toldMs = 0

  for (let round = 0; round < stage.rounds; round++) {
    await hold(crew, spread)
    const fromMs = nowMs()
    const floods = crew.each((worker) => worker.flood(stage.watchMs))
    await losses[by](server)
    const backAtMs = nowMs()
    await floods

    const truth = crew.truth()
    most = Math.max(most, truth.most({ fromMs }))
    if (truth.opened({ fromMs }) > 0) lastMs = Math.max(lastMs, truth.lastOpenedMs() - backAtMs)
    toldMs = Math.max(toldMs, await told(crew, server.url))
    await expectExactAgain(crew)
    await crew.each((worker) => worker.close())
    await settle(crew)
  }

  const freedMs = await endEven(crew)
  const bound = bounds[spread](crew.workers.length)
  tell(
    stage,
    `D4, ${by}, ${spread}: at most ${bound} open, nobody new a sync (${stage.syncMs} ms) after all are back`,
    {
      'most open': most,
      'last let in after ms': lastMs,
      'told after ms': toldMs,
      'residue gone after ms': freedMs,
    },
  )
  expect(most).toBeLessThanOrEqual(bound)
  expect(lastMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  expect(toldMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  await server.kill()
}

async function hold(crew: Crew, spread: Spread): Promise<void> {
  const share = spread === 'one holds all' ? limit : limit / crew.workers.length
  await took('all there is is held', async () => {
    for (const worker of crew.workers) await worker.open(Math.max(0, share - (await worker.state()).held))
    return crew.truth().at() === limit
  })
}

/** All close, and open again: exactly as many come in as may. */
async function expectExactAgain(crew: Crew): Promise<void> {
  await crew.each((worker) => worker.close())
  await settle(crew)
  await fill(crew)
}
