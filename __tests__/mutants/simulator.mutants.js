'use strict'

// Found by the simulator, which knows nothing of how the limiter is made.

const worlds = { tests: ['__tests__/simulator/simulator.test.ts'], env: { LIMIT_CONN_WORLDS: '400' } }
const orders = { tests: ['__tests__/simulator/orders.test.ts'] }

module.exports = [
  {
    ...worlds,
    id: 'oneTooMany',
    file: 'lib/core/look.ts',
    from: 'zone.activeUnder(key) >= ask.max',
    to: 'zone.activeUnder(key) > ask.max',
  },
  {
    ...worlds,
    id: 'requestsOutliveConnections',
    file: 'lib/core/holder.ts',
    from: 'while (this.#firstChild) this.#firstChild.end(cause)',
    to: '',
  },
  {
    ...worlds,
    id: 'sweepFreesTheLiving',
    file: 'lib/connection/sweep.ts',
    from: "if (pulse !== 'gone') return",
    to: "if (pulse === 'stalled') return",
  },
  {
    ...worlds,
    id: 'sweepFreesNobody',
    file: 'lib/connection/sweep.ts',
    from: `connection.holder.end()
    if`,
    to: 'if',
  },
  {
    ...worlds,
    id: 'slotsInUseAreGivenBack',
    file: 'lib/core/holder.ts',
    from: 'if (!slot.isIdle) return',
    to: '',
  },
  {
    ...worlds,
    id: 'runsBehindARefusal',
    file: 'lib/http/passage.ts',
    from: 'if (!exchange.isRefused && (!connection.isRefused || exchange.hasPassed)) return true',
    to: 'return true',
  },
  {
    ...worlds,
    id: 'upgradesRefusedInVain',
    file: 'lib/core/look.ts',
    from: 'zone.activeUnder(key) >= ask.max',
    to: "zone.activeUnder(key) + Number(ask.max > 1 && entry.holder.carrier?.state === 'upgraded') >= ask.max",
  },
  {
    ...worlds,
    id: 'excessStays',
    file: 'lib/core/close.ts',
    from: '      if (record.active <= max) break',
    to: '      if (record.active <= max + 1) break',
  },
  {
    ...worlds,
    id: 'theRefusedStay',
    file: 'lib/http/close.ts',
    from: 'const timer = setTimeout(() => connection.destroy(), lingerMs)',
    to: 'const timer = setTimeout(() => undefined, lingerMs)',
  },
  {
    ...worlds,
    id: 'theLostStayOpen',
    file: 'lib/connection/sweep.ts',
    from: `      this.#lost.delete(connection)
      connection.destroy()`,
    to: '      this.#lost.delete(connection)',
  },
  {
    ...worlds,
    env: { LIMIT_CONN_WORLDS: '1000' },
    id: 'goesOnThoughItHasGone',
    file: 'lib/http/passage.ts',
    from: 'mayGoOn(turn) && step()',
    to: 'step()',
  },
  {
    ...worlds,
    id: 'deadlinesStay',
    file: 'lib/core/limit.ts',
    from: '    clearTimeout(timer)\n',
    to: '',
  },
  {
    ...worlds,
    id: 'givesBackInSilence',
    file: 'lib/core/zone.ts',
    from: '    tellReleased(slot, cause)\n',
    to: '',
  },
  {
    ...worlds,
    id: 'closedIsToldAsEnded',
    file: 'lib/core/close.ts',
    from: '  holder.end(cause)\n',
    to: '  holder.end()\n',
  },
  {
    ...worlds,
    id: 'toldBeforeTaken',
    file: 'lib/core/enter.ts',
    from: `    if (isTaken(look)) take(entry, look)
    const hit = count(entry, look)
    if (hit) (hits ??= []).push(hit)`,
    to: `    const hit = count(entry, look)
    if (hit) tellHits([hit])
    if (isTaken(look)) take(entry, look)`,
  },
  {
    ...orders,
    id: 'wentWhileItWaited',
    edits: [
      {
        file: 'lib/core/policy.ts',
        from: 'if (holder.isEnded || request?.isEnded || evaluation === GONE) return gone',
        to: 'if (evaluation === GONE) return gone',
      },
      {
        file: 'lib/core/enter.ts',
        from: 'if (entry.holder.isEnded || entry.request?.isEnded) return gone',
        to: '',
      },
      {
        file: 'lib/http/passage.ts',
        from: `  if (connection.isEnded || turn.hasLeft) {
    connection.destroy()
    return false
  }
  if (exchange.isEnded) return false`,
        to: '',
      },
    ],
  },
  {
    ...orders,
    env: { LIMIT_CONN_RUNS: '2000' },
    id: 'theLimitOfBefore',
    file: 'lib/http/passage.ts',
    from: 'if (policy.parsed !== turn.options) return begin(turn)',
    to: '',
  },
]
