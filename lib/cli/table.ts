export interface TableOptions {
  /** So many of the first columns are of numbers, and stand to the right. */
  readonly numbers: number
  /** A line that is wider is cut, at a comma where it has one. */
  readonly width: number
}

/** Lines with columns of even width. */
export function table(rows: readonly (readonly string[])[], { numbers, width }: TableOptions): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row
      .map((text, column) =>
        column < numbers ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
  return lines.map((line) => fitted(line, width))
}

function fitted(line: string, width: number): string {
  if (line.length <= width) return line
  const cut = line.slice(0, width - 1)
  const comma = cut.lastIndexOf(', ')
  return `${comma < 0 ? cut : cut.slice(0, comma + 2)}…`
}

/** A text that came from elsewhere, such as a key: what would move the cursor or turn the line is shown as its code. */
export function printable(text: unknown): string {
  return String(text).replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (letter) => `\\u{${letter.codePointAt(0)!.toString(16)}}`,
  )
}
