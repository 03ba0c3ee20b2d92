import { expect } from '@jest/globals'
import { sumOf } from '../redis/crew.ts'
import { RedisServer } from '../redis/server.ts'
import { crewOf, endEven, limit, settle, slackMs, tell, backMs, type Stage } from './stage.ts'
import { writtenIn } from '../redis/cells.ts'
import { later } from '../redis/server.ts'

const commandTimeoutMs = 100

/** How Redis keeps everybody waiting. */
export type Slowness = 'CLIENT PAUSE ALL' | 'CLIENT PAUSE WRITE' | 'SIGSTOP of Redis'

const slownesses: Record<Slowness, (server: RedisServer, pauseMs: number) => Promise<unknown>> = {
  'CLIENT PAUSE ALL': (server, pauseMs) => server.command('CLIENT', 'PAUSE', String(pauseMs), 'ALL'),
  'CLIENT PAUSE WRITE': (server, pauseMs) => server.command('CLIENT', 'PAUSE', String(pauseMs), 'WRITE'),
  'SIGSTOP of Redis': async (server, pauseMs) => {
    server.pause()
    setTimeout(() => server.resume(), pauseMs)
  },
}

/**
 * X4: Redis does not answer for a while, and then does all that it was asked. Nobody waits for it longer than
 * commandTimeoutMs. Who closed meanwhile is counted no more after a sync.
 */
export async function checkSlow(
  stage: Stage,
  by: Slowness,
  { pauseMs = 2_000, allowedMs = 20 } = {},
): Promise<void> {
  const server = await RedisServer.start()
  const crew = await crewOf(stage, { place: { url: server.url }, zone: { commandTimeoutMs } })
  await crew.each((worker) => worker.open(limit / crew.workers.length))

  const churns = crew.each((worker, seed) =>
    worker.churn({ seed, forMs: 1.5 * pauseMs, atOnce: 4, holdMs: 20, restMs: 1 }),
  )
  await later(100)
  await slownesses[by](server, pauseMs)
  const tally = sumOf(await churns)
  const most = crew.truth().most()

  await crew.each((worker) => worker.close())
  const knownMs = await settle(crew)
  const { cells } = await writtenIn([server.url], crew.options.zone.name)
  const freedMs = await endEven(crew)
  tell(
    stage,
    `D7, D11, X4 by ${by}: a decision takes at most ${commandTimeoutMs} ms more, counts are right after ${stage.syncMs} ms`,
    {
      decisions: tally.passed + tally.rejected,
      'p50 ms': tally.p50Ms,
      'p99 ms': tally.p99Ms,
      'slowest ms': tally.maxMs,
      'most open': most,
      'true count known after ms': knownMs,
      'residue gone after ms': freedMs,
    },
  )
  expect(cells.filter(({ count }) => !(count >= 0))).toEqual([])
  expect(tally.p99Ms).toBeLessThanOrEqual(commandTimeoutMs + allowedMs)
  expect(most).toBeLessThan(2 * limit)
  expect(knownMs).toBeLessThanOrEqual(backMs + stage.syncMs + slackMs)
  await server.kill()
}
