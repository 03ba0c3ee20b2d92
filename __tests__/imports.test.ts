import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from '@jest/globals'

const lib = path.join(__dirname, '../lib')

/** What each folder may import, besides errors.ts and itself. The linter says the same, on its own. */
const allowed: Record<string, readonly string[]> = {
  core: [
    'options',
    'ipaddr.js',
    'lru-cache',
    'node:crypto',
    'node:diagnostics_channel',
    'node:timers/promises',
  ],
  options: ['core', 'key', 'log', 'node:http', 'node:http2', 'node:net', 'node:stream'],
  key: ['core', 'options', 'proxy-addr'],
  log: ['core'],
  connection: ['core', 'node:http', 'node:http2', 'node:net'],
  http: [
    'core',
    'options',
    'key',
    'log',
    'connection',
    'node:async_hooks',
    'node:cluster',
    'node:http',
    'node:http2',
    'node:net',
    'node:stream',
  ],
  store: ['core', 'options', 'lru-cache', 'node:cluster', 'node:crypto'],
  observe: [
    'core',
    'options',
    'key',
    'log',
    'node:crypto',
    'node:fs',
    'node:http',
    'node:path',
    '@opentelemetry/api',
  ],
  cli: ['options', 'node:util'],
  net: ['core', 'options', 'key', 'log', 'connection', 'http', 'node:http', 'node:http2', 'node:net'],
}

function importsOf(folder: string): Set<string> {
  const names = readdirSync(path.join(lib, folder)).filter((name) => name.endsWith('.ts'))
  const files = names.map((name) => path.join(lib, folder, name))
  const sources = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/from '([^']+)'/g)])
  return new Set(sources.map(([, source]) => source!.replace(/^\.\.\/(\w+)[./].*$/, '$1')))
}

it.each(Object.keys(allowed))('imports run one way: what lib/%s imports', (folder) => {
  const foreign = [...importsOf(folder)].filter((source) => !source.startsWith('./') && source !== 'errors')

  expect(foreign.filter((source) => !allowed[folder]!.includes(source))).toEqual([])
})

it('knows every folder of lib', () => {
  const folders = readdirSync(lib, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(allowed).toSorted())
})
