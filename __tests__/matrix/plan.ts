import { columns } from './columns.ts'
import { reasonAgainst, type Theme } from './matrix.ts'
import { beginnings } from './rows/beginnings.ts'
import { handlers } from './rows/handlers.ts'
import { limits } from './rows/limits.ts'
import { pipelining } from './rows/pipelining.ts'
import { requests } from './rows/requests.ts'
import { servers } from './rows/servers.ts'
import { sessions } from './rows/sessions.ts'
import { upgrades } from './rows/upgrades.ts'

/** Every theme, by the name of its files, in the order of the report. */
export const themes: Readonly<Record<string, Theme>> = {
  beginnings,
  requests,
  pipelining,
  handlers,
  limits,
  upgrades,
  sessions,
  servers,
}

export interface PlannedRow {
  readonly name: string
  /** Its end is found by the sweep. */
  readonly isSwept: boolean
  readonly ids: string
  /** For each column why it does not apply; null where it does. */
  readonly reasons: readonly (string | null)[]
}

/** The matrix without its tests, as the report shows it. */
export interface Plan {
  readonly columns: readonly string[]
  readonly themes: readonly { readonly title: string; readonly rows: readonly PlannedRow[] }[]
}

export const plan: Plan = {
  columns: columns.map(({ name }) => name),
  themes: Object.values(themes).map(({ title, rows }) => ({
    title,
    rows: rows.map((row) => ({
      name: row.name,
      isSwept: row.isSwept ?? false,
      ids: row.ids,
      reasons: columns.map((column) => reasonAgainst(row, column) ?? null),
    })),
  })),
}
