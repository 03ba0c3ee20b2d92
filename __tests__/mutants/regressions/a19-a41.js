'use strict'

module.exports = [
  {
    id: 'A-19 as many lines are written as there are hits',
    file: 'lib/log/flood.ts',
    from: 'if (this.#written >= most) return false',
    to: 'if (this.#written >= 100 * most) return false',
    tests: ['__tests__/regressions/visible.test.ts', '__tests__/log/flood.test.ts'],
    title: 'A-19: ',
  },
  {
    id: 'A-19 a refused client is not told when to come back',
    file: 'lib/http/respond.ts',
    from: "  if (retryAfter !== false) res.setHeader('Retry-After', retryAfter)\n",
    to: '',
    tests: ['__tests__/regressions/visible.test.ts'],
    title: 'A-19, F14: ',
  },
  {
    id: 'A-26 a version of Node is claimed that is not run',
    file: 'README.md',
    from: 'tested on Node 20, 22 and 24.',
    to: 'tested on Node 20, 22, 24 and 26.',
    tests: ['__tests__/regressions/runtime.test.ts'],
    title: 'A-26: ',
  },
  {
    id: 'A-26 an older Node is claimed',
    file: 'package.json',
    from: '^20.19 || >=22.12',
    to: '^18.18 || ^20.19 || >=22.12',
    tests: ['__tests__/regressions/runtime.test.ts'],
    title: 'A-26: ',
  },
  {
    id: 'A-41 a full zone lets nobody in, whatever onFull says',
    file: 'lib/core/look.ts',
    from: "(finding === 'full' && limit.zone.onFull === 'reject')",
    to: "finding === 'full'",
    tests: ['__tests__/regressions/keys.test.ts'],
    title: 'A-41: where',
  },
  {
    id: 'A-41 only the first limit of several is enforced',
    file: 'lib/core/enter.ts',
    from: '  for (const ask of entry.asks) for (const key of ask.keys) looks.push',
    to: '  for (const ask of entry.asks.slice(0, 1)) for (const key of ask.keys) looks.push',
    tests: ['__tests__/regressions/keys.test.ts'],
    title: 'A-41, F46: ',
  },
]
