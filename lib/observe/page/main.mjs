import { byId, say } from './element.mjs'
import { Live } from './live.mjs'
import { several } from './words.mjs'
import { ZoneCard } from './zone-card.mjs'
import { ZoneIndex } from './zone-index.mjs'

/** @typedef {import('./shapes.d.mts').TickShape} TickShape */

/** @type {Map<string, ZoneCard>} */
const cards = new Map()
const index = new ZoneIndex()
/** The page says it at first: events may be kept back. */
let mayChange = !('readOnly' in document.documentElement.dataset)
/** When the state became what it is. */
let since = ''

void new Live({ tell: showState, take: showTick }).run()

/** @param {TickShape} tick */
function showTick({ zones, may_change: may }) {
  mayChange = may ?? mayChange
  for (const [name, card] of cards) {
    if (Object.hasOwn(zones, name)) continue
    card.element.remove()
    cards.delete(name)
  }
  for (const [name, zone] of Object.entries(zones))
    cardOf(name).update(zone, { atMs: performance.now(), mayChange })

  index.show(new Map([...cards].map(([name, { latest }]) => [name, latest])))
  const all = Object.values(zones)
  const active = all.reduce((sum, zone) => sum + zone.active, 0)
  say(byId('summary'), `${several(active, 'slot')} taken in ${several(all.length, 'zone')}`)
  byId('rights').hidden = mayChange
  say(byId('rights'), 'Read only')
}

/** @param {string} name */
function cardOf(name) {
  const card = cards.get(name) ?? new ZoneCard(name)
  if (!cards.has(name)) {
    cards.set(name, card)
    byId('zones').append(card.element)
  }
  return card
}

/** Said once for each change, not for each tick. @param {'live' | 'polling' | 'away'} state @param {string} reason */
function showState(state, reason) {
  const element = byId('state')
  const isNew = element.dataset['state'] !== state
  if (!isNew && element.dataset['reason'] === reason) return
  if (isNew) since = new Date().toLocaleTimeString('en', { hour12: false })
  Object.assign(element.dataset, { state, reason })
  document.body.classList.toggle('stale', state === 'away')
  document.title = state === 'away' ? 'Away · limit-conn' : 'Connections · limit-conn'
  say(element, wordsOf(state, reason))
}

/** @param {'live' | 'polling' | 'away'} state @param {string} reason */
function wordsOf(state, reason) {
  if (state !== 'away') return state === 'live' ? 'Live' : 'Live, asked every 2 s'
  return reason === ''
    ? `The server is away since ${since}; trying again`
    : `No numbers since ${since}: ${reason}; trying again`
}
