import { byId, copyOf, part, say } from './element.mjs'
import { count, rate } from './words.mjs'

/** As many are seen at a glance. */
const fewZones = 3

/** @typedef {import('./history.mjs').Sample} Sample */

/** Links to the zones, where there are many, with what somebody would look for. */
export class ZoneIndex {
  #list = byId('index')
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map()

  /** @param {ReadonlyMap<string, Sample | undefined>} zones by their names, as they were seen last */
  show(zones) {
    this.#list.hidden = zones.size <= fewZones
    for (const [name, row] of this.#rows) {
      if (zones.has(name)) continue
      row.remove()
      this.#rows.delete(name)
    }
    for (const [name, sample] of zones) this.#update(this.#rows.get(name) ?? this.#make(name), sample)
  }

  /** @param {HTMLElement} row @param {Sample | undefined} sample */
  #update(row, { active, rejected } = { atMs: 0, active: 0, rejected: 0, dryRun: 0, afterGap: false }) {
    say(part(row, 'active'), `${count(active)} active`)
    say(part(row, 'refused'), rejected > 0 ? `${rate(rejected)} rejected/s` : '')
  }

  /** @param {string} name */
  #make(name) {
    const row = copyOf('index-row')
    const label = part(row, 'name')
    say(label, name)
    label.title = name
    row.querySelector('a')?.setAttribute('href', `#zone-${name}`)
    this.#rows.set(name, row)
    this.#list.append(row)
    return row
  }
}
