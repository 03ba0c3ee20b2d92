import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from '@jest/globals'
import { plan } from './plan.ts'

const text = readFileSync(path.join(__dirname, '../../docs/proof.md'), 'utf8')
const report = text.slice(text.indexOf('<!-- matrix:begin -->'), text.indexOf('<!-- matrix:end -->'))

/** The cells of each line of a table, without the line below its head. */
function tableOf(title: string): string[][] {
  const [, section = ''] = report.split(`\n### ${title}\n`)
  const lines = section.split('\n### ')[0]!.split('\n')
  const table = lines.filter((line) => line.startsWith('|') && !line.startsWith('| --'))
  return table.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** What the letters of the cells that do not apply stand for. */
const reasons = new Map(
  [...report.matchAll(/^- (\w+): (.+)$/gm)].map(([, letter, reason]) => [`– ${letter}`, reason!]),
)

it('docs/proof.md has the themes of the matrix, in order', () => {
  const titles = [...report.matchAll(/^### (.+)$/gm)].map(([, title]) => title)
  expect(titles).toEqual(plan.themes.map(({ title }) => title))
})

it.each(plan.themes)('docs/proof.md has the rows and columns of: $title', ({ title, rows }) => {
  const [head, ...lines] = tableOf(title)
  expect(head!.slice(1, -1)).toEqual(plan.columns)
  expect(lines.map((line) => [line[0], line.at(-1)])).toEqual(
    rows.map(({ name, isSwept, ids }) => [isSwept ? `${name} (sweep)` : name, ids]),
  )
})

it.each(plan.themes)(
  'docs/proof.md tells of no failure, and why a cell is empty: $title',
  ({ title, rows }) => {
    const cells = tableOf(title)
      .slice(1)
      .map((line) => line.slice(1, -1).map((cell) => (cell === '✓' ? null : (reasons.get(cell) ?? cell))))
    expect(cells).toEqual(rows.map((row) => row.reasons))
  },
)
