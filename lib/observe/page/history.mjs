/** How far back the charts go: as far as there is something to show. */
const spansMs = [60_000, 120_000, 300_000]
const longestMs = 300_000

/** A pause longer than this is shown as a gap: nobody knows what was in it. */
const gapMs = 6_000

/** @typedef {{ atMs: number, active: number, rejected: number, dryRun: number, afterGap: boolean }} Sample */

/** What was seen of a zone in the last minutes: active, and refusals a second. */
export class History {
  /** @type {Sample[]} */
  samples = []
  /** @type {{ atMs: number, rejected: number, dryRun: number } | undefined} */
  #last

  /** @param {number} atMs @param {import('./shapes.d.mts').ZoneShape} zone */
  add(atMs, { active, rejected, rejected_dry_run: dryRun }) {
    const last = this.#last
    const passedMs = last ? atMs - last.atMs : 0
    if (last && passedMs <= 0) return
    this.#last = { atMs, rejected, dryRun }

    const afterGap = passedMs > gapMs
    const isComparable = last !== undefined && !afterGap
    this.samples.push({
      atMs,
      active,
      rejected: isComparable ? perSecond(rejected - last.rejected, passedMs) : 0,
      dryRun: isComparable ? perSecond(dryRun - last.dryRun, passedMs) : 0,
      afterGap,
    })
    while (this.samples.length > 0 && this.samples[0].atMs < atMs - longestMs) this.samples.shift()
  }

  /** The shortest span that has all of them. @returns {number} */
  get spanMs() {
    const [first, last] = [this.samples[0], this.latest]
    const seenMs = first && last ? last.atMs - first.atMs : 0
    return spansMs.find((span) => span >= seenMs) ?? longestMs
  }

  /** The last sample. @returns {Sample | undefined} */
  get latest() {
    return this.samples.at(-1)
  }
}

/** Counters that fall were reset, or belong to another process. @param {number} more @param {number} passedMs */
function perSecond(more, passedMs) {
  return (Math.max(0, more) * 1000) / passedMs
}
