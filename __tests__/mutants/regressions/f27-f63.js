'use strict'

const processes = ['__tests__/store/faults-processes.test.ts']
const redis = ['__tests__/store/faults-redis.test.ts']
const late = ['__tests__/store/late.test.ts']

const neverLapses = {
  file: 'lib/store/scripts.ts',
  from: 'elseif tonumber(expiry) <= now then',
  to: 'elseif false then',
}

// Those of counts that processes share.
module.exports = [
  {
    id: 'F27 what a process wrote outlives it',
    edits: [neverLapses],
    tests: processes,
    title: 'F27',
  },
  {
    id: 'F28 nobody renews what is held for long',
    file: 'lib/store/courier.ts',
    from: 'const live = this.#store.lapses ? this.#desk.liveKeys : []',
    to: 'const live: string[] = []',
    tests: processes,
    title: 'F28',
  },
  {
    id: 'F47 a killed process keeps its share while others write under the key',
    edits: [neverLapses],
    tests: processes,
    title: 'F47',
  },
  {
    id: 'F48 a renewal that comes after a release is not undone',
    file: 'lib/store/doubts.ts',
    from: '    this.#untilMs.set(key, performance.now() + this.#ttlMs)\n',
    to: '',
    tests: late,
    title: 'F48: to renew',
  },
  {
    id: 'F49 a command that timed out is believed never to run',
    file: 'lib/store/courier.ts',
    from: '    this.#doubts.add(parcel.key)\n',
    to: '',
    tests: late,
    title: 'F49: to take',
  },
  {
    id: 'F50 when a cell lapses is told by the clock of its process',
    edits: [
      {
        file: 'lib/store/redis-store.ts',
        from: 'String(this.#ttlMs), isToStand',
        to: 'String(Date.now() + this.#ttlMs), isToStand',
      },
      { file: 'lib/store/scripts.ts', from: 'own, args[3], now + ttl)', to: 'own, args[3], ttl)' },
      {
        file: 'lib/store/scripts.ts',
        from: "redis.call('PEXPIRE', key, 2 * ttl)",
        to: "redis.call('PEXPIRE', key, 30000)",
      },
    ],
    tests: processes,
    title: 'F50',
  },
  {
    id: 'F62 what a new primary lacks is not told again',
    file: 'lib/store/courier.ts',
    from: 'if (await this.#beat()) await this.#writeAll()',
    to: 'await this.#beat()',
    tests: redis,
    title: 'F62',
  },
  {
    id: 'F63 what others hold is not looked at when a slot is taken',
    file: 'lib/store/scripts.ts',
    from: 'local isOver = own + others + more > limit',
    to: 'local isOver = own + more > limit',
    tests: processes,
    title: 'F63',
  },
]
