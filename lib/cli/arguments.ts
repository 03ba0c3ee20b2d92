import { parseArgs } from 'node:util'
import { nearest } from '../options/nearest.ts'
import { Complaint } from './complaint.ts'

/** What `limit-conn advise` was called with. */
export interface AdviseArguments {
  /** Where the router is mounted, without a slash at its end. */
  readonly url: string
  readonly zone: string | undefined
  /** Sent with each question for an advice, as it was written: the server says what it does not accept. */
  readonly query: Readonly<Record<string, string>>
  readonly headers: readonly (readonly [string, string])[]
}

const options = {
  zone: { type: 'string' },
  'max-rejected-share': { type: 'string' },
  limits: { type: 'string' },
  header: { type: 'string', multiple: true },
} as const

/** @throws Complaint */
export function readArguments(args: readonly string[]): AdviseArguments {
  checkNames(args)
  const { values, positionals } = parse(args)
  const [url, ...more] = positionals
  if (url === undefined || more.length > 0) {
    const given = url === undefined ? 'no address is given' : `${positionals.length} addresses are given`
    throw new Complaint(`${given}; expected one, such as limit-conn advise http://127.0.0.1:3000/status`)
  }
  const share = values['max-rejected-share']
  return {
    url: baseOf(url),
    zone: values.zone,
    query: {
      ...(share === undefined ? {} : { max_rejected_share: share }),
      ...(values.limits === undefined ? {} : { limits: values.limits }),
    },
    headers: (values.header ?? []).map(headerOf),
  }
}

function checkNames(args: readonly string[]): void {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(options, token.name)) continue
    const near = nearest(token.name, Object.keys(options))
    const hint = near === undefined ? 'limit-conn --help tells which there are' : `did you mean --${near}?`
    throw new Complaint(`${token.rawName} is not an option; ${hint}`)
  }
}

function parse(args: readonly string[]): Parsed {
  try {
    return parseStrictly(args)
  } catch (error) {
    // Node says it in several lines; nothing else can be wrong here.
    const [, option] = /'(--[\w-]+)/.exec((error as Error).message) ?? []
    throw new Complaint(`${option} has no value`)
  }
}

type Parsed = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>

function parseStrictly(args: readonly string[]): Parsed {
  return parseArgs({ args: [...args], options, allowPositionals: true })
}

function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Complaint(
      `${JSON.stringify(text)} is no address; expected one such as http://127.0.0.1:3000/status`,
    )
  }
  if (url.username || url.password) {
    throw new Complaint(
      "a name and a password in an address are not sent; write --header 'authorization: Basic ...'",
    )
  }
  if (url.search) {
    throw new Complaint(
      "the query of an address is not sent, for a statusRouter takes no other than its own; write --header 'name: value'",
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function headerOf(text: string): readonly [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*([\t\x20-\x7e\x80-\xff]*)$/.exec(text) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw new Complaint("a --header is no header; expected 'name: value'") // it may be a secret
}
