import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'

export const root = path.join(__dirname, '../..')

/** A block of code in a document. */
export interface Fence {
  /** File and line, as in `README.md:9`. */
  readonly where: string
  readonly language: string
  /** What stands behind the language, such as `not run: needs Redis`. */
  readonly note: string
  readonly code: string
}

/** The documents of the project, as paths from its root. */
export const documents: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'examples/README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
]

const sources: readonly string[] = readdirSync(path.join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => path.join('lib', name))

export const read = (name: string): string => readFileSync(path.join(root, name), 'utf8')

/** All blocks of the documents. */
export function fencesOfDocuments(): Fence[] {
  return documents.flatMap((name) => fencesIn(name, read(name).split('\n')))
}

/** All blocks in the comments of lib. */
export function fencesOfSources(): Fence[] {
  return sources.flatMap((name) => {
    const lines = read(name).split('\n')
    return fencesIn(
      name,
      lines.map((line) => line.replace(/^ *\* ?/, '')),
    )
  })
}

function fencesIn(name: string, lines: readonly string[]): Fence[] {
  const fences: Fence[] = []
  for (let at = 0; at < lines.length; at++) {
    const opening = /^( *)(`{3,}|~{3,}) *(\S*) *(.*)$/.exec(lines[at]!)
    if (!opening) continue

    const [, indent, marks, language, note] = opening
    const end = lines.indexOf(`${indent}${marks}`, at + 1)
    if (end < 0) throw new Error(`${name}:${at + 1} opens a block that does not end`)
    const code = lines.slice(at + 1, end).map((line) => line.replace(indent!, ''))
    fences.push({
      where: `${name}:${at + 1}`,
      language: language!,
      note: note!,
      code: `${code.join('\n')}\n`,
    })
    at = end
  }
  return fences
}
