'use strict'

// What goes wrong when the store forgets, or comes back.

const forgotten = ['__tests__/store/forgotten.test.ts']
const model = ['__tests__/store/ledger.model.test.ts']

module.exports = [
  {
    id: 'forgottenIsAnswered',
    file: 'lib/store/redis-store.ts',
    from: "const isToStand = !this.#runner.isCluster && this.#standsUntil !== 'new'",
    to: 'const isToStand = Boolean(0)',
    tests: forgotten,
    title: 'is noticed by the first who asks',
  },
  {
    id: 'forgottenIsForgiven',
    file: 'lib/store/courier.ts',
    from: '      desk.recovers()\n',
    to: '',
    tests: model,
    title: 'D4: where Redis forgets all',
  },
  {
    id: 'backIsWell',
    file: 'lib/store/ledger.ts',
    from: 'if (reason === undefined) this.recovers()\n    else this.#answerAllAlone()',
    to: 'if (reason !== undefined) this.#answerAllAlone()',
    tests: forgotten,
    title: 'is not asked for more than a share until all have told',
  },
  {
    id: 'shareOfThoseWhoAreBack',
    file: 'lib/store/own-share.ts',
    from: 'return this.isBinding ? Math.max(this.#seen, this.#expected) : this.#seen',
    to: 'return this.#seen',
    tests: forgotten,
    title: 'makes nobody believe to be the only one who is left',
  },
  {
    id: 'shareOfEachWish',
    file: 'lib/store/ledger.ts',
    from: "else if (kind !== 'look') more++",
    to: '',
    tests: forgotten,
    title: 'keeps all to their shares until one that has not come back',
  },
  {
    id: 'waitsForNobody',
    file: 'lib/store/own-share.ts',
    from: 'elapsedMs < this.#leastMs || (elapsedMs < this.#mostMs && this.#seen < this.#expected)',
    to: 'elapsedMs < this.#leastMs',
    tests: forgotten,
    title: 'keeps all to their shares until one that has not come back',
  },
  {
    id: 'sharesForEver',
    file: 'lib/store/own-share.ts',
    from: 'elapsedMs < this.#leastMs || (elapsedMs < this.#mostMs && this.#seen < this.#expected)',
    to: 'this.#recoversSinceMs > 0',
    tests: forgotten,
    title: 'keeps nobody to its share for longer than it takes the others to tell',
  },
  {
    id: 'writtenOverAndOver',
    file: 'lib/store/courier.ts',
    from: 'if (!this.#busy.has(key)) this.hurry()',
    to: 'this.hurry()',
    tests: ['__tests__/store/write-again.test.ts'],
    title: 'a cell that is refused is not written over and over',
  },
  {
    id: 'unsureKnowsNothing',
    file: 'lib/store/redis-store.ts',
    from: 'args: [id, this.#standsUntil,',
    to: "args: [id, isUnsure ? 'new' : this.#standsUntil,",
    tests: forgotten,
    title: 'is noticed also after a beat that was lost',
  },
  {
    id: 'standsBeforeItKnows',
    file: 'lib/store/scripts.ts',
    from: 'if state == 1 then\n',
    to: 'if state == 9 then\n',
    tests: ['__tests__/store/scripts.test.ts'],
    title: 'count processes alike, and tell who was forgotten and whose id another uses',
  },
]
