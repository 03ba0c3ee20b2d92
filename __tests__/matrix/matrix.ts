import { columns, type Column } from './columns.ts'
import { Stand, type StandOptions } from './stand.ts'

/** A way in which a connection begins or ends. */
export interface Row {
  readonly name: string
  /** What it proves, by the ids of the facts, the criteria and the failures. */
  readonly ids: string
  /** Why it is no row of a column: by its name, by what it speaks, or for all without TLS (`plain`). */
  readonly not?: Readonly<Record<string, string>>
  /** Node does not tell this end on every column: the sweep finds it. */
  readonly isSwept?: true
  readonly options?: StandOptions
  /** Lets it happen, and checks what it does. When it is over all its clients have left, or will be gone in time. */
  readonly run: (stand: Stand) => Promise<void>
}

export interface Theme {
  readonly title: string
  readonly rows: readonly Row[]
}

/** Why a row does not apply to a column; undefined if it does. */
export function reasonAgainst({ not = {} }: Row, { name, speaks, isTls }: Column): string | undefined {
  return not[name] ?? not[speaks] ?? (isTls ? undefined : not['plain'])
}

/** The cells of a theme that apply: the title of each, and its test. */
export function cellsOf({ rows }: Theme): [title: string, checkCell: () => Promise<void>][] {
  return rows.flatMap((row) =>
    columns
      .filter((column) => reasonAgainst(row, column) === undefined)
      .map((column): [string, () => Promise<void>] => [
        `${row.name} × ${column.name}`,
        () => checkCell(row, column),
      ]),
  )
}

/** Lets the row happen; then nothing is left, and all limits are exact. */
async function checkCell(row: Row, column: Column): Promise<void> {
  const stand = await Stand.open(column, { ...row.options, isSwept: row.isSwept ?? false })
  await row.run(stand)
  await stand.expectRest()
  await stand.expectCapacity()
  await stand.expectRest()
  await stand.expectQuiet()
}
