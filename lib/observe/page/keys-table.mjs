import { ask, reasonOf, tell } from './ask.mjs'
import { copyOf, fill, part, say } from './element.mjs'
import { pathOfKey, remove } from './server.mjs'
import { count, cut, duration } from './words.mjs'

/** @typedef {import('./shapes.d.mts').KeyShape} KeyShape */

/** @param {number} rejected @param {number} dry */
function refusalsOf(rejected, dry) {
  if (dry === 0) return count(rejected)
  return rejected === 0 ? `${count(dry)}, dry run` : `${count(rejected)} and ${count(dry)}, dry run`
}

/** The keys with the most slots. A row stays the row of its key, so that focus and pointer stay with it. */
export class KeysTable {
  #zone
  #section
  #body
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map()

  /** @param {string} zone @param {HTMLElement} section */
  constructor(zone, section) {
    this.#zone = zone
    this.#section = section
    this.#body = part(section, 'rows')
    say(part(section, 'caption'), `Keys with the most slots in ${zone}`)
  }

  /** @param {readonly KeyShape[]} keys @param {{ limit: number | null, mayChange: boolean }} how */
  show(keys, { limit, mayChange }) {
    part(this.#section, 'act-head').hidden = !mayChange
    part(this.#section, 'no-keys').hidden = keys.length > 0
    this.#forget(new Set(keys.map(({ key }) => key)))
    for (const key of keys) this.#update(key, { limit, mayChange })
    this.#arrange(keys.map(({ key }) => key))
  }

  /** @param {Set<string>} stay */
  #forget(stay) {
    for (const [key, row] of this.#rows) {
      if (stay.has(key)) continue
      if (row.contains(document.activeElement)) this.#body.focus()
      row.remove()
      this.#rows.delete(key)
    }
  }

  /** @param {KeyShape} shape @param {{ limit: number | null, mayChange: boolean }} how */
  #update({ key, active, peak, rejected, rejected_dry_run: dry, oldest_ms: oldestMs }, { limit, mayChange }) {
    const row = this.#rows.get(key) ?? this.#make(key)
    say(part(row, 'active'), count(active))
    say(part(row, 'peak'), count(peak))
    say(part(row, 'rejected'), refusalsOf(rejected, dry))
    say(part(row, 'oldest'), oldestMs === undefined ? 'idle' : duration(oldestMs))
    part(row, 'oldest').classList.toggle('muted', oldestMs === undefined)
    part(row, 'rejected').classList.toggle('refused', rejected > 0)
    part(row, 'rejected').classList.toggle('muted', rejected + dry === 0)

    const bar = /** @type {HTMLElement} */ (row.querySelector('.of-limit'))
    bar.hidden = limit === null
    bar.classList.toggle('full', limit !== null && active >= limit)
    fill(bar.firstElementChild, limit === null ? 0 : active / limit)
    part(row, 'act').hidden = !mayChange
    part(row, 'kick').toggleAttribute(
      'disabled',
      active === 0 && document.activeElement !== part(row, 'kick'),
    )
  }

  /** @param {string} key */
  #make(key) {
    const row = copyOf('key-row')
    this.#rows.set(key, row)
    const cell = part(row, 'key')
    say(cell, key)
    cell.title = key
    say(part(row, 'kick-key'), cut(key, 60))
    part(row, 'kick').addEventListener('click', () => void this.#kick(key))
    return row
  }

  /** In the order of the server; while somebody is at work in the table what is there stays where it is. @param {string[]} keys */
  #arrange(keys) {
    const isHeld = this.#body.matches(':hover, :focus-within')
    const rows = [...this.#rows.values()]
    const fresh = rows.filter((row) => !row.isConnected)
    const wanted = keys.map((key) => /** @type {HTMLElement} */ (this.#rows.get(key)))
    if (isHeld) this.#body.append(...fresh)
    else wanted.forEach((row, at) => this.#put(row, at))
  }

  /** @param {HTMLElement} row @param {number} at */
  #put(row, at) {
    const there = this.#body.children[at]
    if (there !== row) this.#body.insertBefore(row, there ?? null)
  }

  /** @param {string} key */
  async #kick(key) {
    const isSure = await ask({
      title: 'Close all connections of this key?',
      what: key,
      text: `Those in the zone ${this.#zone} are closed at once. It is no ban: the client may come back.`,
      yes: 'Close them',
    })
    if (!isSure) return
    try {
      const { kicked } = await remove(pathOfKey(this.#zone, key))
      tell(`Closed ${count(kicked)} of ${cut(key, 60)} in ${this.#zone}.`)
    } catch (error) {
      tell(`Nothing was closed: ${reasonOf(error)}.`)
    }
  }
}
