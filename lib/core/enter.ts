import { isPassedHeard, tellHits } from './channels.ts'
import { gone, noHits, notLimited, type Decision, type Hit, type Outcome } from './decision.ts'
import { chooseVictims, endVictims, type Victims } from './evict.ts'
import type { Ask } from './limit.ts'
import { grantOf, isRefusal, isTaken, lookAt, type Entry, type Look } from './look.ts'
import { totalUnder } from './share.ts'
import { tryRefused, tryTogether, tryWithout } from './tried.ts'

/**
 * Looks at all limits, then takes all slots or none. Never waits: looks and takes are one tick.
 *
 * The first enforced limit that is exceeded refuses the holder, unless all that are exceeded make room. A dry-run limit
 * takes its slot even above the limit, so that the true overshoot shows.
 */
export function enter(entry: Entry): Outcome {
  const found = tryToEnter(entry)
  return isLook(found) ? refuse(entry, found) : found
}

/** Enters, or answers with what refuses the holder: it is not counted yet. */
export function tryToEnter(entry: Entry): Outcome | Look {
  if (entry.holder.isEnded || entry.request?.isEnded) return gone

  const again = enterAgain(entry)
  if (again) return again

  const looks = looksOf(entry)
  const victims = chooseVictims(entry, looks)
  if (!victims) return refusalAmong(looks)

  for (const { keys, limit } of entry.asks) if (keys.length === 0) limit.zone.tally('skipped')
  if (looks.length === 0) return notLimited
  const outcome = victims.size === 0 ? admit(entry, looks) : admitFor(entry, victims)
  // What others do when they say farewell may have closed the newcomer as well.
  const isGone = entry.holder.isEnded || entry.request?.isEnded
  return isGone ? { ...outcome, decision: gone.decision } : outcome
}

/** What refuses: where one is found, the others were not asked. */
function refusalAmong(looks: readonly Look[]): Look {
  const refusals = looks.filter(isRefusal)
  return refusals.find(({ finding }) => finding !== 'unasked') ?? refusals[0]!
}

/** What each limit finds, under each key. */
export function looksOf(entry: Entry): Look[] {
  const looks: Look[] = []
  for (const ask of entry.asks) for (const key of ask.keys) looks.push(lookAt(entry, ask, key))
  return looks
}

export function isLook(found: Outcome | Look): found is Look {
  return 'finding' in found
}

/** Admits a holder in the place of others. They are closed when all is taken: their farewells may do anything. */
function admitFor(entry: Entry, victims: Victims): Outcome {
  const closings = endVictims(victims)
  const { decision, hits } = admit(entry, looksOf(entry))
  for (const close of closings) close?.()

  const evictions = Array.from(victims.values(), ({ ask, key }): Hit => {
    return { zone: ask.limit.zone, key, kind: 'evicted', limit: ask.max }
  })
  return { decision, hits: [...hits, ...evictions] }
}

/**
 * The way of most requests: one limit, and its slot is the only one that the holder has. It comes to what the long way
 * comes to, and makes less.
 */
function enterAgain({ holder, owner, asks, request }: Entry): Outcome | undefined {
  const [ask] = asks
  const [slot] = holder.slots
  if (!ask || !slot || asks.length > 1 || holder.slots.length > 1) return undefined
  if (ask.keys.length !== 1 || ask.keys[0] !== slot.record.key || ask.limit.zone !== slot.zone)
    return undefined
  const claim = slot.claimOf(owner)
  if (!claim || claim.isDryRun) return undefined

  claim.isLatest = true
  request?.use(slot)
  return { decision: report('PASSED', ask, slot.record.key), hits: noHits }
}

/** Counts a refusal. */
export function refuse(entry: Entry, look: Look): Outcome {
  const { holder, owner } = entry
  const { zone } = look.ask.limit
  const kind = look.finding === 'full' ? 'exhausted' : 'rejected'
  const decision = report('REJECTED', look.ask, look.key)
  tryRefused(entry, look)
  if (!holder.isFirst(owner, zone, kind)) return { decision, hits: noHits }

  zone.tally(kind)
  const record = zone.recordOf(look.key)
  if (record && kind === 'rejected') record.refusals.rejected++
  const hits: Hit[] = [{ zone, key: look.key, kind, limit: look.ask.max }]
  tellHits(hits)
  return { decision, hits }
}

function admit(entry: Entry, looks: readonly Look[]): Outcome {
  let hits: Hit[] | undefined
  let dryHit: Look | undefined

  for (const look of looks) {
    if (isDryHit(entry, look)) dryHit ??= look
    if (isTaken(look)) take(entry, look)
    const hit = count(entry, look)
    if (hit) (hits ??= []).push(hit)
  }
  tryTogether(entry, looks)
  giveBack(entry, looks)
  if (hits) tellHits(hits)

  const { ask, key } = dryHit ?? fullest(looks)
  const decision = report(dryHit ? 'REJECTED_DRY_RUN' : 'PASSED', ask, key)
  return { decision, hits: hits ?? noHits }
}

function isDryHit({ owner }: Entry, { ask, slot, finding }: Look): boolean {
  if (finding === 'held') return slot!.claimOf(owner)!.isDryRun
  if (finding === 'full' && ask.limit.zone.onFull === 'pass') return false
  return ask.limit.isDryRun && finding !== 'free'
}

function take({ holder, owner, request }: Entry, look: Look): void {
  if (!look.slot) grantOf(look.ask, look.key)?.take()
  const slot = look.slot ?? look.ask.limit.zone.take(look.key, holder)
  if (!look.slot) {
    holder.hold(slot)
    if (look.ask.keys.length === 1) slot.zone.trials.arrived(slot)
  }

  const claim = slot.claimOf(owner)
  if (claim) claim.isLatest = true
  else slot.claims.push({ owner, isDryRun: look.finding === 'over', isLatest: true })
  request?.use(slot)
}

/** Counts a holder once for each owner and outcome, and tells what was met for the first time. */
function count({ holder, owner }: Entry, look: Look): Hit | undefined {
  const { ask, key, finding } = look
  const { zone } = ask.limit
  if (finding === 'held') return undefined

  if (!isTaken(look)) tryWithout(holder, ask)
  const tally = finding === 'free' ? 'passed' : finding === 'full' ? 'exhausted' : 'rejectedDryRun'
  if (!holder.isFirst(owner, zone, tally)) return undefined
  zone.tally(tally)
  const record = tally === 'rejectedDryRun' ? holder.find(zone, key)?.record : undefined
  if (record) record.refusals.rejectedDryRun++
  if (tally === 'passed' && !isPassedHeard()) return undefined
  return { zone, key, kind: tally === 'rejectedDryRun' ? 'dry run' : tally, limit: ask.max }
}

/** After the new slots are taken, not before: the owner's idle slots under older keys, in the zones it took slots in. */
function giveBack({ holder, owner }: Entry, looks: readonly Look[]): void {
  if (holder.slots.length === looks.length && looks.every(isTaken)) return

  for (const slot of holder.slots.slice()) {
    const inZone = looks.filter((look) => look.ask.limit.zone === slot.zone)
    const claim = slot.claimOf(owner)
    if (!claim || !inZone.some(isTaken) || inZone.some((look) => look.key === slot.record.key)) continue

    claim.isLatest = false
    holder.giveBackIfIdle(slot)
  }
}

function fullest(looks: readonly Look[]): Look {
  return looks.reduce((least, look) => (roomOf(look) < roomOf(least) ? look : least))
}

function roomOf({ ask, key }: Look): number {
  return ask.max - totalUnder(ask.limit.zone, key)
}

function report(status: 'PASSED' | 'REJECTED' | 'REJECTED_DRY_RUN', ask: Ask, key: string): Decision {
  const { zone } = ask.limit
  return {
    status,
    passed: status !== 'REJECTED',
    zone: zone.name,
    limit: ask.max,
    active: totalUnder(zone, key),
  }
}
