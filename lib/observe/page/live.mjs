import { reasonOf } from './ask.mjs'
import { get, pathOf } from './server.mjs'

/** @typedef {import('./shapes.d.mts').TickShape} TickShape */
/** @typedef {'live' | 'polling' | 'away'} State */

const pollMs = 2_000
/** Events that have ended are asked for again after this. */
const againMs = 1_000
/** Where polling works events are tried less often. */
const retryMs = 60_000
/** The first event comes at once, unless somebody between keeps it back. */
const firstMs = 4_000
/** The server says something each second: after this silence it is gone, whatever TCP thinks. */
const silenceMs = 10_000

/** Follows the server for as long as the page is open: by events, else by polling, and again when it comes back. */
export class Live {
  #tell
  #take

  /** @param {{ tell: (state: State, reason: string) => void, take: (tick: TickShape) => void }} listener */
  constructor({ tell, take }) {
    this.#tell = tell
    this.#take = take
  }

  async run() {
    for (;;) {
      if (await this.#listen()) {
        this.#tell('away', 'the stream of events has ended')
        await elapse(againMs)
      } else await this.#pollUntil(performance.now() + retryMs)
    }
  }

  /** Takes events until they end; says whether there was one. @returns {Promise<boolean>} */
  #listen() {
    const source = new EventSource('events')
    return new Promise((resolve) => {
      let hasHeard = false
      const end = () => {
        source.close()
        clearTimeout(timer)
        resolve(hasHeard)
      }
      let timer = setTimeout(end, firstMs)
      source.addEventListener('error', end)
      source.addEventListener('message', ({ data }) => {
        hasHeard = true
        clearTimeout(timer)
        timer = setTimeout(end, silenceMs)
        this.#tell('live', '')
        this.#take(JSON.parse(data))
      })
    })
  }

  /** Polls where that works; where nothing does it waits, and lets events be tried again. @param {number} deadline */
  async #pollUntil(deadline) {
    while (performance.now() < deadline) {
      try {
        this.#take(await poll())
        this.#tell('polling', '')
      } catch (error) {
        this.#tell('away', reasonOf(error))
        deadline = 0
      }
      await elapse(pollMs)
    }
  }
}

/** @param {number} ms @returns {Promise<void>} */
function elapse(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** @returns {Promise<TickShape>} */
async function poll() {
  const zones = await get('limit_conns')
  const tops = await Promise.all(Object.keys(zones).map((name) => get(pathOf(name, '/keys?n=10'))))
  const entries = Object.entries(zones).map(([name, zone], at) => [name, { ...zone, top: tops[at] }])
  return { now_ms: Date.now(), zones: Object.fromEntries(entries) }
}
