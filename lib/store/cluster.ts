import cluster, { type Worker } from 'node:cluster'
import { checkZone, zoneChecks, type ZoneOptions } from '../core/zone-options.ts'
import { LimitConnError } from '../errors.ts'
import { oneOf, whole, type Checks } from '../options/check.ts'
import type { OnStoreError } from './own-share.ts'
import { readQuestion, writeLetter, type Answer, type Question } from './messages.ts'
import { takeName } from './names.ts'
import { Primary } from './primary.ts'
import { SharedZone } from './shared-zone.ts'
import { askPrimary } from './worker-line.ts'
import { WorkerStore } from './worker-store.ts'

export interface ClusterZoneOptions extends ZoneOptions {
  /** How long a decision waits for the primary at most, in milliseconds, 1 to 10,000. @default 100 */
  readonly commandTimeoutMs?: number
  /**
   * What a worker does while the primary does not answer. `'local'`: it lets in its share of each limit, which is the limit
   * divided by the number of workers. `'reject'`: it lets nobody new in. `'pass'`: it lets in as many as the limit is;
   * insecure, for each does so. @default 'local'
   */
  readonly onStoreError?: OnStoreError
  /** How many workers there are, 1 to 65,536, for their shares. @default as many as were seen last */
  readonly instances?: number
}

const aDefault = { commandTimeoutMs: 100, onStoreError: 'local' } as const
const checks: Checks = {
  ...zoneChecks,
  commandTimeoutMs: whole(1, 10_000, 'a whole number of milliseconds from 1 to 10000'),
  onStoreError: oneOf<OnStoreError>('local', 'reject', 'pass'),
  instances: whole(1, 65_536, 'a whole number from 1 to 65536'),
}

/** How often a worker asks how many there are, in milliseconds. */
const syncMs = 1_000
/** Workers inherit it from a primary that shares its zones before it forks them. */
const sign = 'LIMIT_CONN_SHARED_ZONES'

let primary: Primary | undefined

/**
 * Lets the workers of this primary share their zones. Call it in the primary, before the first `cluster.fork()`; a second call
 * changes nothing. In a process without workers, as in development, a ClusterZone needs it, too.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_NO_PRIMARY in a worker
 */
export function shareZones(): void {
  if (cluster.isWorker)
    throw noPrimary('shareZones() was called in a worker; call it in the primary, before cluster.fork()')
  if (primary) return
  primary = listen(new Primary())
  process.env[sign] = '1'
}

/**
 * A zone that all workers of a `node:cluster` share, each with a zone of this name, by their primary, which has called
 * `shareZones()`. It goes wherever a zone goes; decisions wait for the primary. What a worker held is free as soon as it has died.
 *
 * `new ClusterZone({ name: 'addr' })`, once in each worker.
 *
 * While the primary answers, no key ever has more slots than its limit, over all workers. What happens else: docs/cluster.md.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION, ERR_LIMIT_CONN_UNKNOWN_OPTION; ERR_LIMIT_CONN_NO_PRIMARY where no
 * primary shares its zones; ERR_LIMIT_CONN_DUPLICATE_NAME for a second zone of one name in a process
 */
export class ClusterZone extends SharedZone {
  constructor(options: ClusterZoneOptions) {
    const checked = checkZone<ClusterZoneOptions>(options, checks)
    const { commandTimeoutMs, onStoreError, instances, ...zone } = { ...aDefault, ...checked }
    const ask = wayToAsk(commandTimeoutMs)
    super({
      zone,
      giveUpName: takeName(process, zone.name),
      store: new WorkerStore(zone.name, ask),
      ledger: { ttlMs: Infinity, syncMs, commandTimeoutMs, onStoreError, instances },
    })
  }
}

function listen(table: Primary): Primary {
  /** Workers that are there no more: a message of theirs may come late. */
  const gone = new WeakSet<Worker>()

  cluster.on('message', (worker, message) => {
    const letter = readQuestion(message)
    if (!letter || gone.has(worker)) return
    const answer = writeLetter('answer', letter.id, table.answer(worker, letter.question))
    // Without a callback a failure would be an `error` of the worker, which nobody needs to hear of: it is gone.
    worker.send(answer, undefined, undefined, () => undefined)
  })
  cluster.on('disconnect', forget)
  cluster.on('exit', forget)
  return table

  function forget(worker: Worker): void {
    gone.add(worker)
    table.forget(worker)
  }
}

function wayToAsk(timeoutMs: number): (question: Question) => Promise<Answer> {
  if (cluster.isWorker) {
    if (process.env[sign] !== undefined) return async (question) => await askPrimary(question, timeoutMs)
    const advice =
      'call shareZones() of limit-conn/cluster there, before cluster.fork(); where it is not yours, as that of pm2, take a RedisZone of limit-conn/redis'
    throw noPrimary(`a ClusterZone was made, and the primary of this worker shares no zones; ${advice}`)
  }

  const table = primary
  if (table) return (question) => Promise.resolve(table.answer(process, question))
  const advice = 'call shareZones() of limit-conn/cluster before; or make the zone in workers of node:cluster'
  throw noPrimary(`a ClusterZone was made in a process that is no worker and shares no zones; ${advice}`)
}

function noPrimary(message: string): LimitConnError {
  return new LimitConnError('ERR_LIMIT_CONN_NO_PRIMARY', message)
}
