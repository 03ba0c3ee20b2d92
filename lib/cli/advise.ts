import { readArguments, type AdviseArguments } from './arguments.ts'
import { Complaint } from './complaint.ts'
import { printable, table } from './table.ts'

/** An advice, as a statusRouter sends it. */
interface SentAdvice {
  readonly since_ms: number
  readonly arrivals: number
  readonly refused_at: number | null
  readonly candidates: readonly SentCandidate[]
  readonly suggestion: { readonly limit: number | null; readonly reason: string }
}

interface SentCandidate {
  readonly limit: number
  readonly rejected: number
  readonly rejected_share: number
  readonly keys?: number
  readonly top_keys: readonly { readonly shown: string; readonly rejected: number }[]
  readonly exactness: string
}

/** How long an answer may take, in milliseconds. */
const timeoutMs = 10_000

/**
 * Asks a statusRouter for the advice of its zones, and writes it as text, for a terminal of a width.
 *
 * @throws Complaint
 */
export async function adviseCommand(args: readonly string[], width: number): Promise<string> {
  const asked = readArguments(args)
  const zones = await zonesOf(asked)
  const { zone } = asked
  if (zone !== undefined && !zones.includes(zone)) {
    const known = zones.length === 0 ? 'there are none' : `the zones are ${zones.map(printable).join(', ')}`
    throw new Complaint(`there is no zone ${JSON.stringify(zone)}; ${known}`)
  }
  const names = zone === undefined ? zones : [zone]
  if (names.length === 0) return 'There are no zones.\n'

  const texts: string[] = []
  for (const name of names) texts.push(textOf(name, await adviceOf(asked, name), { asked, width }))
  return texts.join('\n')
}

/** The names of the zones. */
async function zonesOf(asked: AdviseArguments): Promise<string[]> {
  const path = '/limit_conns'
  const zones = Object.entries(await get(asked, path))
  if (zones.length > 0 ? zones.every(([, zone]) => isZone(zone)) : await knowsNoZone(asked))
    return zones.map(([name]) => name)
  throw isNone(asked, path)
}

/** Many servers answer `{}` to anything: a statusRouter says of any name that there is no such zone. */
async function knowsNoZone(asked: AdviseArguments): Promise<boolean> {
  const { status, json } = await ask(asked, '/limit_conns/none')
  const { error } = (json ?? {}) as { error?: { code?: unknown } }
  return status === 404 && error?.code === 'LimitConnNotFound'
}

function isZone(value: unknown): boolean {
  const { limits, passed } = (value ?? {}) as { limits?: unknown; passed?: unknown }
  return Array.isArray(limits) && typeof passed === 'number'
}

async function adviceOf(asked: AdviseArguments, name: string): Promise<SentAdvice> {
  const query = new URLSearchParams(asked.query)
  const path = `/limit_conns/${encodeURIComponent(name)}/advice${query.size > 0 ? `?${query.toString()}` : ''}`
  const advice = (await get(asked, path)) as SentAdvice
  if (Array.isArray(advice.candidates) && typeof advice.suggestion === 'object') return advice
  throw isNone(asked, path)
}

function textOf(
  name: string,
  { since_ms, arrivals, refused_at, candidates, suggestion }: SentAdvice,
  { asked, width }: { readonly asked: AdviseArguments; readonly width: number },
): string {
  const since = new Date(since_ms).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
  const refused =
    refused_at === null ? 'no limit has refused any' : `a limit of ${refused_at} has refused some`
  const head = ['limit', 'rejected', 'share', 'keys', 'how exact', 'loudest keys']
  const { limit, reason } = suggestion
  const named = new Set([limit, refused_at, ...(asked.query['limits'] ?? '').split(',').map(Number)])
  const shown = worthShowing(candidates, named)
  const above = candidates[shown.length]
  return [
    `Zone ${printable(name)}: ${arrivals} ${arrivals === 1 ? 'arrival' : 'arrivals'} since ${since}, ${refused}`,
    '',
    ...table([head, ...shown.map(rowOf)], { numbers: 4, width }),
    ...(above ? [aboveOf(above)] : []),
    '',
    `${limit === null ? 'No suggestion' : `Suggestion: ${limit}`}: ${printable(reason)}`,
    '',
  ].join('\n')
}

function aboveOf({ limit, exactness }: SentCandidate): string {
  const asFar = exactness === 'estimate' ? ', as far as can be told' : ''
  return `${limit} and more: none would have been refused${asFar}`
}

/** As the page does: up to the first limit that refuses nobody, and to those that somebody has named. */
function worthShowing(
  all: readonly SentCandidate[],
  named: ReadonlySet<number | null>,
): readonly SentCandidate[] {
  const free = all.findIndex(({ rejected }) => rejected === 0)
  const last = all.findLastIndex(({ limit }) => named.has(limit))
  return free < 0 ? all : all.slice(0, Math.max(free, last) + 1)
}

function rowOf({ limit, rejected, rejected_share, keys, exactness, top_keys }: SentCandidate): string[] {
  const share = `${Number((rejected_share * 100).toPrecision(3))} %`
  const loudest = top_keys.map((key) => `${printable(key.shown)} (${key.rejected})`).join(', ')
  return [
    String(limit),
    String(rejected),
    share,
    keys === undefined ? '?' : String(keys),
    printable(exactness),
    loudest,
  ]
}

/** Reads an object; whatever is in the way becomes one line. */
async function get(asked: AdviseArguments, path: string): Promise<object> {
  const { status, json } = await ask(asked, path)
  if (status !== 200)
    throw new Complaint(`${asked.url}${path} answers ${status}${toldBy(json) ?? hintFor(status)}`)
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  throw isNone(asked, path)
}

async function ask(
  { url, headers }: AdviseArguments,
  path: string,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const response = await fetch(`${url}${path}`, {
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'manual', // headers are for this address, not for another
  }).catch((error: unknown) => {
    throw new Complaint(`${url}${path} cannot be reached: ${reasonOf(error)}`)
  })
  return { status: response.status, json: parsed(await response.text().catch(() => '')) }
}

function isNone({ url }: AdviseArguments, path: string): Complaint {
  return new Complaint(`${url}${path} answers no JSON of a statusRouter; is it mounted there?`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Of an answer that is not a statusRouter's. */
function hintFor(status: number): string {
  return status === 401
    ? "; what it asks for is sent by --header 'authorization: ...'"
    : '; is a statusRouter mounted there?'
}

/** The text of a failure, as a statusRouter sends it. */
function toldBy(json: unknown): string | undefined {
  const text = (json as { error?: { text?: unknown } } | null | undefined)?.error?.text
  return typeof text === 'string' ? `: ${printable(text)}` : undefined
}

/** What fetch says is in its cause; of several addresses, which all failed, only the code is told. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { message?: string; code?: string } }
  return printable(cause?.message || cause?.code || message)
}
