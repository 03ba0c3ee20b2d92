import { readdirSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { Consumer } from '../helpers/consumer.ts'
import { entries, manifest, optionalPeers } from '../helpers/entries.ts'
import { ok, statuses } from '../helpers/examples.ts'
import { root } from '../helpers/fences.ts'

let project: Consumer

beforeAll(async () => {
  project = (await Consumer.install()).copy('plain')
})

describe('npm install limit-conn, and nothing else', () => {
  it('installs the runtime dependencies and what they need, and nothing more', () => {
    expect(project.packages).toEqual(
      [
        'limit-conn',
        ...Object.keys(manifest.dependencies),
        'forwarded',
        'proxy-addr/node_modules/ipaddr.js',
      ].toSorted(),
    )
  })

  it('brings what lib is compiled to, and nothing that was left in dist from before', () => {
    const namesIn = (folder: string, ending: RegExp): string[] =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => ending.test(name))
        .map((name) => name.replace(ending, ''))
        .toSorted()
    const dist = path.join(project.folder, 'node_modules/limit-conn/dist')
    const sources = namesIn(path.join(root, 'lib'), /\.ts$/)

    expect(namesIn(dist, /\.js$/)).toEqual(sources)
    expect(namesIn(dist, /\.d\.ts$/)).toEqual(sources)
  })

  it('leaves the optional peers to the user', () => {
    expect(project.packages.filter((name) => optionalPeers.includes(name))).toEqual([])
  })

  it.each(entries)('loads %s by require and by import, the same names in both', async (entry) => {
    const program = `
      import { createRequire } from 'node:module'
      import * as imported from '${entry}'
      const required = createRequire(import.meta.url)('${entry}')
      const names = (all) => Object.keys(all).filter((name) => !['default', 'module.exports', '__esModule'].includes(name))
      console.log(JSON.stringify([names(required).toSorted(), names(imported).toSorted()]))`
    const { code, said } = await project.run('--input-type=module', '--eval', program)
    const [required, imported] = JSON.parse(said) as [string[], string[]]

    expect(code).toBe(0)
    expect(required.length).toBeGreaterThan(0)
    expect(imported).toEqual(required)
  })

  it.each(['require.cjs', 'import.mjs', 'dynamic.cjs'])('limits in %s', async (file) => {
    const port = await project.serve(file)
    expect(await statuses(port, 3)).toEqual([...ok(2), 503])
  })

  it('brings the command limit-conn', async () => {
    const { code, said } = await project.run('node_modules/.bin/limit-conn', '--help')
    expect(code).toBe(0)
    expect(said).toMatch(/^Usage: limit-conn advise <status-url>/)
  })

  it('is one copy, however it is loaded: a zone made by one half of a program counts for the other', async () => {
    expect(await project.run('one-copy.mjs')).toEqual({ code: 0, said: '{"copies":1,"active":1}\n' })
  })

  it('lets nobody import what is not an entry', async () => {
    const { code, said } = await project.run('--eval', "require('limit-conn/dist/core/zone.js')")
    expect(code).toBe(1)
    expect(said).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })
})
