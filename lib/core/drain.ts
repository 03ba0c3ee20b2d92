import { setTimeout as elapse } from 'node:timers/promises'
import { lingerMs, type Carrier } from './carrier.ts'
import { closeAll } from './close.ts'
import type { Holder } from './holder.ts'
import type { Zone } from './zone.ts'

/** How what a policy had let in ended while it was drained. */
export interface DrainReport {
  /** Closed at once: they were idle. */
  readonly idle: number
  /** Ended in time: they were let finish what they were in the middle of, or ended by themselves. */
  readonly ended: number
  /** Closed at the end in the middle of something: a request, a handshake, a raw TCP connection. */
  readonly cut: number
  /** Closed at the end after they had left HTTP: WebSockets, CONNECT tunnels. */
  readonly upgraded: number
}

/** What there is to drain: asked again and again, for some may come meanwhile. */
export type Open = () => ReadonlyMap<Holder, readonly Zone[]>

/** How often to look for what has become idle, in milliseconds. */
const lookMs = 50

/** Closes what is idle, at once and as it becomes so; after `ms` the rest. Resolves when all is closed. */
export async function drain(open: Open, ms: number): Promise<DrainReport> {
  const endMs = performance.now() + ms
  const seen = new Set<Holder>()
  const early: Closed[] = []

  for (;;) {
    for (const one of closeSome(open, seen, ({ state }) => state === 'idle')) early.push(one)
    const restMs = endMs - performance.now()
    if (restMs <= 0 || [...seen].every(({ isEnded }) => isEnded)) break
    await elapse(Math.min(lookMs, restMs))
  }

  const rest = closeSome(open, seen, () => true)
  await allGone([...early, ...rest])

  const idle = early.filter(({ isNew }) => isNew).length
  const upgraded = rest.filter(({ state }) => state === 'upgraded').length
  return { idle, ended: seen.size - idle - rest.length, cut: rest.length - upgraded, upgraded }
}

/** What was closed, and how it was before. */
interface Closed {
  readonly carrier: Carrier
  readonly state: Carrier['state']
  /** It was not met before: it had not been let finish anything. */
  readonly isNew: boolean
}

/** Closes some of what is open, asks the rest to finish, and notes all of it. What nothing can close is left alone. */
function closeSome(open: Open, seen: Set<Holder>, which: (carrier: Carrier) => boolean): Closed[] {
  const closed: Closed[] = []
  for (const [holder, zones] of open()) {
    const { carrier } = holder
    if (!carrier || carrier.isStuck) continue
    const isNew = !seen.has(holder)
    seen.add(holder)
    if (!which(carrier)) {
      carrier.finish()
      continue
    }
    const { state } = carrier
    // It may have ended as another one was closed.
    if (closeAll([holder], 'drained', zones) > 0) closed.push({ carrier, state, isNew })
  }
  return closed
}

/** Waits until all is closed, at most as long as a last word takes. */
async function allGone(closed: readonly Closed[]): Promise<void> {
  const endMs = performance.now() + lingerMs + lookMs
  while (performance.now() < endMs && closed.some(({ carrier }) => carrier.pulse() !== 'gone'))
    await elapse(lookMs)
}
