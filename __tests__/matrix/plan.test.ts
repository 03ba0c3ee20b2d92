import { readdirSync, writeFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { columns } from './columns.ts'
import { plan, themes } from './plan.ts'

const rows = plan.themes.flatMap((theme) => theme.rows)

it('runs each theme in a file of its own', () => {
  const files = readdirSync(__dirname).filter((name) => name.endsWith('.test.ts'))
  const others = ['plan', 'report']
  expect(files.toSorted()).toEqual(
    [...Object.keys(themes), ...others].map((name) => `${name}.test.ts`).toSorted(),
  )
})

it('has each row once, in a column at least, with what it proves', () => {
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
  for (const { ids, reasons } of rows) {
    expect(ids).toMatch(/^(N\d+|A-\d+|F\d+)(, (N\d+|A-\d+|F\d+))*$/)
    expect(reasons).toContain(null)
  }
})

it('gives no reason for a column that there is not', () => {
  const known = new Set(['plain', ...columns.flatMap(({ name, speaks }) => [name, speaks])])
  const given = Object.values(themes).flatMap((theme) =>
    theme.rows.flatMap(({ not = {} }) => Object.keys(not)),
  )
  expect(given.filter((name) => !known.has(name))).toEqual([])
})

// `npm run proof` asks for it: what is written in TypeScript is read by jest only.
const { MATRIX_PLAN: target } = process.env
if (target !== undefined) writeFileSync(target, JSON.stringify(plan))
