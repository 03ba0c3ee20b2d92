'use strict'

// What would hurt most in the parts around the count: evictions, queues, bounds, drain, addresses, HTTP.

const model = ['__tests__/core/zone.model.test.ts']
const limiter = ['__tests__/core/limiter.test.ts']

module.exports = [
  {
    id: 'evictsTheNewcomer',
    file: 'lib/core/enter.ts',
    from: 'for (const close of closings) close?.()',
    to: 'for (const close of closings) close?.()\n  entry.holder.end()',
    tests: model,
  },
  {
    id: 'evictsTheNewest',
    file: 'lib/core/evict.ts',
    from: "limit.onLimit === 'evict-idle' ? idlest(candidates, excess) : candidates",
    to: "limit.onLimit === 'evict-idle' ? idlest(candidates, excess) : candidates.toReversed()",
    tests: model,
  },
  {
    id: 'evictsForARequest',
    file: 'lib/core/evict.ts',
    from: 'if (!refusals.every(makesRoom) || !entry.holder.carrier?.isOwn) return undefined',
    to: 'if (!refusals.every(makesRoom)) return undefined',
    tests: model,
  },
  {
    id: 'evictsAProxy',
    file: 'lib/core/evict.ts',
    from: 'carrier?.isOwn && carrier !== holder.carrier',
    to: 'carrier && carrier !== holder.carrier',
    tests: model,
  },
  {
    id: 'queueOvertaken',
    file: 'lib/core/queue.ts',
    from: 'this.#behind(applicant.entry, applicant.place) ?? tryToEnter(applicant.entry)',
    to: 'tryToEnter(applicant.entry)',
    tests: model,
  },
  {
    id: 'waiterKeepsASlot',
    file: 'lib/core/queue.ts',
    from: 'const line = this.#lines.add(waiter, refusal)\n',
    to: `const line = this.#lines.add(waiter, refusal)
    for (const ask of applicant.entry.asks)
      for (const key of ask.keys)
        if (lookAt(applicant.entry, ask, key).finding === 'free')
          applicant.entry.holder.hold(ask.limit.zone.take(key, applicant.entry.holder))
`,
    tests: model,
  },
  {
    id: 'waiterStaysBehind',
    file: 'lib/core/queue.ts',
    from: 'applicant.entry.holder.onEnd(() => this.#leave(waiter))',
    to: '',
    tests: model,
  },
  {
    id: 'nobodyIsWoken',
    file: 'lib/core/zone.ts',
    from: 'if (this.waiting > 0) for (const queue of this.queues) queue.wake(this, slot.record.key)',
    to: '',
    tests: model,
  },
  {
    id: 'kickForgetsRequests',
    file: 'lib/core/zone.ts',
    from: 'closeAll(new Set(Array.from(slots, ({ holder }) => holder))',
    to: 'closeAll(new Set(Array.from(slots, ({ holder }) => holder).filter(({ carrier }) => carrier?.isOwn))',
    tests: ['__tests__/core/close.test.ts'],
    title: 'ends requests that are counted by themselves',
  },
  {
    id: 'closeExcessClosesTheOldest',
    file: 'lib/core/close.ts',
    from: '[...record.slots()].toReversed()',
    to: '[...record.slots()]',
    tests: model,
  },
  {
    id: 'closeExcessOfOthers',
    file: 'lib/core/close.ts',
    from: '.filter((slot) => slot.claimOf(owner))',
    to: '.filter((slot) => slot.claimOf(owner) || owner)',
    tests: ['__tests__/core/close.test.ts'],
    title: 'closes the newest beyond the limit that this policy let in',
  },
  {
    id: 'dryRunCloses',
    file: 'lib/core/policy.ts',
    from: "if (typeof limit === 'number' && !isDryRun)",
    to: "if (typeof limit === 'number' && (isDryRun || !isDryRun))",
    tests: model,
  },
  {
    id: 'dryRunEndsTheOverdue',
    file: 'lib/core/bounds.ts',
    from: 'if (!limit || limit.isDryRun) return undefined',
    to: 'if (!limit) return undefined',
    tests: ['__tests__/net/time-bounds.test.ts'],
  },
  {
    id: 'drainCountsWhatItCut',
    file: 'lib/core/drain.ts',
    from: 'cut: rest.length - upgraded',
    to: 'cut: rest.length',
    tests: ['__tests__/core/drain.test.ts'],
    title: 'closes the rest after',
  },
  {
    id: 'drainClosesOthers',
    file: 'lib/core/close.ts',
    from: 'if (slot.claimOf(owner) && !entered.includes(zone))',
    to: 'if (!entered.includes(zone))',
    tests: ['__tests__/core/drain.test.ts'],
    title: 'leaves what others let in',
  },
  {
    id: 'oldLimitsStay',
    file: 'lib/core/policy.ts',
    from: "this.#parsed = reading('options', next, () => this.#parse(merge(before.given, next), before))",
    to: "reading('options', next, () => this.#parse(merge(before.given, next), before))",
    tests: model,
  },
  {
    id: 'oldAnswersCount',
    file: 'lib/core/limiter.ts',
    from: 'if (parsed !== this.#policy.parsed) return this.#decide(source, holder)',
    to: 'if (!parsed) return this.#decide(source, holder)',
    tests: limiter,
  },
  {
    id: 'untrustedHeaderBelieved',
    file: 'lib/net/proxy-protocol.ts',
    from: "if (!trusts(socket)) return this.#tellAndClose(arrival, 'untrusted')",
    to: 'void trusts',
    tests: ['__tests__/net/proxy-faults.test.ts'],
    title: 'on net a connection is closed, and counted as that, that comes from an untrusted address',
  },
  {
    id: 'secondHeaderBelieved',
    file: 'lib/net/proxy-protocol.ts',
    from: "if (begins === 'yes') return this.#tellAndClose(arrival, 'repeated')\n\n",
    to: '',
    tests: ['__tests__/net/proxy-faults.test.ts'],
    title:
      'on net a connection is closed, and counted as that, F60: whose PROXY header is followed by a second one',
  },
  {
    id: 'mappedNotFolded',
    file: 'lib/core/address.ts',
    from: 'if (address.isIPv4MappedAddress()) return address.toIPv4Address()\n',
    to: '',
    tests: ['__tests__/core/address.test.ts'],
  },
  {
    id: 'subnetNotCut',
    file: 'lib/core/address.ts',
    from: 'const kept = Math.min(16, Math.max(0, bits - 16 * index))',
    to: 'const kept = 16 + 0 * index',
    tests: ['__tests__/core/address.test.ts'],
  },
  {
    id: 'forwardedBelieved',
    file: 'lib/key/ip.ts',
    from: 'const trust = explicit ?? expressTrust(source as object)\n  if (',
    to: 'const trust = explicit ?? expressTrust(source as object) ?? ((_: string, hop: number) => hop < 1)\n  if (',
    tests: ['__tests__/key/ip.test.ts'],
    title: 'byIp believes no header on node:http unless it is told to',
  },
  {
    id: 'longKeySkipped',
    file: 'lib/core/key.ts',
    from: "return value === '' ? [] : [textKey(value)]",
    to: "return value === '' || value.length > longestKey ? [] : [textKey(value)]",
    tests: ['__tests__/core/key.test.ts'],
    title: 'A-35: long keys',
  },
  {
    id: 'fullZonePasses',
    file: 'lib/core/look.ts',
    from: "finding === 'unasked' ||\n    (finding === 'full' && limit.zone.onFull === 'reject')",
    to: "finding === 'unasked'",
    tests: model,
  },
  {
    id: 'goneIsPassedOn',
    file: 'lib/http/passage.ts',
    from: "if (decision.status === 'GONE') return turn.cut()",
    to: "if (decision.status === 'GONE') return turn.pass()",
    tests: ['__tests__/http/http2.test.ts'],
    title: 'drops a stream whose key says that it is gone',
  },
  {
    id: 'pipelinedBehindARefusal',
    file: 'lib/http/passage.ts',
    from: 'if (!exchange.isRefused && (!connection.isRefused || exchange.hasPassed)) return true',
    to: 'if (!exchange.isRefused) return true',
    tests: ['__tests__/http/refuse.test.ts'],
    title: 'a request behind it is not let in',
  },
  {
    id: 'nothingAfterTheAwait',
    edits: [
      {
        file: 'lib/http/passage.ts',
        from: 'const { policy } = turn.door\n  if (!mayGoOn(turn)) return\n',
        to: 'const { policy } = turn.door\n',
      },
      {
        file: 'lib/core/policy.ts',
        from: 'if (holder.isEnded || request?.isEnded || evaluation === GONE) return gone',
        to: 'if (evaluation === GONE) return gone',
      },
      {
        file: 'lib/core/enter.ts',
        from: 'if (entry.holder.isEnded || entry.request?.isEnded) return gone\n',
        to: '',
      },
    ],
    tests: ['__tests__/http/http2.test.ts'],
    title: 'h2c lets nobody in who left while a function was waited for',
  },
  {
    id: 'handshakeCountsTwice',
    edits: [
      {
        file: 'lib/connection/connection.ts',
        from: 'if (!connection) return undefined\n',
        to: 'if (!connection || raw) return undefined\n',
      },
      {
        file: 'lib/connection/connection.ts',
        from: '(raw && knownHolder(raw)) ?? knownHolder(socket) ?? new Holder()',
        to: 'knownHolder(socket) ?? new Holder()',
      },
    ],
    tests: ['__tests__/scenarios/guard-handshakes.test.ts'],
    title: 'N23: https: the raw socket and the TLSSocket',
  },
  {
    id: 'upgradeEscapes',
    file: 'lib/http/upgrade-turn.ts',
    from: 'this.connection.isUpgraded = true\n    this.#goOn()',
    to: 'this.connection.isUpgraded = true\n    this.#goOn()\n    this.exchange.end()\n    this.connection.holder.end()',
    tests: ['__tests__/http/upgrade-slot.test.ts'],
    title: 'TLS false keeps its slot until it closes',
  },
  {
    id: 'halfOpenStays',
    file: 'lib/connection/sweep.ts',
    from: "if (pulse === 'stalled' || watch.isProbed) connection.destroy()",
    to: 'if (watch.isProbed && pulse) connection.destroy()',
    tests: ['__tests__/connection/sweep.test.ts'],
    title: 'frees an upgrade that the application ignores',
  },
]
