import { gone, noHits, notLimited, type Decision, type Hit, type Outcome } from './decision.ts'
import type { Holder } from './holder.ts'
import type { Ask } from './limit.ts'
import type { Owner, Slot } from './slot.ts'

/** A holder that wants to come in. */
export interface Entry {
  readonly holder: Holder
  readonly owner: Owner
  readonly asks: readonly Ask[]
  /** Highest number of slots that the holder may have in one zone. */
  readonly maxKeys: number
  /** The request that needs the slots of its connection until it ends. */
  readonly request: Holder | undefined
}

/** What a look at one key found: already held, room, no room; the zone full; or too many keys of one holder. */
type Finding = 'held' | 'free' | 'over' | 'full' | 'crowded'

interface Look {
  readonly ask: Ask
  readonly key: string
  readonly slot: Slot | undefined
  readonly finding: Finding
}

/**
 * Looks at all limits, then takes all slots or none. Never waits: looks and takes are one tick.
 *
 * The first enforced limit that is exceeded refuses the holder. A dry-run limit takes its slot even above the limit, so
 * that the true overshoot shows.
 */
export function enter(entry: Entry): Outcome {
  if (entry.holder.isEnded || entry.request?.isEnded) return gone

  const again = enterAgain(entry)
  if (again) return again

  const looks: Look[] = []
  for (const ask of entry.asks) for (const key of ask.keys) looks.push(lookAt(entry, ask, key))

  const refusal = looks.find(isRefusal)
  if (refusal) return refuse(entry, refusal)

  for (const { keys, limit } of entry.asks) if (keys.length === 0) limit.zone.tally('skipped')
  return looks.length === 0 ? notLimited : admit(entry, looks)
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

function lookAt(entry: Entry, ask: Ask, key: string): Look {
  const slot = entry.holder.find(ask.limit.zone, key)
  return { ask, key, slot, finding: slot ? atSlot(entry, ask, slot) : atKey(entry, ask, key) }
}

/** The holder has a slot: a limit that admitted it does not look again, another looks with that slot included. */
function atSlot({ owner }: Entry, { max }: Ask, slot: Slot): Finding {
  if (slot.claimOf(owner)) return 'held'
  return slot.record.active > max ? 'over' : 'free'
}

function atKey(entry: Entry, ask: Ask, key: string): Finding {
  const { zone } = ask.limit
  if (isCrowded(entry, ask)) return 'crowded'
  if (!zone.hasRoomFor(ask.keys)) return 'full'
  return zone.activeUnder(key) >= ask.max ? 'over' : 'free'
}

/**
 * The holder would have more than `maxKeys` slots in the zone, those not counted that this owner would give back.
 * The keys of one address always fit.
 */
function isCrowded({ holder, owner, maxKeys }: Entry, { keys, limit }: Ask): boolean {
  if (holder.slots.length + keys.length <= maxKeys) return false
  const inZone = holder.slots.filter((slot) => slot.zone === limit.zone)
  const staying = inZone.filter((slot) => !slot.isIdleBut(owner) && !keys.includes(slot.record.key))
  return staying.length > 0 && staying.length + keys.length > maxKeys
}

function isRefusal({ ask: { limit }, finding }: Look): boolean {
  if (limit.isDryRun) return false
  return finding === 'over' || finding === 'crowded' || (finding === 'full' && limit.zone.onFull === 'reject')
}

function refuse({ holder, owner }: Entry, look: Look): Outcome {
  const { zone } = look.ask.limit
  const kind = look.finding === 'full' ? 'exhausted' : 'rejected'
  const decision = report('REJECTED', look.ask, look.key)
  if (!holder.isFirst(owner, zone, kind)) return { decision, hits: [] }

  zone.tally(kind, look.key)
  return { decision, hits: [{ zone, key: look.key, kind }] }
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
  giveBack(entry, looks)

  const { ask, key } = dryHit ?? fullest(looks)
  const decision = report(dryHit ? 'REJECTED_DRY_RUN' : 'PASSED', ask, key)
  return { decision, hits: hits ?? noHits }
}

function isTaken({ finding }: Look): boolean {
  return finding !== 'full' && finding !== 'crowded'
}

function isDryHit({ owner }: Entry, { ask, slot, finding }: Look): boolean {
  if (finding === 'held') return slot!.claimOf(owner)!.isDryRun
  if (finding === 'full' && ask.limit.zone.onFull === 'pass') return false
  return ask.limit.isDryRun && finding !== 'free'
}

function take({ holder, owner, request }: Entry, look: Look): void {
  const slot = look.slot ?? look.ask.limit.zone.take(look.key, holder)
  if (!look.slot) holder.hold(slot)

  const claim = slot.claimOf(owner)
  if (claim) claim.isLatest = true
  else slot.claims.push({ owner, isDryRun: look.finding === 'over', isLatest: true })
  request?.use(slot)
}

/** Counts a holder once for each owner and outcome, and tells what was met for the first time. */
function count({ holder, owner }: Entry, { ask, key, finding }: Look): Hit | undefined {
  const { zone } = ask.limit
  if (finding === 'held') return undefined

  const tally = finding === 'free' ? 'passed' : finding === 'full' ? 'exhausted' : 'rejectedDryRun'
  if (!holder.isFirst(owner, zone, tally)) return undefined
  zone.tally(tally)
  if (tally === 'passed') return undefined
  return { zone, key, kind: tally === 'exhausted' ? 'exhausted' : 'dry run' }
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
  return ask.max - ask.limit.zone.activeUnder(key)
}

function report(status: 'PASSED' | 'REJECTED' | 'REJECTED_DRY_RUN', ask: Ask, key: string): Decision {
  const { zone } = ask.limit
  return {
    status,
    passed: status !== 'REJECTED',
    zone: zone.name,
    limit: ask.max,
    active: zone.activeUnder(key),
  }
}
