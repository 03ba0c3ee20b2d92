import { byId, make, say } from './element.mjs'
import { Live } from './live.mjs'
import { ZoneCard } from './zone-card.mjs'
import { count } from './words.mjs'

/** @typedef {import('./shapes.d.mts').TickShape} TickShape */

/** @type {Map<string, ZoneCard>} */
const cards = new Map()
let mayChange = false

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

  const all = Object.values(zones)
  const active = all.reduce((sum, zone) => sum + zone.active, 0)
  say(
    byId('summary'),
    `${count(active)} ${active === 1 ? 'slot' : 'slots'} taken in ${count(all.length)} ${all.length === 1 ? 'zone' : 'zones'}`,
  )
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
  if (element.dataset['state'] === state) return
  element.dataset['state'] = state
  document.body.classList.toggle('stale', state === 'away')
  document.title = state === 'away' ? 'Away · limit-conn' : 'Connections · limit-conn'
  if (state === 'live') return say(element, 'Live')
  if (state === 'polling') return say(element, 'Live, asked every 2 s')

  const since = new Date().toLocaleTimeString('en', { hour12: false })
  element.replaceChildren(
    `The server is away since ${since}; trying again`,
    make('span', ` (${reason})`, 'unseen'),
  )
}
