import { looksOf } from './enter.ts'
import { makesRoom } from './evict.ts'
import type { Holder } from './holder.ts'
import { grantOf, isRefusal, type Entry, type Look } from './look.ts'
import type { Grant, Wish } from './share.ts'

/**
 * Asks the zones that several processes share for what a holder lacks there. Undefined where there is nothing to wait for:
 * no such zone, all is known, or a limit of this process refuses it.
 *
 * All is asked at one time. What is granted and not taken in the turn of the last answer is given back: nothing is kept for
 * one who has left meanwhile.
 */
export function reserve(entry: Entry): Promise<void> | undefined {
  if (!entry.asks.some(({ limit }) => limit.zone.share)) return undefined
  const looks = looksOf(entry)
  const unasked = looks.filter(({ finding }) => finding === 'unasked')
  if (unasked.length === 0 || looks.some(isFinal)) return undefined

  const asked = askedBefore(entry.holder, unasked)
  if (asked) return asked
  const waits = unasked.map(askFor).filter((answer) => answer instanceof Promise)
  if (waits.length > 0) return note(entry.holder, unasked, Promise.all(waits))
  settle(unasked)
  return undefined
}

/** What is asked for holders, by key. */
const asking = new WeakMap<Holder, Map<string, Promise<void>>>()

/** What another request of the holder has asked for already: one slot is enough for both. */
function askedBefore(holder: Holder, looks: readonly Look[]): Promise<void> | undefined {
  const pending = asking.get(holder)
  return pending && looks.map(({ key }) => pending.get(key)).find((answer) => answer !== undefined)
}

function note(holder: Holder, looks: readonly Look[], waits: Promise<unknown>): Promise<void> {
  const pending = asking.get(holder) ?? new Map<string, Promise<void>>()
  const answer = finish()
  for (const { key } of looks) pending.set(key, answer)
  asking.set(holder, pending)
  return answer

  async function finish(): Promise<void> {
    await waits
    for (const { key } of looks) pending.delete(key)
    settle(looks)
  }
}

/** It is refused, whatever the others say. */
function isFinal(look: Look): boolean {
  return look.finding !== 'unasked' && isRefusal(look) && !makesRoom(look)
}

function askFor({ ask, key, slot }: Look): Promise<void> | undefined {
  const { zone, isDryRun } = ask.limit
  const kind: Wish['kind'] = slot ? 'look' : isDryRun ? 'force' : 'take'
  const grants = (ask.grants ??= new Map<string, Grant>())
  const answer = zone.share!.ask({ key, kind, max: ask.max })
  if (answer instanceof Promise) return answer.then((grant) => void grants.set(key, grant))
  grants.set(key, answer)
  return undefined
}

/** One refusal gives the rest back at once; else it is kept for this turn. */
function settle(looks: readonly Look[]): void {
  const isRefused = looks.some(({ ask, key }) => !ask.limit.isDryRun && grantOf(ask, key)?.isOver)
  if (isRefused) giveBack(looks)
  else setImmediate(giveBack, looks)
}

function giveBack(looks: readonly Look[]): void {
  for (const { ask, key } of looks) grantOf(ask, key)?.giveBack()
}
