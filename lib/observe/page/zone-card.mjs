import { Advice } from './advice.mjs'
import { ask, reasonOf, tell } from './ask.mjs'
import { Chart } from './chart.mjs'
import { copyOf, fill, make, part, say } from './element.mjs'
import { History } from './history.mjs'
import { KeysTable } from './keys-table.mjs'
import { pathOf, remove } from './server.mjs'
import { count, rate } from './words.mjs'

/** @typedef {import('./shapes.d.mts').ZoneShape} ZoneShape */
/** @typedef {'passed' | 'rejected' | 'rejected_dry_run' | 'skipped' | 'exhausted' | 'queued'} Decided */

/** Shown always, each as a bar. @type {Record<Decided, string>} */
const decisions = {
  passed: 'passed',
  rejected: 'rejected',
  rejected_dry_run: 'rejected, dry run',
  skipped: 'skipped',
  exhausted: 'exhausted',
  queued: 'queued',
}

/** Told in a line, those that have happened. */
const closings = /** @type {const} */ ([
  'evicted',
  'kicked',
  'trimmed',
  'expired',
  'idled',
  'drained',
  'forgotten',
])

/** All that the page shows of one zone. */
export class ZoneCard {
  element = copyOf('zone')
  #name
  #history = new History()
  #active = new Chart(part(this.element, 'active-chart'), { active: ({ active }) => active })
  #rejected = new Chart(part(this.element, 'rate-chart'), {
    rejected: ({ rejected }) => rejected,
    'dry-run': ({ dryRun }) => dryRun,
  })
  #keys
  #advice
  /** @type {Map<string, HTMLElement>} */
  #bars = new Map()

  /** @param {string} name */
  constructor(name) {
    this.#name = name
    this.#keys = new KeysTable(name, this.element)
    this.#advice = new Advice(name, this.element)
    const heading = part(this.element, 'name')
    heading.id = `zone-${name}`
    say(heading, name)
    this.element.setAttribute('aria-labelledby', heading.id)
    for (const [key, word] of Object.entries(decisions)) this.#addBar(key, word)
    part(this.element, 'reset').addEventListener('click', () => void this.#reset())
  }

  /** @param {ZoneShape} zone @param {{ atMs: number, mayChange: boolean }} how */
  update(zone, { atMs, mayChange }) {
    this.#history.add(atMs, zone)
    const numbers = zone.limits.map(({ limit }) => limit).filter((limit) => limit !== null)
    const limit = numbers.length > 0 ? Math.min(...numbers) : null
    this.#advice.limit = limit
    part(this.element, 'reset').hidden = !mayChange
    this.#tag(zone)
    this.#figures(zone)
    this.#decided(zone)
    if (zone.top) this.#keys.show(zone.top, { limit, mayChange })
  }

  /** What was seen last. */
  get latest() {
    return this.#history.latest
  }

  /** @param {ZoneShape} zone */
  #tag({ limits, shared }) {
    const tags = limits.map(({ limit, dry_run: isDryRun }) => {
      const words = limit === null ? 'limit by function' : `limit ${count(limit)}`
      return isDryRun
        ? { words: `${words} · dry run, nobody is refused`, className: 'tag dry' }
        : { words, className: 'tag' }
    })
    if (shared) tags.push({ words: 'shared with other processes', className: 'tag' })
    const list = part(this.element, 'tags')
    const isNew =
      tags.map(({ words }) => words).join('\n') !==
      [...list.children].map((tag) => tag.textContent).join('\n')
    if (isNew) list.replaceChildren(...tags.map(({ words, className }) => make('li', words, className)))
  }

  /** @param {ZoneShape} zone */
  #figures({ active, peak, keys, max, waiting }) {
    const { rejected = 0, dryRun = 0 } = this.#history.latest ?? {}
    say(part(this.element, 'active'), count(active))
    say(part(this.element, 'active-of'), `peak ${count(peak)}`)
    say(part(this.element, 'rate'), rate(rejected))
    say(part(this.element, 'rate-of'), dryRun > 0 ? `and ${rate(dryRun)} in a dry run` : '')
    say(part(this.element, 'keys'), count(keys))
    say(part(this.element, 'keys-of'), `of ${count(max)}`)
    this.#meter(keys, max)
    const waits = part(this.element, 'waiting')
    waits.hidden = waiting === 0
    say(waits, `${count(waiting)} waiting in a queue`)

    this.#active.draw(this.#history, { label: `Active: now ${count(active)}`, highest: count })
    const refused = `now ${rate(rejected)}, and ${rate(dryRun)} in a dry run`
    this.#rejected.draw(this.#history, { label: `Rejected a second: ${refused}`, highest: rate })
  }

  /** @param {number} keys @param {number} max */
  #meter(keys, max) {
    const meter = part(this.element, 'keys-meter')
    meter.setAttribute('aria-label', `Keys in use in ${this.#name}`)
    meter.setAttribute('aria-valuemax', String(max))
    meter.setAttribute('aria-valuenow', String(keys))
    meter.setAttribute('aria-valuetext', `${count(keys)} of ${count(max)}`)
    meter.classList.toggle('full', keys >= max * 0.9)
    fill(meter.firstElementChild, keys / max)
  }

  /** @param {ZoneShape} zone */
  #decided(zone) {
    const names = /** @type {Decided[]} */ (Object.keys(decisions))
    const most = Math.max(1, ...names.map((name) => zone[name]))
    for (const name of names) {
      const row = /** @type {HTMLElement} */ (this.#bars.get(name))
      say(part(row, 'number'), count(zone[name]))
      row.classList.toggle('none', zone[name] === 0)
      fill(row.querySelector('.bar > span'), zone[name] / most)
    }
    const closed = closings.filter((name) => zone[name] > 0).map((name) => `${count(zone[name])} ${name}`)
    say(part(this.element, 'closed'), closed.join(' · '))
  }

  /** @param {string} name @param {string} word */
  #addBar(name, word) {
    const [row, number, bar] = [make('div', '', name), make('dd', '0', 'number'), make('dd', '', 'bar')]
    number.dataset['part'] = 'number'
    bar.setAttribute('aria-hidden', 'true')
    bar.append(make('span', ''))
    row.append(make('dt', word), bar, number)
    this.#bars.set(name, row)
    part(this.element, 'bars').append(row)
  }

  async #reset() {
    const isSure = await ask({
      title: 'Reset the statistics of this zone?',
      what: this.#name,
      text: 'Its counters, peaks and advice start again. What is open stays open, and counted.',
      yes: 'Reset',
    })
    if (!isSure) return
    try {
      await remove(pathOf(this.#name))
      tell(`The statistics of ${this.#name} start again.`)
    } catch (error) {
      tell(`Nothing was reset: ${reasonOf(error)}.`)
    }
  }
}
