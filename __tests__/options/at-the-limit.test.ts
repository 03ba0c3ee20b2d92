import http from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { limitConn, Limiter, limitServer, limitUpgrade, Zone } from '../../lib/index.ts'
import { errorOf } from '../helpers/thrown.ts'

const longest = 2 ** 31 - 1
const aBound = `false, or a whole number of milliseconds from 1 to ${longest}`
const onlyConnections = '"reject" with count: "requests": connections make room, requests do not'
const onlyRequests =
  'false with count: "connections": requests wait only where they are counted, count: "requests"'
const notByTime = 'false: a Limiter closes nobody by time; limitServer, limitConn and limitUpgrade do'
const aQueue = 'false, or an object, such as { max: 10 }'

describe.each([
  ['limitConn', (options: object) => limitConn({ limit: 1, ...options })],
  ['limitServer', (options: object) => limitServer(http.createServer(), { limit: 1, ...options })],
  ['limitUpgrade', (options: object) => limitUpgrade({ limit: 1, ...options }, () => undefined)],
])('%s refuses what cannot happen at the limit', (_name, make) => {
  it.each([
    ['onLimit', 'evict', '"evict"', '"reject", "evict-oldest" or "evict-idle"'],
    ['onLimit', false, 'false', '"reject", "evict-oldest" or "evict-idle"'],
    ['onEvict', true, 'true', 'a function (socket, cause) that says a last word'],
    ['maxLifetimeMs', 0, '0', aBound],
    ['maxLifetimeMs', '1h', '"1h"', aBound],
    ['maxIdleMs', true, 'true', aBound],
    ['maxIdleMs', longest + 1, String(longest + 1), aBound],
  ])('%s: %p', (name, value, shown, accepted) => {
    const option = `options.${name}`
    const message = `${option} is ${shown}; expected ${accepted}`
    expect(errorOf(() => make({ [name]: value }))).toMatchObject({
      code: 'ERR_LIMIT_CONN_INVALID_OPTION',
      option,
      message,
    })
  })
})

it.each([
  [
    'a queue of no object',
    () => limitConn({ limit: 1, queue: 5 as never }),
    `options.queue is 5; expected ${aQueue}`,
  ],
  [
    'a queue of null',
    () => limitConn({ limit: 1, queue: null as never }),
    `options.queue is null; expected ${aQueue}`,
  ],
  [
    'a queue without max',
    () => limitConn({ limit: 1, queue: {} as never }),
    'options.queue.max is undefined; expected a whole number from 1 to 65536',
  ],
  [
    'a queue of connections',
    () => limitConn({ limit: 1, count: 'connections', queue: { max: 1 } }),
    `options.queue is {"max":1,"timeoutMs":5000}; expected ${onlyRequests}`,
  ],
  [
    'requests that evict',
    () => limitConn({ limit: 1, count: 'requests', onLimit: 'evict-oldest' }),
    `options.onLimit is "evict-oldest"; expected ${onlyConnections}`,
  ],
  [
    'one limit of several that evicts',
    () => limitConn({ count: 'requests', limits: [{ limit: 1 }, { limit: 2, onLimit: 'evict-idle' }] }),
    `options.limits[1].onLimit is "evict-idle"; expected ${onlyConnections}`,
  ],
  [
    'upgrades counted as requests that evict',
    () => limitUpgrade({ limit: 1, count: 'requests', onLimit: 'evict-oldest' }, () => undefined),
    `options.onLimit is "evict-oldest"; expected ${onlyConnections}`,
  ],
  [
    'a change to requests of a policy that evicts',
    () => limitConn({ limit: 1, onLimit: 'evict-idle' }).setConfig({ count: 'requests' }),
    `options.onLimit is "evict-idle"; expected ${onlyConnections}`,
  ],
  [
    'a Limiter by lifetime',
    () => new Limiter({ limit: 1, maxLifetimeMs: 1_000 }),
    `options.maxLifetimeMs is 1000; expected ${notByTime}`,
  ],
  [
    'a Limiter by silence',
    () => new Limiter({ limits: [{ limit: 1, maxIdleMs: 1_000 }] }),
    `options.limits[0].maxIdleMs is 1000; expected ${notByTime}`,
  ],
  [
    'a second argument of setConfig that is no object',
    () => limitConn({ limit: 1 }).setConfig({}, true as never),
    'setConfig options is true; expected an object, such as { closeExcess: true }',
  ],
  [
    'a closeExcess that is neither true nor false',
    () => limitConn({ limit: 1 }).setConfig({}, { closeExcess: 1 as never }),
    'setConfig options.closeExcess is 1; expected true or false',
  ],
  [
    'to kick nobody',
    () => new Zone({ name: 'z' }).kick(undefined as never),
    'key is undefined; expected text, a number, or { text }',
  ],
])('refuses %s', (_what, run, message) => {
  expect(errorOf(run)).toMatchObject({ code: 'ERR_LIMIT_CONN_INVALID_OPTION', message })
})

it.each([
  [
    'closeExcess among the options',
    () => limitConn({ limit: 1 }).setConfig({ closeExcess: true } as never),
    'options.closeExcess is not an option; write setConfig(next, { closeExcess: true })',
  ],
  [
    'closeExcess misspelt',
    () => limitConn({ limit: 1 }).setConfig({}, { closeExces: true } as never),
    'setConfig options.closeExces is not an option; did you mean closeExcess?',
  ],
  [
    'a queue of one limit',
    () => limitConn({ limits: [{ limit: 1, queue: { max: 1 } } as never] }),
    'options.limits[0].queue is not an option; it is one of limitConn, beside limit or limits: there is one queue for all limits',
  ],
])('says where it belongs: %s', (_what, run, message) => {
  expect(errorOf(run)).toMatchObject({ code: 'ERR_LIMIT_CONN_UNKNOWN_OPTION', message })
})

it.each(['x', undefined, -1, 1.5, Infinity])('drain rejects what is no time: %p', async (ms) => {
  await expect(limitConn({ limit: 1 }).drain(ms as number)).rejects.toMatchObject({
    code: 'ERR_LIMIT_CONN_INVALID_OPTION',
    message: expect.stringMatching(
      /^drain ms is .*; expected a whole number of milliseconds from 0 to 2147483647$/,
    ),
  })
})

it('a queue is merged one by one, and says its defaults', () => {
  const policy = limitConn({ limit: 1, queue: { max: 2 } })
  expect(policy.config.queue).toEqual({ max: 2, timeoutMs: 5_000 })
  policy.setConfig({ queue: { max: 4 } })
  expect(policy.config.queue).toEqual({ max: 4, timeoutMs: 5_000 })
})
