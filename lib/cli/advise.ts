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
 * Asks a statusRouter for the advice of its zones, and writes it as text.
 *
 * @throws Complaint
 */
export async function adviseCommand(args: readonly string[]): Promise<string> {
  const asked = readArguments(args)
  const zones = Object.keys((await get(asked, '/limit_conns')) as object)
  const { zone } = asked
  if (zone !== undefined && !zones.includes(zone)) {
    throw new Complaint(
      `there is no zone ${JSON.stringify(zone)}; the zones are ${zones.map(printable).join(', ')}`,
    )
  }
  const names = zone === undefined ? zones : [zone]
  if (names.length === 0) return 'There are no zones.\n'

  const texts: string[] = []
  for (const name of names) texts.push(textOf(name, await adviceOf(asked, name)))
  return texts.join('\n')
}

async function adviceOf(asked: AdviseArguments, name: string): Promise<SentAdvice> {
  const query = new URLSearchParams(asked.query)
  const path = `/limit_conns/${encodeURIComponent(name)}/advice${query.size > 0 ? `?${query.toString()}` : ''}`
  const advice = (await get(asked, path)) as SentAdvice
  if (Array.isArray(advice.candidates) && typeof advice.suggestion === 'object') return advice
  throw new Complaint(`${asked.url}${path} answers, but not as a statusRouter does`)
}

function textOf(
  name: string,
  { since_ms, arrivals, refused_at, candidates, suggestion }: SentAdvice,
): string {
  const since = new Date(since_ms).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
  const refused =
    refused_at === null ? 'no limit has refused any' : `a limit of ${refused_at} has refused some`
  const head = ['limit', 'rejected', 'share', 'keys', 'how exact', 'loudest keys']
  const { limit, reason } = suggestion
  return [
    `Zone ${printable(name)}: ${arrivals} arrivals since ${since}, ${refused}`,
    '',
    ...table([head, ...candidates.map(rowOf)], 4),
    '',
    `${limit === null ? 'No suggestion' : `Suggestion: ${limit}`}: ${printable(reason)}`,
    '',
  ].join('\n')
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

/** Reads JSON; whatever is in the way becomes one line. */
async function get({ url, headers }: AdviseArguments, path: string): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'manual', // headers are for this address, not for another
  }).catch((error: unknown) => {
    throw new Complaint(`${url}${path} cannot be reached: ${reasonOf(error)}`)
  })
  const json = parsed(await response.text().catch(() => ''))

  if (!response.ok) throw new Complaint(`${url}${path} answers ${response.status}${toldBy(json)}`)
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  throw new Complaint(`${url}${path} answers no JSON of a statusRouter; is it mounted there?`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The text of a failure, as a statusRouter sends it. */
function toldBy(json: unknown): string {
  const text = (json as { error?: { text?: unknown } } | null | undefined)?.error?.text
  return typeof text === 'string' ? `: ${printable(text)}` : ''
}

/** What fetch says is in its cause; of several addresses, which all failed, only the code is told. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { message?: string; code?: string } }
  return printable(cause?.message || cause?.code || message)
}
