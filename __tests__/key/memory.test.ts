import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { byHeader, Limiter, Zone } from '../../lib/index.ts'
import { AddressKey, keysOf } from '../../lib/core/key.ts'
import { parseAddress } from '../../lib/core/address.ts'
import { Holder } from '../../lib/core/holder.ts'

const dist = path.join(__dirname, '../../dist')
const run = promisify(execFile)

/** Fills a zone of the built package with keys cut from headers, and prints what the heap has grown by. */
const child = `
const { Zone } = require(process.argv[1] + '/core/zone.js')
const { Holder } = require(process.argv[1] + '/core/holder.js')
const { keysOf } = require(process.argv[1] + '/core/key.js')
const { byTemplate } = require(process.argv[1] + '/key/template.js')

const zone = new Zone({ name: 'memory' })
const holder = new Holder()
const bytes = Buffer.alloc(12 * 1024, 'x')
const header = (i) => (bytes.write('t:' + String(i).padStart(32, '0'), 1000), bytes.toString('latin1'))
const value = (i) => header(i).slice(1002, 1034)
const joined = byTemplate('$http_a$http_b')
const single = byTemplate('$http_a')
const keyOf = {
  stored: (i) => header(i).slice(1000, 1034),
  made: (i) => keysOf(value(i))[0],
  single: (i) => keysOf(single({ rawHeaders: ['a', value(i)] }))[0],
  joined: (i) => keysOf(joined({ rawHeaders: ['a', value(i)] }))[0],
}
const end = process.argv[2] === 'joined' ? String.fromCharCode(0, 0) : ''

gc()
const before = process.memoryUsage().heapUsed
for (let i = 0; i < 65536; i++) zone.take(keyOf[process.argv[2]](i), holder)
gc()
const bytesUsed = process.memoryUsage().heapUsed - before
console.log(JSON.stringify({ bytesUsed, ...zone.stats(), sample: zone.count({ text: '0'.repeat(27) + '65535' + end }) }))`

describe('A-36: 65,536 live keys cut from headers of 12 KB', () => {
  it.each([
    ['as the zone is given them', 'stored'],
    ['as a key function is given them', 'made'],
    ['as the only variable of a template', 'single'],
    ['as a template joins them', 'joined'],
  ])('keep no header alive, %s: at most 20 MB', async (_what, mode) => {
    const { stdout } = await run(process.execPath, ['--expose-gc', '-e', child, dist, mode])
    const result = JSON.parse(stdout) as Record<string, number>

    expect(result).toMatchObject({ keys: 65_536, active: 65_536, sample: 1 })
    expect(result['bytesUsed']).toBeGreaterThan(65_536 * 34)
    expect(result['bytesUsed']).toBeLessThanOrEqual(20_000_000)
  })
})

describe('A-36, CVE-2026-21717: a stored key', () => {
  const values: readonly unknown[] = [
    ...'0 1 42 4294967295 -1 1e3 {} __proto__ a é \ud800 \0'.split(' '),
    ' ',
    0,
    -5,
    7n,
    '9'.repeat(255),
    '9'.repeat(256),
    ...['1.2.3.4', '::1', '2001:db8::1', 'fe80::1', '64:ff9b::1'].map(
      (text) => new AddressKey(parseAddress(text)!, [56, 128]),
    ),
  ]

  it.each(values.map((value) => [value]))('F57: starts with a letter, whatever was sent: %p', (value) => {
    const keys = keysOf(value)!
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) expect(key).toMatch(/^[a-z]:/)
  })

  it('is never the text that a client sent', () => {
    const zone = new Zone({ name: 'tagged' })
    const limiter = new Limiter({ limit: 1, zone, key: (source) => byHeader('x-api-key')(source as never) })
    const holders = Array.from({ length: 100 }, (_, i) => String(1_000_000 + i)).map((text) => {
      const source = { destroyed: false, rawHeaders: ['X-Api-Key', text], prependListener: () => undefined }
      return { text, decision: limiter.accept(source) }
    })

    for (const { text, decision } of holders) {
      expect(decision.passed).toBe(true)
      expect(zone.activeUnder(text)).toBe(0)
      expect(zone.activeUnder(`t:${text}`)).toBe(1)
      decision.lease!.release()
    }
    expect(zone.audit()).toMatchObject({ active: 0, found: 0, isClean: true })
  })

  it('is a copy that says the same, whatever its characters', () => {
    const zone = new Zone({ name: 'copies' })
    const holder = new Holder()
    const texts = ['plain', 'caf\u00e9', '\u0100', '\u{1f600}', 'a\ud800', '\0', '\xff'.repeat(100)]
    for (const text of texts) zone.take(`t:${text}`, holder)

    expect(zone.top(99).map(({ key }) => key)).toEqual(texts)
    expect(texts.map((text) => zone.count({ text }))).toEqual(texts.map(() => 1))
  })
})
