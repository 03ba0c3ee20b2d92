import { existsSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { limitConn, limitServer, Zone } from '../lib/index.ts'
import { RedisZone, type RedisZoneOptions } from '../lib/redis.ts'
import { documents, fencesOfDocuments, fencesOfSources, read, root, type Fence } from './helpers/fences.ts'
import { Project } from './helpers/pasted.ts'
import { errorOf } from './helpers/thrown.ts'

/** Languages of blocks that are no code of a user's. Code that cannot run here says so: `js not run: why`. */
const notCode = ['text', 'nginx', 'ini', 'go', 'json', 'html', 'http']

/** Commands that a test cannot run: they change what is installed. */
const installs = new Set(['npm install limit-conn', 'npm ci'])

/** What the blocks in the comments of lib take for granted. */
const prelude = `
import net from 'node:net'
import express from 'express'
import http from 'node:http'
import { createClient } from 'redis'
import { WebSocketServer } from 'ws'
import { limitConn, Limiter, limitServer, limitUpgrade } from 'limit-conn'
import { RedisZone } from 'limit-conn/redis'
const app = express()
const client = createClient()
const limiter = new Limiter({ limit: 1 })
const socket = new net.Socket()
const server = http.createServer(app)
const wss = new WebSocketServer({ noServer: true })
void [app, client, limiter, socket, server, wss, limitConn, limitServer, limitUpgrade, RedisZone]
`

const fences = fencesOfDocuments()
const comments = fencesOfSources().map((fence) => ({ ...fence, code: prelude + fence.code }))
const runnable = fences.filter(({ language, note }) => ['js', 'ts'].includes(language) && note === '')
const typed = [...runnable, ...comments].filter(({ language }) => language === 'ts')
let project: Project
const checkRuns = (fence: Fence): Promise<void> => project.run(fence)
const checkTypes = (blocks: readonly Fence[]): Promise<void> => project.check(blocks)

beforeAll(() => {
  project = new Project()
})

afterAll(() => project.remove())

it.each([...fences, ...comments])('$where: a block is run, or says why not', ({ language, note }) => {
  expect(['js', 'ts', 'sh', ...notCode]).toContain(language)
  expect(note).toMatch(/^$|^not run: .{10,}/)
})

it.each(runnable)('$where: runs as it stands', async (fence) => {
  await checkRuns(fence)
})

it.each(comments)('$where: runs, given what it takes for granted', async (fence) => {
  await checkRuns(fence)
})

it('the blocks in TypeScript compile', async () => {
  await checkTypes(typed)
}, 60_000)

describe('commands', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const commands = fences
    .filter(({ language }) => language === 'sh')
    .flatMap(({ where, code }) => commandsIn(code).map((command) => ({ where, command })))

  it.each(commands)('$where: $command', ({ command }) => {
    expect(unknownIn(command)).toBeUndefined()
  })

  function commandsIn(code: string): string[] {
    const lines = code.split('\n').map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    return lines.flatMap((line) => line.split(' && ')).filter(Boolean)
  }

  function unknownIn(command: string): string | undefined {
    if (installs.has(command)) return undefined
    const [, script] = /^npm (?:run )?(\w[\w:]*)$/.exec(command) ?? []
    if (script !== undefined) return script in scripts ? undefined : `no script ${script}`
    const [, file] = /^node (\S+)$/.exec(command) ?? []
    if (file !== undefined) return existsSync(path.join(root, file)) ? undefined : `no file ${file}`
    // Those of a router are run by examples-status.test.ts.
    // What has a question mark is quoted: zsh would look for such files.
    if (
      /^curl -u admin:secret( -N| -X DELETE)? ('?)http:\/\/127\.0\.0\.1:3000\/status\/[^\s?']+(?:(?<='.*)\?[^\s']+)?\2$/.test(
        command,
      )
    )
      return undefined
    return /^curl( -\w+)* http:\/\/127\.0\.0\.1:3000\/\w*$/.test(command) ? undefined : `unknown: ${command}`
  }
})

describe('links', () => {
  const links = documents.flatMap((name) =>
    [...read(name).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => ({ name, target: target! }))
      .filter(({ target }) => !/^https?:/.test(target)),
  )

  it.each(links)('$name: $target', ({ name, target }) => {
    const [file, heading = ''] = target.split('#')
    const place = file === '' ? name : path.join(path.dirname(name), file!)
    expect(existsSync(path.join(root, place))).toBe(true)
    expect(['', ...headingsOf(place)]).toContain(heading)
  })

  /** As GitHub names the headings of a page. */
  function headingsOf(name: string): string[] {
    const titles = [...(name.endsWith('.md') ? read(name) : '').matchAll(/^#+ (.*)$/gm)].map(
      ([, title]) => title!,
    )
    return titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    )
  }
})

it('the README names what stats() has', () => {
  const zone = new Zone({ name: 'z' })
  const [, stats] = /stats\(\)\n\/\/ \{ ([^}]*) \}/.exec(read('README.md'))!
  expect(stats!.replaceAll('\n// ', ' ').split(', ')).toEqual(Object.keys(zone.stats()))
})

describe('docs/api.md', () => {
  const page = read('docs/api.md')
  const unknown = { limit: 1, zzzzzzzzzz: true } as { limit: number }
  const optionsOf = (run: () => unknown): string[] =>
    errorOf(run)
      .message.replace(/^.*the options are /, '')
      .split(', ')
  const rowsIn = (text: string): string[] => [...text.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!)

  it('has a row for each option of limitConn, and for nothing else', () => {
    const [, table] = page.split(/^## limitConn.*$|^What it returns/m)
    expect(rowsIn(table!).toSorted()).toEqual(optionsOf(() => limitConn(unknown)).toSorted())
  })

  it('names each option of limitServer, as one of limitConn or in a row', () => {
    const [, section] = page.split(/^## limitServer.*$|^### How a guard refuses$/m)
    const same = /`zone`[^;]* are the\s+same;/.exec(section!)![0]
    const named = [...same.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
    const options = optionsOf(() => limitServer(http.createServer(), unknown))
    expect([...named, ...rowsIn(section!)].toSorted()).toEqual(options.toSorted())
  })

  it('has a row for each option of RedisZone that a Zone does not have', () => {
    const rowsOf = (heading: string): string[] =>
      rowsIn(page.split(`## ${heading}(options)`)[1]!.split('\n`count(key)`')[0]!)
    const options = optionsOf(() => new RedisZone(unknown as unknown as RedisZoneOptions))
    expect([...rowsOf('new Zone'), ...rowsOf('new RedisZone')].toSorted()).toEqual(options.toSorted())
  })
})

it('how it works names files that exist', () => {
  const named = [...read('docs/how-it-works.md').matchAll(/`([a-z]+\/[a-z0-9-]+\.ts)`/g)].map(
    ([, file]) => file!,
  )

  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((file) => !existsSync(path.join(root, 'lib', file)))).toEqual([])
})
