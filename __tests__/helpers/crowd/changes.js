'use strict'

// Changes of what is in force, by chance, while the clients are at it; and looks at what must hold at any time.
const { isLimitConnError } = require('../../../dist')
const { diceOf, oneOf } = require('./dice.js')
const { fewAddress } = require('./places.js')

const everyMs = 50
const most = 60

/** Begins to change things; `complain` is told of what must not be. */
function keepChanging({ hosts, seed, complain }) {
  const roll = diceOf(seed)
  const upTo = (limit) => 1 + Math.floor(roll() * limit)
  const changing = hosts.flatMap((host) => host.changing ?? [])
  const zones = changing.flatMap((policy) => policy.zones)
  const calm = hosts.filter((host) => !host.changing).flatMap(({ policies }) => policies[0].zones)

  /** Every policy takes a limit; some take more. */
  const changes = {
    limit: (policy) => policy.setConfig({ limit: upTo(most) }, { closeExcess: roll() < 0.3 }),
    'limit by a function': (policy) => policy.setConfig({ limit: () => upTo(most) }),
    'low limit': (policy) => policy.setConfig({ limit: upTo(4) }, { closeExcess: roll() < 0.3 }),
    // A guard in a dry run closes nobody by time, and there are clients that wait for it.
    dryRun: (policy) => policy.config.count !== undefined && policy.setConfig({ dryRun: roll() < 0.2 }),
    queue: (policy) => {
      if (policy.config.queue === undefined) return
      policy.setConfig({ queue: roll() < 0.2 ? false : { max: upTo(30), timeoutMs: upTo(500) } })
    },
    onLimit: (policy) => {
      if (policy.config.count === 'requests') return
      policy.setConfig({ onLimit: oneOf(roll, ['reject', 'evict-oldest', 'evict-oldest', 'evict-idle']) })
    },
    bounds: (policy) =>
      policy.setConfig({ maxIdleMs: 1_000 + upTo(3_000), maxLifetimeMs: 2_000 + upTo(10_000) }),
    kick: () => kickIn(oneOf(roll, zones)),
    'kick those few': () => void oneOf(roll, calm).kick(fewAddress),
    'a change that is refused': (policy) => refuse(policy),
  }

  function kickIn(zone) {
    const found = zone.top(10)
    if (found.length > 0) zone.kick(oneOf(roll, found).key)
  }

  function refuse(policy) {
    const before = policy.config
    try {
      policy.setConfig(
        oneOf(roll, [{ limit: 0 }, { limit: 1, nothing: 1 }, { timeoutMs: '5' }, { limits: [] }]),
      )
      complain('a bad change was taken')
    } catch (error) {
      if (!isLimitConnError(error)) complain(`a bad change throws ${String(error)}`)
    }
    if (policy.config !== before) complain('a change that was refused has changed something')
  }

  function look() {
    for (const zone of [...zones, ...calm]) {
      const { active, found } = zone.audit()
      const { keys } = zone.stats()
      if (active !== found || active < 0 || keys > active)
        complain(`${zone.name}: ${active} and ${found}, ${keys} keys`)
    }
  }

  setInterval(() => {
    oneOf(roll, Object.values(changes))(oneOf(roll, changing))
    if (roll() < 0.1) look()
  }, everyMs)
}

module.exports = { keepChanging }
