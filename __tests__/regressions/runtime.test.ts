import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from '@jest/globals'

const read = (name: string): string => readFileSync(path.join(__dirname, '../..', name), 'utf8')

const ci = read('.ci/run')
const readme = read('README.md')
const manifest = JSON.parse(read('package.json')) as { engines: Record<string, string>; keywords: string[] }

/** The versions of Node that run all tests before a change lands: that of the machine, and the others. */
const [, own = ''] = /^# .*\bNode (\d+)/m.exec(ci) ?? []
const [, others = ''] = /^for version in ([\d ]+); do$/m.exec(ci) ?? []
const run = [own, ...others.split(' ')]

it('A-26: the README claims the versions of Node that are run before a change lands, and no other', () => {
  const [, claimed = ''] = /tested on Node ([\d, and]+)\./.exec(readme) ?? []
  expect(run.length).toBeGreaterThan(1)
  expect(claimed.match(/\d+/g)).toEqual(run)
})

it('A-26: package.json and the README name the same oldest versions, of lines that are run', () => {
  const oldest = manifest.engines['node']!.match(/\d+\.\d+/g)!
  expect(readme).toContain(`Node ${oldest.join(', ')} or later`)
  for (const version of oldest) expect(run).toContain(version.split('.')[0])
})

it('A-26, F51: no runtime but Node is claimed, for no other runs the tests', () => {
  expect(Object.keys(manifest.engines)).toEqual(['node'])
  expect([readme, ...manifest.keywords].filter((text) => /\b(?:bun|deno)\b/i.test(text))).toEqual([])
})
