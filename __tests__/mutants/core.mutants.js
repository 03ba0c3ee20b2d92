'use strict'

// What a limiter of connections gets wrong first: each was wrong somewhere, or could be.

const model = ['__tests__/core/zone.model.test.ts']

const lookingTakes = [
  {
    file: 'lib/core/enter.ts',
    from: 'for (const key of ask.keys) looks.push(lookAt(entry, ask, key))',
    to: `for (const key of ask.keys) {
    const look = lookAt(entry, ask, key)
    const isTaken = look.finding === 'free' && !look.slot
    const slot = isTaken ? ask.limit.zone.take(key, entry.holder) : look.slot
    if (isTaken) entry.holder.hold(slot!)
    looks.push({ ...look, slot })
  }`,
  },
]

module.exports = [
  {
    id: 'noDestroyedCheck',
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
    ],
    tests: model,
  },
  {
    id: 'noDestroyedCheckOfSources',
    file: 'lib/core/source.ts',
    from: 'if (destroyed === true) holder.end()',
    to: 'void destroyed',
    tests: ['__tests__/core/limiter.test.ts', '__tests__/scenarios/destroyed.test.ts'],
  },
  {
    id: 'noDedup',
    edits: [
      {
        file: 'lib/core/holder.ts',
        from: 'if (slot.record.key === key && slot.zone === zone) return slot',
        to: 'if (slot.record.key === key && slot.zone === zone && slot.isReleased) return slot',
      },
      {
        file: 'lib/core/enter.ts',
        from: 'if (!claim || claim.isDryRun) return undefined',
        to: 'if (!claim || slot.uses >= 0) return undefined',
      },
    ],
    tests: model,
  },
  {
    id: 'evictActive',
    file: 'lib/core/zone.ts',
    from: 'if (this.#live.size + keys.length <= this.max) return true',
    to: `for (const key of this.#live.keys())
      if (this.#live.size + keys.length > this.max && !keys.includes(key)) this.#live.delete(key)`,
    tests: model,
  },
  {
    id: 'evictActiveFromTheCache',
    edits: [
      {
        file: 'lib/core/idle.ts',
        from: 'readonly #forgot: () => void',
        to: 'readonly #forgot: (key: string) => void',
      },
      { file: 'lib/core/idle.ts', from: 'forgot: () => void)', to: 'forgot: (key: string) => void)' },
      { file: 'lib/core/idle.ts', from: 'if (old.active === 0) this.#forgot()', to: 'this.#forgot(old.key)' },
      {
        file: 'lib/core/zone.ts',
        from: "() => this.tally('forgotten')",
        to: '(key) => this.#live.delete(key)',
      },
    ],
    tests: ['__tests__/core/zone.test.ts'],
    title: 'never evicts a live key',
  },
  {
    id: 'offByOne',
    file: 'lib/core/look.ts',
    from: 'zone.activeUnder(key) >= ask.max',
    to: 'zone.activeUnder(key) > ask.max',
    tests: model,
  },
  {
    id: 'countRejected',
    file: 'lib/core/enter.ts',
    from: 'const hits: Hit[] = [{ zone, key: look.key',
    to: 'holder.hold(zone.take(look.key, holder))\n  const hits: Hit[] = [{ zone, key: look.key',
    tests: model,
  },
  {
    id: 'rekeyAtRelease',
    file: 'lib/core/zone.ts',
    from: 'slot.record.remove(slot)\n',
    to: `const isOfLatest = slot.record === (slot.holder.slots.at(-1) ?? slot).record
    if (isOfLatest) slot.record.remove(slot)\n`,
    tests: model,
  },
  { id: 'noRollback', edits: lookingTakes, tests: model },
  {
    id: 'rollbackZero',
    edits: [
      ...lookingTakes,
      {
        file: 'lib/core/enter.ts',
        from: 'if (!victims) return refusalAmong(looks)',
        to: `if (!victims) {
    for (const { ask, key, finding } of looks)
      if (finding === 'free') for (const slot of ask.limit.zone.slotsUnder(key)) slot.zone.release(slot)
    return refusalAmong(looks)
  }`,
      },
    ],
    tests: model,
  },
  {
    id: 'doubleRelease',
    file: 'lib/core/zone.ts',
    from: 'if (slot.isReleased) return',
    to: '',
    tests: ['__tests__/core/zone.test.ts'],
    title: 'gives a slot back once, whoever calls it again',
  },
  {
    id: 'doubleReleaseOfALease',
    file: 'lib/core/lease.ts',
    from: 'if (this.#isReleased) return',
    to: '',
    tests: model,
  },
  {
    id: 'doubleReleaseByEnds',
    file: 'lib/core/holder.ts',
    from: 'if (this.#isEnded) return\n    this.#isEnded = true',
    to: 'this.#isEnded = true',
    tests: model,
  },
  {
    id: 'doubleReleaseByLeases',
    file: 'lib/core/lease.ts',
    from: 'if (this.#isReleased) return\n',
    to: '',
    tests: ['__tests__/core/limiter.test.ts'],
    title: 'gives the slot back once, and stays harmless',
  },
  { id: 'keepZero', file: 'lib/core/zone.ts', from: 'this.#live.delete(record.key)', to: '', tests: model },
  {
    id: 'sweepAll',
    file: 'lib/connection/sweep.ts',
    from: "if (pulse !== 'gone') return this.#inspect?.(connection, now - watch.ownSinceMs)",
    to: 'this.#inspect?.(connection, now - watch.ownSinceMs)',
    tests: ['__tests__/connection/sweep.test.ts'],
    title: 'TLS false never cuts an open connection, however silent',
  },
  {
    id: 'plainObjectZone',
    edits: [
      {
        file: 'lib/core/zone.ts',
        from: 'readonly #live = new Map<string, KeyRecord>()',
        to: 'readonly #live = plain<KeyRecord>()',
      },
      {
        file: 'lib/core/zone.ts',
        from: '/**\n * A named, bounded table',
        to: `function plain<T>() {
  const object: Record<string, T> = {}
  return {
    get: (key: string): T | undefined => object[key.slice(2)],
    set: (key: string, value: T) => (object[key.slice(2)] = value),
    has: (key: string) => object[key.slice(2)] !== undefined,
    delete: (key: string) => delete object[key.slice(2)],
    values: () => Object.values(object).values(),
    keys: () => Object.values(object).map(({ key }: any) => key),
    get size() {
      return Object.keys(object).length
    },
  }
}

/**
 * A named, bounded table`,
      },
    ],
    tests: ['__tests__/core/zone.test.ts'],
    title: 'for a key like any other',
  },
  {
    id: 'releaseOnFinish',
    file: 'lib/core/source.ts',
    from: "else source.prependListener('close', endHolder)",
    to: "else source.prependListener('finish' as 'close', endHolder)",
    tests: ['__tests__/scenarios/guard-ends.test.ts'],
    title: 'on http, after the grace time in silence N19: frees what',
  },
  {
    id: 'releaseWithTheRequest',
    file: 'lib/core/slot.ts',
    from: 'return this.uses === 0 && !this.claims.some((claim) => claim.isLatest)',
    to: 'return this.uses === 0',
    tests: model,
  },
  {
    id: 'guardSlotMoves',
    file: 'lib/core/enter.ts',
    from: `const claim = slot.claimOf(owner)
    if (!claim || !inZone`,
    to: `const [claim] = slot.claims
    if (!claim || !inZone`,
    tests: ['__tests__/scenarios/guard-and-middleware.test.ts'],
    title: 'on http, HTTP/1 another key takes its own slot, and the one of the guard never moves',
  },
  {
    id: 'unfinishedSlotMoves',
    file: 'lib/core/slot.ts',
    from: 'return this.uses === 0 && !this.claims.some((claim) => claim.isLatest)',
    to: 'return !this.claims.some((claim) => claim.isLatest)',
    tests: model,
  },
  {
    id: 'templatePartsBare',
    file: 'lib/key/template.ts',
    from: "return `${value.replaceAll('\\\\', '\\\\\\\\').replaceAll('\\0', '\\\\0')}\\0`",
    to: 'return value',
    tests: ['__tests__/key/template.test.ts'],
  },
  {
    id: 'resetForgetsWhoWaits',
    file: 'lib/core/zone.ts',
    from: '    this.#counters.reset()\n',
    to: '    this.#counters.reset()\n    this.waiting = 0\n',
    tests: model,
  },
  {
    id: 'requestsEndForNoCause',
    file: 'lib/core/holder.ts',
    from: 'this.#firstChild.end(cause)',
    to: 'this.#firstChild.end()',
    tests: model,
  },
  {
    id: 'badLimitPasses',
    file: 'lib/core/limit.ts',
    from: "return typeof value === 'number' && value >= 0 && (Number.isInteger(value) || value === Infinity)",
    to: "return typeof value === 'number'",
    tests: ['__tests__/core/limiter.test.ts'],
    title: 'functions that fail',
  },
]
