/** The name that was probably meant: at most a third of its letters differ, counted as Levenshtein does. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Infinity

  for (const candidate of names) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits < least && edits <= Math.max(1, candidate.length / 3)) [best, least] = [candidate, edits]
  }
  return best
}

function distance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > to.length) return Infinity

  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const substitution = row[j]! + (from[i] === to[j] ? 0 : 1)
      next.push(Math.min(substitution, row[j + 1]! + 1, next[j]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
