import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, it } from '@jest/globals'
import { read, root } from './helpers/fences.ts'
import { npm } from './helpers/npm.ts'

/** What `npm publish` would send, as dist stands now. */
interface Tarball {
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

let tarball: Tarball
let paths: readonly string[]
const text = (name: string): string => readFileSync(path.join(root, name), 'utf8')

beforeAll(async () => {
  const said = await npm(root, ['pack', '--dry-run', '--json', '--ignore-scripts'])
  tarball = (JSON.parse(said) as Tarball[])[0]!
  paths = tarball.files.map((file) => file.path)
}, 60_000)

it('has the code, its types, the documents, the examples, and nothing else', () => {
  const kinds = new Set(paths.map((name) => name.replace(/^([^/]+\/).*?(\.[a-z.]+)$/, '$1*$2')))
  expect([...kinds].toSorted()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'dist/*.d.ts',
    'dist/*.js',
    'docs/*.md',
    'examples/*.js',
    'examples/*.json',
    'examples/*.md',
    'package.json',
  ])
})

it('has what the README and SECURITY.md link to', () => {
  const linked = ['README.md', 'SECURITY.md'].flatMap((name) =>
    [...read(name).matchAll(/\]\(([\w./-]+)[^)]*\)/g)].map(([, target]) => target!),
  )
  expect(linked.length).toBeGreaterThan(10)
  expect(linked.filter((target) => !/^https?:/.test(target) && !paths.includes(target))).toEqual([])
})

it('has no test, no source map, and no path of the machine that built it', () => {
  expect(paths.filter((name) => /test|spec|\.map$|\.tsbuildinfo$/.test(name))).toEqual([])
  const telling = paths.filter((name) =>
    /sourceMappingURL|file:\/\/|\/(?:home|Users|root|tmp|var)\/|[A-Z]:\\/.test(text(name)),
  )
  expect(telling).toEqual([])
  expect(paths.filter((name) => text(name).includes(root))).toEqual([])
})

it('has the code and the types of every file of lib', () => {
  const sources = readdirSync(path.join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  const names = sources
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `dist/${name.replace(/\.ts$/, '')}`)

  expect(names.length).toBeGreaterThan(80)
  expect(
    names.flatMap((name) => [`${name}.js`, `${name}.d.ts`]).filter((name) => !paths.includes(name)),
  ).toEqual([])
})

it('is small: under 1.2 MB unpacked, of which less than half is code', () => {
  const code = tarball.files.filter((file) => /^dist\/.*\.js$/.test(file.path))
  expect(tarball.unpackedSize).toBeLessThan(1_200_000)
  expect(code.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(tarball.unpackedSize / 2)
})
