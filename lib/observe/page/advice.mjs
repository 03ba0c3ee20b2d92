import { reasonOf } from './ask.mjs'
import { copyInto, copyOf, fill, isolated, make, part, say } from './element.mjs'
import { get, pathOf } from './server.mjs'
import { count, duration, percent, several } from './words.mjs'

/** @typedef {import('./shapes.d.mts').AdviceShape} AdviceShape */
/** @typedef {import('./shapes.d.mts').CandidateShape} CandidateShape */

/** The highest limit of which the router says what it would come to. */
const highestAsked = 1_000_000

/** Which limit to choose: asked when somebody opens it, and when they ask again. */
export class Advice {
  #zone
  #body
  /** The limit in force. @type {number | null} */
  limit = null

  /** @param {string} zone @param {HTMLElement} card */
  constructor(zone, card) {
    this.#zone = zone
    this.#body = part(card, 'advice-body')
    const details = /** @type {HTMLDetailsElement} */ (part(card, 'advice'))
    copyInto('advice-body', this.#body)
    details.addEventListener('toggle', () => details.open && void this.#look())
    part(this.#body, 'again').addEventListener('click', () => void this.#look())
    part(this.#body, 'share').addEventListener('change', () => void this.#look())
  }

  async #look() {
    const share = /** @type {HTMLSelectElement} */ (part(this.#body, 'share')).value
    const limits = this.limit === null || this.limit > highestAsked ? '' : `&limits=${this.limit}`
    try {
      this.#show(
        await get(pathOf(this.#zone, `/advice?max_rejected_share=${share}&top=2${limits}`)),
        Number(share),
      )
    } catch (error) {
      say(part(this.#body, 'limit'), 'No advice')
      say(part(this.#body, 'reason'), `${reasonOf(error)}.`)
    }
  }

  /** @param {AdviceShape} advice @param {number} share */
  #show({ suggestion, since_ms: sinceMs, arrivals, candidates }, share) {
    const { limit, reason } = suggestion
    say(part(this.#body, 'limit'), limit === null ? 'No suggestion yet' : `Suggested limit: ${count(limit)}`)
    part(this.#body, 'suggestion').classList.toggle('good', limit !== null)
    say(part(this.#body, 'reason'), `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.`)
    say(part(this.#body, 'since'), `${several(arrivals, 'arrival')} in ${duration(Date.now() - sinceMs)}`)

    const shown = this.#worthShowing(candidates, limit)
    const above = candidates[shown.length]
    const asFar = above?.exactness === 'estimate' ? ', as far as can be told' : ''
    say(
      part(this.#body, 'above'),
      above ? `${count(above.limit)} and more: none would have been refused${asFar}.` : '',
    )
    const rows = shown.map((candidate) => this.#rowOf(candidate, { suggested: limit, share }))
    part(this.#body, 'candidates').replaceChildren(...rows)
  }

  /** Up to the first that refuses nobody, to the one suggested and to the current one. @param {readonly CandidateShape[]} all @param {number | null} suggested */
  #worthShowing(all, suggested) {
    const free = all.findIndex(({ rejected }) => rejected === 0)
    const named = all.findLastIndex(({ limit }) => limit === suggested || limit === this.limit)
    return free < 0 ? all : all.slice(0, Math.max(free, named) + 1)
  }

  /** @param {CandidateShape} candidate @param {{ suggested: number | null, share: number }} chosen */
  #rowOf(candidate, { suggested, share }) {
    const row = copyOf('candidate')
    const { limit, rejected, rejected_share: rejectedShare, keys, exactness } = candidate
    const cell = part(row, 'limit')
    if (limit === suggested) cell.append(make('span', 'suggested', 'tag good'), ' ')
    if (limit === this.limit) cell.append(make('span', 'current', 'tag'), ' ')
    cell.append(make('span', count(limit), 'limit'))
    row.classList.toggle('chosen', limit === suggested)
    row.classList.toggle('within', rejectedShare <= share)
    fill(row.querySelector('.bar > span'), rejectedShare)
    say(part(row, 'share'), percent(rejectedShare))
    say(part(row, 'rejected'), count(rejected))
    say(part(row, 'keys'), keys === undefined ? '–' : count(keys))
    say(part(row, 'exactness'), knownAs[exactness] ?? exactness)
    part(row, 'hits').classList.toggle('empty', candidate.top_keys.length === 0)
    part(row, 'hits').append(...hitsOf(candidate))
    return row
  }
}

/** @type {Record<string, string>} */
const knownAs = { exact: 'exactly', 'upper bound': 'at most', estimate: 'roughly' }

/** @param {CandidateShape} candidate @returns {(Node | string)[]} */
function hitsOf({ top_keys: topKeys }) {
  if (topKeys.length === 0) return ['–']
  return topKeys.map(({ shown, rejected }) => {
    const hit = make('span', '', 'hit')
    hit.append(isolated(shown, 'key'), ` ${count(rejected)}`)
    return hit
  })
}
