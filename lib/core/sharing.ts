import type { Limit } from './limit.ts'
import type { Owner } from './slot.ts'
import type { Zone } from './zone.ts'
import type { LimitConnError } from '../errors.ts'

/** Who counts in a zone, as far as it was seen: the last that enforces a limit, and the last that does not. */
interface Users {
  enforced?: WeakRef<Owner> | undefined
  dryRun?: WeakRef<Owner> | undefined
}

const usersOf = new WeakMap<Zone, Users>()

/**
 * Notes who counts where; answers with a zone in which a dry-run limit meets one that another owner enforces, if there is
 * one. Dry-run limits among themselves disturb nobody.
 */
export function noteUse(owner: Owner, limits: readonly Limit[]): Zone | undefined {
  let shared: Zone | undefined
  for (const { zone, isDryRun } of limits) {
    const users = usersOf.get(zone) ?? {}
    if (isOther(isDryRun ? users.enforced : users.dryRun, owner)) shared ??= zone

    users[isDryRun ? 'dryRun' : 'enforced'] = new WeakRef(owner)
    usersOf.set(zone, users)
  }
  return shared
}

/** The limits on a zone, as configured now, as far as their owners were seen: one that is enforced, and one that runs dry. */
export function limitsOn(zone: Zone): readonly Limit[] {
  const users = usersOf.get(zone)
  const owners = [users?.enforced?.deref(), users?.dryRun?.deref()]
  return owners.map((owner) => owner?.limitOn(zone)).filter((limit) => limit !== undefined)
}

/** Tells one of those who count in a zone; nobody, where nobody does. */
export function reportTo(zone: Zone, news: LimitConnError | string): void {
  const users = usersOf.get(zone)
  const owner = users?.enforced?.deref() ?? users?.dryRun?.deref()
  owner?.report(news)
}

/** Forgets an owner that counts here no more. */
export function forgetUse(owner: Owner, limits: readonly Limit[]): void {
  for (const { zone } of limits) {
    const users = usersOf.get(zone)
    if (users?.enforced?.deref() === owner) users.enforced = undefined
    if (users?.dryRun?.deref() === owner) users.dryRun = undefined
  }
}

function isOther(user: WeakRef<Owner> | undefined, owner: Owner): boolean {
  const other = user?.deref()
  return other !== undefined && other !== owner
}
