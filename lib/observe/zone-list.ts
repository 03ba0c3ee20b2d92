import { LimitConnError } from '../errors.ts'
import { invalid } from '../options/check.ts'
import type { Zone } from '../core/zone.ts'

/** The zones to show: a list, or a function that is asked for one each time. */
export type ZoneList = Iterable<Zone> | (() => Iterable<Zone>)

/**
 * Makes a function that returns the zones of now. A list is checked at once, what a function returns each time.
 *
 * @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION; ERR_LIMIT_CONN_DUPLICATE_NAME for two zones of one name
 */
export function zoneLister(zones: unknown, path = 'zones'): () => readonly Zone[] {
  if (typeof zones === 'function' && !hasZones(zones)) return () => checkZones(zones(), path)
  const list = checkZones(zones, path)
  return () => list
}

function checkZones(zones: unknown, path: string): readonly Zone[] {
  if (hasZones(zones)) throw isNoList(path, { is: 'a policy', write: 'its zones, policy.zones' })
  if (isZone(zones)) throw isNoList(path, { is: 'one zone', write: 'a list, [zone]' })
  const list = isIterable(zones) ? [...zones] : [undefined]
  if (!list.every(isZone)) throw invalid(path, zones, 'a list of zones, or a function that returns one')

  const names = new Set<string>()
  for (const { name } of list) {
    if (names.has(name)) throw isTwice(name, path)
    names.add(name)
  }
  return list
}

/** As a policy has, which is a function itself. */
function hasZones(value: unknown): boolean {
  return (typeof value === 'function' || typeof value === 'object') && value !== null && 'zones' in value
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

/** By what is asked of it: a zone may come from another copy of this package. */
function isZone(value: unknown): value is Zone {
  const { name, stats } = (value ?? {}) as Partial<Zone>
  return typeof name === 'string' && typeof stats === 'function'
}

function isNoList(
  path: string,
  { is, write }: { readonly is: string; readonly write: string },
): LimitConnError {
  const message = `${path} is ${is}; expected ${write}`
  return new LimitConnError('ERR_LIMIT_CONN_INVALID_OPTION', message, { option: path })
}

function isTwice(name: string, path: string): LimitConnError {
  const message = `${path} has two of the name ${JSON.stringify(name)}: nobody could tell their numbers apart; give each a name of its own`
  return new LimitConnError('ERR_LIMIT_CONN_DUPLICATE_NAME', message, { option: path })
}
