import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from '@jest/globals'

const root = path.join(__dirname, '..')
const run = promisify(execFile)

function bench(...flags: string[]): Promise<{ stdout: string }> {
  return run(process.execPath, [path.join(root, 'bench/index.js'), ...flags], { timeout: 100_000 })
}

function rowsOf(text: string, title: string): string[][] {
  const section = text.slice(text.indexOf(`\n${title}`))
  const lines = section.split('\n').filter((line) => line !== '')
  const table = lines.slice(1, 1 + lines.slice(1).findIndex((line) => !line.startsWith('|')))
  return table.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** The last cells of a row, each a figure: finite, above zero. */
function expectFigures(row: readonly string[], count: number): void {
  for (const cell of row.slice(-count)) {
    const numbers = cell.match(/\d[\d,]*(\.\d+)?/g)!.map((text) => Number(text.replaceAll(',', '')))
    expect(numbers.every((number) => Number.isFinite(number) && number > 0)).toBe(true)
    expect(cell).toMatch(/^\d[\d.,]*( %| \[\d+\.\d\d\.\.\d+\.\d\d\])?$/)
  }
}

it('the benchmark prints a figure for every variant, and writes no file when it only tries', async () => {
  const written = readFileSync(path.join(root, 'docs/benchmarks.md'), 'utf8')
  const { stdout } = await bench('--smoke')

  const time = rowsOf(stdout, 'Core: time')
  expect(time).toHaveLength(5)
  for (const row of time) expectFigures(row, 5)

  const memory = rowsOf(stdout, 'Core: memory')
  expect(memory.map(([name]) => name)).toEqual(['Map', 'Zone', 'Limiter'])
  for (const row of memory) expectFigures(row, 2)

  for (const load of ['keep-alive', 'connection per request']) {
    const middleware = rowsOf(stdout, `Middleware: ${load}`)
    const guard = load === 'keep-alive' ? [] : ['limitServer']
    const rows = ['nothing (control)', 'limitConn', 'express-rate-limit', ...guard]
    expect(middleware.map((row) => row[1])).toEqual(rows)
    for (const row of middleware) expectFigures(row, 5)
  }
  expect(stdout).toContain('the noise floor')
  expect(readFileSync(path.join(root, 'docs/benchmarks.md'), 'utf8')).toBe(written)
}, 120_000)

it('the part for what shows prints a figure for everything on, and for a control', async () => {
  const { stdout } = await bench('observe', '--smoke')
  const rows = rowsOf(stdout, 'Observe: rejections')
  expect(rows.map(([name]) => name)).toEqual([
    'everything on, 10,000',
    'everything off (control), 10,000',
    'everything on, as many as it can',
    'everything off (control), as many as it can',
  ])
  for (const row of rows) expectFigures(row, 4)
}, 60_000)

it.each([
  [['--quack'], "Unknown option '--quack'"],
  [['--quick', '--smoke'], '--quick and --smoke are two different runs'],
  [['redis', 'observe'], 'one part at a time'],
  [['--smoke', '--write'], 'the figures of --smoke mean nothing'],
])('the benchmark refuses %j and tells how it is called', async (flags, message) => {
  const refused = bench(...flags).catch((error: unknown) => error)
  expect(await refused).toMatchObject({ code: 1, stderr: expect.stringContaining(message) })
  expect(await refused).toMatchObject({ stderr: expect.stringContaining('usage: npm run bench') })
})
