import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, jest } from '@jest/globals'

const root = path.join(__dirname, '..')
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8')

const documents = [
  'SECURITY.md',
  ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md') && existsSync(path.join(root, name)))

interface Citation {
  /** Title of a test, as it is written in its file. */
  readonly title: string
  readonly file: string
}

/** The tests that a text cites: links that point into `__tests__`. */
function citationsIn(text: string): Citation[] {
  const links = text.matchAll(/\[([^\]]+)\]\((?:\.\.?\/)?__tests__\/([^)\s#]+)\)/g)
  return Array.from(links, ([, title, file]) => ({ title: title!, file: `__tests__/${file}` }))
}

/** The titles of the tests of a file, as they are written; not those of groups. */
function titlesIn(file: string): string[] {
  const calls = read(file).matchAll(/\b(it|describe)(?=[.(])|\(\s*(['"`])((?:\\.|(?!\2)[^\\])*)\2,/g)
  const titles: string[] = []
  let isTest = false

  for (const [, caller, , text] of calls) {
    if (caller) isTest = caller === 'it'
    else if (isTest) titles.push(text!.replaceAll(/\\(['"`])/g, '$1'))
  }
  return titles
}

const cited = documents.flatMap((name) => citationsIn(read(name)).map((one) => ({ name, ...one })))

describe('a test that the docs cite', () => {
  it.each(cited)('$name: $title', ({ title, file }) => {
    expect(titlesIn(file)).toContain(title)
  })

  it('is nowhere cited in another form than a link with its title', () => {
    const loose = documents.flatMap((name) => read(name).match(/\]\([^)]*__tests__\/[^)]*\)/g) ?? [])
    expect(loose).toHaveLength(cited.length)
  })
})

/** The cells of the table of failures. */
const table = (read('docs/regressions.md').match(/^\| F\d+ .*$/gm) ?? []).map((row) => {
  const [id = '', what = '', kind = '', here = ''] = row.slice(2, -2).split(' | ')
  const titles = citationsIn(here).map(({ title }) => title)
  return { id, what, kinds: kind.split(', '), here, titles }
})

/** Whose causes cannot be put back: the table says why. */
const withoutCause = new Set(['F22', 'F32', 'F35', 'F55'])

describe('docs/regressions.md', () => {
  it('has each failure from F1 to F63 once, in order', () => {
    expect(table.map(({ id }) => id)).toEqual(Array.from({ length: 63 }, (_, n) => `F${n + 1}`))
  })

  it.each(table)('$id: says where it failed, and in which way', ({ what, kinds }) => {
    expect(what).toContain('](https://')
    expect(['bypass', 'leak', 'crash', 'other']).toEqual(expect.arrayContaining(kinds))
  })

  it.each(table)('$id: cites tests whose titles carry the id', ({ id, titles }) => {
    expect(titles).not.toEqual([])
    expect(titles.filter((title) => !title.split(/[:, ]+/).includes(id))).toEqual([])
  })

  it('puts back the cause of each failure that a test is cited for', () => {
    const mutants: { readonly id: string }[] = jest.requireActual('./mutants/regressions.mutants.js')
    const putBack = new Set(mutants.flatMap(({ id }) => /^F[\dF, ]*\d/.exec(id)?.[0].split(', ') ?? []))
    const tested = table.filter(({ id, titles }) => titles.length > 0 && !withoutCause.has(id))
    expect([...putBack].toSorted(byNumber)).toEqual(tested.map(({ id }) => id))
  })
})

function byNumber(one = '', other = ''): number {
  return Number(one.slice(1)) - Number(other.slice(1))
}
