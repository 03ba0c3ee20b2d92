import { LimitConnError } from '../errors.ts'

/** The names of the shared zones, by what they are kept with: a client, or the primary. */
const taken = new WeakMap<object, Set<string>>()

/** Takes a name, until what is returned is called: two shared zones of one name would count everybody twice. */
export function takeName(where: object, name: string): () => void {
  const names = taken.get(where) ?? new Set<string>()
  if (names.has(name)) throw isTaken(name)
  taken.set(where, names.add(name))
  return () => names.delete(name)
}

function isTaken(name: string): LimitConnError {
  const message = `zone.name is ${JSON.stringify(name)}, as that of another shared zone of this process; make one zone and give it to each limit`
  return new LimitConnError('ERR_LIMIT_CONN_DUPLICATE_NAME', message, { option: 'zone.name' })
}
