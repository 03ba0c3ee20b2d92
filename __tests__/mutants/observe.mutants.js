'use strict'

// What is shown, told or advised gets these wrong first.

const trials = ['__tests__/core/trials.test.ts']
const replay = 'come to what a replay of all that came and went comes to, in a dry run'

module.exports = [
  {
    id: 'refusedByNobody',
    file: 'lib/core/trials.ts',
    from: 'if (slot) slot.refusedBy |= bit',
    to: '',
    tests: trials,
    title: replay,
  },
  {
    id: 'firstOfManyNotTried',
    file: 'lib/core/trials.ts',
    from: 'if (record.trials || met >= this.candidates[0]!)',
    to: 'if (met >= this.candidates[0]!)',
    tests: trials,
    title: replay,
  },
  {
    id: 'candidateOffByOne',
    file: 'lib/core/trials.ts',
    from: 'if (trials.active[i]! >= candidates[i]!)',
    to: 'if (trials.active[i]! > candidates[i]!)',
    tests: trials,
    title: replay,
  },
  {
    id: 'eachRefusalIsAKey',
    file: 'lib/core/trials.ts',
    from: 'if (trials.hits & bit) return',
    to: '',
    tests: trials,
    title: replay,
  },
  {
    id: 'refusedStaysForTheCandidate',
    file: 'lib/core/trials.ts',
    from: 'else if (slot) trials.active[i]!++',
    to: 'else trials.active[i]!++',
    tests: trials,
    title: 'come to it beside a limit in force, as far as that reaches',
  },
  {
    id: 'unknownSaidToBeExact',
    file: 'lib/core/trials.ts',
    from: 'if (active < candidate) this.#estimates |= 1 << i',
    to: 'if (active < candidate - 2) this.#estimates |= 1 << i',
    tests: trials,
    title: 'come to it beside a limit in force, as far as that reaches',
  },
  {
    id: 'boundTooLow',
    file: 'lib/core/trials.ts',
    from: '(met >= from ? sum + arrivals : sum)',
    to: '(met > from ? sum + arrivals : sum)',
    tests: trials,
    title: 'that were not tried are told as upper bounds',
  },
  {
    id: 'openForgottenByReset',
    file: 'lib/core/trials.ts',
    from: '    this.refused.fill(0)\n    this.hits = 0\n',
    to: '    this.refused.fill(0)\n    this.active.fill(0)\n    this.hits = 0\n',
    tests: trials,
    title: 'start again with reset, and go on from what is open',
  },
  {
    id: 'secretShown',
    file: 'lib/core/shown.ts',
    from: 'return reveal ? key.slice(2)',
    to: 'return reveal || key.length < 99 ? key.slice(2)',
    tests: ['__tests__/core/shown.test.ts'],
    title: 'as a hash of its own, where a client or a function chose it',
  },
  {
    id: 'addressShown',
    file: 'lib/core/shown.ts',
    from: "privacy === 'hash-ip' ?",
    to: "privacy === 'hash-ip' && !key.includes('.') ?",
    tests: ['__tests__/core/shown.test.ts'],
    title: 'as a hash, where addresses are private',
  },
  {
    id: 'toldInTheMiddle',
    file: 'lib/core/channels.ts',
    from: 'tellLater(passed, limitEventOf(hit))',
    to: 'passed.publish(limitEventOf(hit))',
    tests: ['__tests__/core/channels.test.ts'],
    title: 'tells who passed, and who gave a slot back and why, when the turn is over',
  },
  {
    id: 'causeLost',
    file: 'lib/core/close.ts',
    from: '  holder.end(cause)\n',
    to: '  holder.end()\n',
    tests: ['__tests__/core/channels.test.ts'],
    title: 'tells who passed, and who gave a slot back and why, when the turn is over',
  },
]
