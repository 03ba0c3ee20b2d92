'use strict'

const titleOf = (row, column) => `${row.name} × ${column}`

/** A letter for each reason, in the order in which they are met. */
function lettersOf(plan) {
  const rows = plan.themes.flatMap((theme) => theme.rows)
  const reasons = new Set(rows.flatMap((row) => row.reasons).filter((reason) => reason !== null))
  return new Map([...reasons].map((reason, n) => [reason, String.fromCodePoint(97 + n)]))
}

/** Every cell that applies, with the versions of Node on which it is not green. A cell that did not run is not. */
function judge(plan, runs) {
  return plan.themes.flatMap(({ rows }) =>
    rows.flatMap((row) =>
      plan.columns
        .map((column, n) => ({ title: titleOf(row, column), applies: row.reasons[n] === null }))
        .filter(({ applies }) => applies)
        .map(({ title }) => ({
          title,
          failed: runs.filter(({ passed }) => !passed.has(title)).map(({ version }) => version),
        })),
    ),
  )
}

/** What stands between the markers, and how many cells are not green. */
function render(plan, runs, date) {
  const cells = judge(plan, runs)
  const broken = runs.filter(({ isGreen }) => !isGreen).map(({ version }) => version)
  const failures = cells.filter(({ failed }) => failed.length > 0)
  if (broken.length > 0) failures.push({ title: 'the run as a whole', failed: broken })
  const failedOf = new Map(cells.map(({ title, failed }) => [title, failed]))
  const letters = lettersOf(plan)

  function cellOf(row, column, n) {
    if (row.reasons[n] !== null) return `– ${letters.get(row.reasons[n])}`
    const failed = failedOf.get(titleOf(row, column))
    return failed.length === 0 ? '✓' : `✗ ${failed.map((version) => version.split('.')[0]).join(' ')}`
  }
  const line = (parts) => `| ${parts.join(' | ')} |`
  const table = ({ title, rows }) => [
    `### ${title}`,
    '',
    line(['', ...plan.columns, 'ids']),
    line(['', ...plan.columns, ''].map(() => '---')),
    ...rows.map((row) =>
      line([
        `${row.name}${row.isSwept ? ' (sweep)' : ''}`,
        ...plan.columns.map((column, n) => cellOf(row, column, n)),
        row.ids,
      ]),
    ),
    '',
  ]

  const versions = runs.map(({ version }) => version)
  const lines = [
    `Run on ${date} by \`npm run proof\`, on Node ${versions.join(', ')}: ${cells.length} cells on each, ` +
      `${cells.length * runs.length} in all; ${failures.length === 0 ? 'none failed' : `${failures.length} failed`}.`,
    '',
    '✓: green on each of them. ✗: failed on these. –: does not apply, and the letter says why. (sweep): Node does not tell of',
    'this end, or not everywhere, and the sweep finds it. In all other rows the sweep comes too late to help (under TLS: after 2 s).',
    '',
    ...[...letters].map(([reason, letter]) => `- ${letter}: ${reason}`),
    '',
    ...plan.themes.flatMap(table),
    ...failures.map(({ title, failed }) => `- failed on Node ${failed.join(', ')}: ${title}`),
  ]
  return { text: lines.join('\n'), failures: failures.length }
}

module.exports = { render }
