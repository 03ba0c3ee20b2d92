import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Limiter, Zone, type ZoneOptions } from '../../lib/index.ts'
import { adviseCommand } from '../../lib/cli/advise.ts'
import { statusRouter, type StatusOptions } from '../../lib/status.ts'
import { Child } from '../helpers/child.ts'
import { read, root } from '../helpers/fences.ts'
import { serve, type Handler } from '../helpers/server.ts'

const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> }
const command = path.join(root, bin['limit-conn']!)

interface Said {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

async function run(...args: readonly string[]): Promise<Said> {
  const child = new Child([command, ...args])
  return { code: await child.exit(), stdout: child.stdout, stderr: child.stderr }
}

/** What it says, with an error of one line. */
const complaint = (text: string): Said => ({ code: 1, stdout: '', stderr: `limit-conn: ${text}\n` })

const nameOf = (source: object): string => (source as { user: string }).user

/** A zone in which each of these keys has so many slots, the time of its beginning fixed. */
function zoneOf(slots: Readonly<Record<string, number>>, options: Partial<ZoneOptions> = {}): Zone {
  const zone = new Zone({ name: 'per-user', reveal: true, candidates: [1, 2, 5], ...options })
  const limiter = new Limiter({ zone, limit: 100, dryRun: true, key: nameOf })
  for (const [user, times] of Object.entries(slots))
    for (let n = 0; n < times; n++) limiter.accept(Object.assign(new EventEmitter(), { user }))
  zone.trials.sinceMs = Date.UTC(2026, 0, 2, 3, 4, 5)
  return zone
}

async function show(zones: readonly Zone[], options: Partial<StatusOptions> = {}): Promise<string> {
  const { url } = await serve(statusRouter({ zones, ...options }), { policies: [] })
  return url
}

async function answering(handler: Handler): Promise<string> {
  return (await serve(handler, { policies: [] })).url
}

it('sends its headers to nobody else: a redirect is told, and not followed', async () => {
  let asked = 0
  const other = await answering((_req, res) => {
    asked++
    res.end('{}')
  })
  const url = await answering((_req, res) => res.writeHead(302, { location: `${other}/` }).end())
  const said = await run('advise', url, '--header', 'x-api-key: secret')
  expect(said).toEqual(complaint(`${url}/limit_conns answers 302; is a statusRouter mounted there?`))
  expect(asked).toBe(0)
})

it('prints a table of each zone, what it suggests, and why', async () => {
  const url = await show([zoneOf({ ann: 3, bob: 2, eve: 1 }), zoneOf({}, { name: 'idle', candidates: [10] })])
  const { code, stdout, stderr } = await run('advise', `${url}/`, '--max-rejected-share', '0.2')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe(`Zone per-user: 6 arrivals since 2026-01-02 03:04:05 UTC, no limit has refused any

limit  rejected   share  keys  how exact  loudest keys
    1         3    50 %     2  exact      ann (2), bob (1)
    2         1  16.7 %     1  exact      ann (1)
    5         0     0 %     0  exact

Suggestion: 2: the smallest limit known to refuse no more than 20 %: it would have refused 1 of 6 arrivals

Zone idle: 0 arrivals since 2026-01-02 03:04:05 UTC, no limit has refused any

limit  rejected  share  keys  how exact  loudest keys
   10         0    0 %     0  exact

No suggestion: 0 arrivals are too few to say: it takes 5 to tell a share of 20 %
`)
})

it('asks for one zone and more limits, with the headers that it is given', async () => {
  const zones = [zoneOf({ ann: 4 }), zoneOf({}, { name: 'idle' })]
  const seen: unknown[] = []
  const url = await show(zones, {
    authorize: ({ headers }) => (seen.push(headers['x-two']), headers.authorization === 'Bearer me'),
  })
  const headers = ['--header', 'authorization: Bearer me', '--header', 'X-Two:2']
  const { code, stdout } = await run('advise', '--zone', 'per-user', url, '--limits=3,4', ...headers)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^    3 {9}1 {3}25 % {5}\? {2}upper bound$/m)
  expect(stdout).toMatch(/^    4 /m)
  expect(stdout).not.toContain('idle')
  expect(seen).toEqual(['2', '2'])
})

it('tells which limit is in force, and has refused', async () => {
  const zone = zoneOf({})
  const limiter = new Limiter({ zone, limit: 1, key: () => 'k' })
  for (let n = 0; n < 3; n++) limiter.accept(new EventEmitter())
  const { stdout } = await run('advise', await show([zone]))
  expect(stdout).toContain('3 arrivals since 2026-01-02 03:04:05 UTC, a limit of 1 has refused some\n')
  expect(stdout).toContain('estimate')
  expect(stdout).toContain('\n5 and more: none would have been refused, as far as can be told\n')
})

it('prints what clients send as text that moves no cursor and turns no line', async () => {
  const zone = zoneOf({ '\u001b[2J\r\n\u202eevil\u0085': 3, '<script>ü😀': 2 })
  const { stdout } = await run('advise', await show([zone]))
  expect(stdout).toContain(String.raw`\u{1b}[2J\u{d}\u{a}\u{202e}evil\u{85} (2), <script>ü😀 (1)`)
  expect(/[\p{Cc}\p{Cf}]/u.test(stdout.replaceAll('\n', ''))).toBe(false)
})

it('prints no more limits than somebody would look at', async () => {
  const url = await show([zoneOf({ ann: 1 }, { candidates: [1, 2, 3, 5, 8, 10] })])
  const limitsOf = ({ stdout }: Said): number[] =>
    Array.from(stdout.matchAll(/^ *(\d+) {2,}\d/gm), ([, limit]) => Number(limit))
  const short = await run('advise', url)
  expect(short.stdout).toContain('Zone per-user: 1 arrival since')
  expect(short.stdout).toContain('1 arrival is too few to say')
  expect(limitsOf(short)).toEqual([1])
  expect(short.stdout).toContain('\n2 and more: none would have been refused\n\nNo suggestion')
  expect(limitsOf(await run('advise', url, '--limits', '4'))).toEqual([1, 2, 3, 4])
})

it('cuts a line at the width of the terminal, between two keys', async () => {
  const url = await show([zoneOf({ 'a-rather-long-key': 9, 'another-long-key': 8, 'a-third': 7 })])
  const lines = (await adviseCommand([url], 80)).split('\n')
  expect(lines.find((line) => line.startsWith('    1'))).toMatch(/ {2}a-rather-long-key \(8\), …$/)
  expect(await adviseCommand([url], Infinity)).toContain('another-long-key (7), a-third (6)\n')
  const narrow = (await adviseCommand([url], 50)).split('\n').find((line) => line.startsWith('    1'))!
  expect(narrow).toMatch(/ {2}a-rat\S*…$/)
  expect(narrow).toHaveLength(50)
})

it('says so where there are no zones', async () => {
  expect(await run('advise', await show([]))).toEqual({
    code: 0,
    stdout: 'There are no zones.\n',
    stderr: '',
  })
})

it.each([['--help'], ['-h'], ['advise', '--help']])('tells how it is called: %s %s', async (...args) => {
  const { code, stdout, stderr } = await run(...args.filter((each) => typeof each === 'string'))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const option of ['--zone', '--max-rejected-share', '--limits', '--header', '--help'])
    expect(stdout).toContain(option)
})

describe('is told in one line, with exit code 1:', () => {
  it.each<[string, string[], string]>([
    ['no command', [], 'no command is given; limit-conn --help tells what there is'],
    ['another command', ['advice'], 'there is no command "advice"; did you mean advise?'],
    ['a command like nothing', ['x'], 'there is no command "x"; limit-conn --help tells what there is'],
    [
      'no address',
      ['advise'],
      'no address is given; expected one, such as limit-conn advise http://127.0.0.1:3000/status',
    ],
    [
      'two addresses',
      ['advise', 'http://a.test', 'http://b.test'],
      '2 addresses are given; expected one, such as limit-conn advise http://127.0.0.1:3000/status',
    ],
    [
      'no address of HTTP',
      ['advise', 'a.test:80'],
      '"a.test:80" is no address; expected one such as http://127.0.0.1:3000/status',
    ],
    [
      'a password in the address',
      ['advise', 'http://me:pass@a.test'],
      "a name and a password in an address are not sent; write --header 'authorization: Basic ...'",
    ],
    [
      'an address with a query',
      ['advise', 'http://a.test/status?token=x'],
      "the query of an address is not sent, for a statusRouter takes no other than its own; write --header 'name: value'",
    ],
    [
      'an option that is misspelt',
      ['advise', 'http://a.test', '--limts', '4'],
      '--limts is not an option; did you mean --limits?',
    ],
    [
      'an option like nothing',
      ['advise', '-q', 'http://a.test'],
      '-q is not an option; limit-conn --help tells which there are',
    ],
    ['an option without its value', ['advise', 'http://a.test', '--zone'], '--zone has no value'],
    [
      'an option that every object has',
      ['advise', 'http://a.test', '--toString=x'],
      '--toString is not an option; limit-conn --help tells which there are',
    ],
    ['one before the next', ['advise', 'http://a.test', '--limits', '--zone', 'a'], '--limits has no value'],
    [
      'a header that is none',
      ['advise', 'http://a.test', '--header', 'x'],
      "a --header is no header; expected 'name: value'",
    ],
    [
      'a header that cannot be sent',
      ['advise', 'http://a.test', '--header', 'x: \u20ac'],
      "a --header is no header; expected 'name: value'",
    ],
  ])('%s', async (_, args, text) => {
    expect(await run(...args)).toEqual(complaint(text))
  })

  it('a server that does not run', async () => {
    const { port, server } = await serve(() => undefined, { policies: [] })
    await new Promise((resolve) => server.close(resolve))
    expect(await run('advise', `http://127.0.0.1:${port}`)).toEqual(
      complaint(
        `http://127.0.0.1:${port}/limit_conns cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
      ),
    )
  })

  it('a name that no host has', async () => {
    const { code, stderr } = await run('advise', 'http://nobody.invalid/status')
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^limit-conn: http:\/\/nobody\.invalid\/status\/limit_conns cannot be reached: .*nobody\.invalid\n$/,
    )
  })

  it('a zone that is not there, an option that the router does not accept, and a refusal', async () => {
    const url = await show([zoneOf({})])
    expect(await run('advise', url, '--zone', 'per-usr')).toEqual(
      complaint('there is no zone "per-usr"; the zones are per-user'),
    )
    expect(await run('advise', url, '--max-rejected-share', '2')).toEqual(
      complaint(
        `${url}/limit_conns/per-user/advice?max_rejected_share=2 answers 400: max_rejected_share is 2; expected a number from 0 to 1`,
      ),
    )
    const closed = await show([], { authorize: () => false })
    expect(await run('advise', closed)).toEqual(
      complaint(`${closed}/limit_conns answers 403: you are not authorized`),
    )
  })

  it.each([
    ['a page', 'text/html', '<!doctype html>'],
    ['null', 'application/json', 'null'],
    ['a list', 'application/json', '[]'],
    ['an empty object to anything', 'application/json; charset=utf-8', '{}'],
    ['something else', 'application/json', '{"a":1}'],
    ['null for something', 'application/json', '{"a":null}'],
    ['a zone that has an advice for each', 'application/json', '{"a":{"passed":1,"limits":[]}}', '/a/advice'],
  ])('an address that answers %s', async (_, type, body, below = '') => {
    const url = await answering((_req, res) => res.setHeader('content-type', type).end(body))
    expect(await run('advise', url)).toEqual(
      complaint(`${url}/limit_conns${below} answers no JSON of a statusRouter; is it mounted there?`),
    )
  })

  it.each([
    [401, "; what it asks for is sent by --header 'authorization: ...'"],
    [404, '; is a statusRouter mounted there?'],
  ])('an address that answers %d, and is no statusRouter', async (status, hint) => {
    const url = await answering((_req, res) => res.writeHead(status).end('no'))
    expect(await run('advise', url)).toEqual(complaint(`${url}/limit_conns answers ${status}${hint}`))
  })

  it('an address that knows of nothing but answers {} there', async () => {
    const url = await answering((req, res) =>
      req.url === '/limit_conns' ? res.end('{}') : res.writeHead(404).end('{"error":"no"}'),
    )
    expect((await run('advise', url)).stderr).toContain('is it mounted there?')
  })

  it('a zone where there are none', async () => {
    expect(await run('advise', await show([]), '--zone', 'x')).toEqual(
      complaint('there is no zone "x"; there are none'),
    )
  })
})

it('is a program by itself: its first line says what runs it', () => {
  expect(readFileSync(command, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node')
})
