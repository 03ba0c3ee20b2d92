import { Answer, get, pathOf } from './server.mjs'

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
  /** @type {State | undefined} */
  #state

  /** @param {{ tell: (state: State, reason: string) => void, take: (tick: TickShape) => void }} listener */
  constructor({ tell, take }) {
    this.#tell = tell
    this.#take = take
  }

  async run() {
    for (;;) {
      const how = await this.#listen()
      if (how === 'silent') this.#say('away', '')
      if (how === 'unheard') await this.#pollUntil(performance.now() + retryMs)
      // Each stream ends after a minute. Whether the server is away is seen when it is asked again.
      else await elapse(againMs)
    }
  }

  /** @param {State} state @param {string} reason */
  #say(state, reason) {
    this.#state = state
    this.#tell(state, reason)
  }

  /** Takes events until they end; says how. @returns {Promise<'unheard' | 'silent' | 'ended'>} */
  #listen() {
    const source = new EventSource('events')
    return new Promise((resolve) => {
      let hasHeard = false
      /** @param {'silent' | 'ended'} how */
      const end = (how) => {
        source.close()
        clearTimeout(timer)
        resolve(hasHeard ? how : 'unheard')
      }
      let timer = setTimeout(end, firstMs, 'silent')
      source.addEventListener('error', () => end('ended'))
      source.addEventListener('message', ({ data }) => {
        hasHeard = true
        clearTimeout(timer)
        timer = setTimeout(end, silenceMs, 'silent')
        this.#say('live', '')
        this.#take(JSON.parse(data))
      })
    })
  }

  /** Polls where that works; where nothing does it waits, and lets events be tried again. @param {number} deadline */
  async #pollUntil(deadline) {
    while (performance.now() < deadline) {
      try {
        this.#take(await poll())
        // It was away, and perhaps its events were as well.
        if (this.#state === 'away') deadline = 0
        this.#say('polling', '')
      } catch (error) {
        this.#say('away', error instanceof Answer ? error.message : '')
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
  return { zones: Object.fromEntries(entries) }
}
