/** Lines with columns of even width: so many of the first are of numbers, and stand to the right. */
export function table(rows: readonly (readonly string[])[], numbers: number): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((text, column) =>
        column < numbers ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
}

/** A text that came from elsewhere, such as a key: what would move the cursor or turn the line is shown as its code. */
export function printable(text: unknown): string {
  return String(text).replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (letter) => `\\u{${letter.codePointAt(0)!.toString(16)}}`,
  )
}
