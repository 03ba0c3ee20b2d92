import http from 'node:http'
import net from 'node:net'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byHeader, byIp, byTemplate, limitServer, Zone, type LimitServerOptions } from '../../lib/index.ts'
import {
  bad,
  badSettings,
  expectError,
  expectInvalid,
  expectUnknown,
  notWhole,
  oddities,
  optionsWith,
  type Bad,
} from '../helpers/bad-options.ts'
import { makeServer, guardKinds, type GuardKind } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'

const server = http.createServer()
const make = (options: unknown): unknown => limitServer(server, options as LimitServerOptions)

const circular: Record<string, unknown> = {}
circular['self'] = circular

const aMessage = 'text or a JSON value; there is no request yet to give to a function'
const aReject = '"destroy", "reset", "respond" or a function (socket, decision)'
const aSkip = 'a function, or a list of addresses and CIDRs ("10.0.0.0/8")'
const aKeepAlive = 'false, or a whole number of milliseconds from 1000 to 32767000'

const ofServer: readonly Bad[] = [
  ...bad('options.message', aMessage, [
    [() => 'no', 'function (anonymous)'],
    [Symbol('s'), 'Symbol(s)'],
    [5n, '5n'],
    [circular, '[object Object]'],
  ]),
  ...bad('options.reject', aReject, [...oddities, ['drop', '"drop"'], [true, 'true']]),
  ...bad('options.skip', aSkip, [...oddities, ['/healthz', '"/healthz"'], [true, 'true']]),
  ...bad('options.keepAliveMs', aKeepAlive, [
    ...notWhole,
    [999, '999'],
    [32_767_001, '32767001'],
    [30_000.5, '30000.5'],
    ['30000', '"30000"'],
  ]),
]

describe('limitServer refuses', () => {
  it.each([...badSettings, ...ofServer])('%s: %p', (...row) => {
    expectInvalid(() => make(optionsWith(row[0], row[1])), row)
  })

  it('all of them before anything changes', () => {
    for (const [path, value] of [...badSettings, ...ofServer]) {
      expect(() => make(optionsWith(path, value))).toThrow(path)
    }
    expect(Object.hasOwn(server, 'emit')).toBe(false)
  })

  it.each(['/healthz', '10.0.0.0/33', '', 5, null, '::/129', 'localhost'])(
    'the entry %p of skip',
    (entry) => {
      const accepted = 'an address or a CIDR: a socket has no path, which is for the skip of limitConn'
      const run = (): unknown => make({ limit: 1, skip: ['10.0.0.0/8', entry] })
      expectInvalid(run, ['options.skip[1]', entry, JSON.stringify(entry), accepted])
    },
  )

  it.each([5, 'x', true, []])('%p in place of options', (options) => {
    const accepted = 'an object, such as { limit: 10 }'
    expectInvalid(() => make(options), ['options', options, JSON.stringify(options), accepted])
  })

  it.each([undefined, null, {}, { limit: undefined }])('no limit: %p', (options) => {
    expectError(() => make(options), {
      code: 'ERR_LIMIT_CONN_MISSING_LIMIT',
      option: 'options.limit',
      message: 'options.limit is missing; expected a whole number >= 1, or a function, such as { limit: 10 }',
    })
  })

  it('F7: two limits on one zone', () => {
    const zone = new Zone({ name: 'z' })
    const advice = 'another limit of this policy uses zone "z"; give each limit its own zone'
    const limits = [
      { limit: 1, zone },
      { limit: 2, zone },
    ]
    expectError(() => make({ limits }), {
      code: 'ERR_LIMIT_CONN_DUPLICATE_ZONE',
      option: 'options.limits[1].zone',
      message: `options.limits[1].zone is duplicate: ${advice}`,
    })
  })

  it.each([
    ['count', 'the options are limit, key, zone'],
    ['headers', 'the options are limit, key, zone'],
    ['queue', 'it is one of limitConn, beside limit or limits'],
    ['trustProxy', 'write key: byIp({ trustProxy })'],
    ['keepAlive', 'did you mean keepAliveMs?'],
    ['handler', 'did you mean reject?'],
    ['max', 'did you mean limit?'],
    ['status', 'did you mean statusCode?'],
  ])('an option %s, which it does not have', (name, hint) => {
    expectUnknown(() => make({ limit: 1, [name]: 1 }), name, hint)
  })
})

describe('a key', () => {
  const request = (variable: string): string =>
    `a key of the connection, such as byIp(): ${variable} comes with a request, and is a key for limitConn`
  const trusting =
    'a key without trustProxy: no request is read at accept; set proxyProtocol if the proxy speaks it, or let limitConn trust it'
  const handshake = (variable: string): string =>
    `a key that is known at accept, such as byIp(): ${variable} comes with TLS, and is a key for limitConn`

  it.each([
    ['$http_x_api_key', request('$http_x_api_key')],
    ['$binary_remote_addr$host', request('$host')],
    ['$cookie_a', request('$cookie_a')],
    ['$arg_a', request('$arg_a')],
    ['$request_uri', request('$request_uri')],
    [byHeader('x'), request('a header')],
    [byHeader('x', { missing: 'address' }), request('a header')],
    [byTemplate('$host'), request('$host')],
    ['$scheme', handshake('$scheme')],
    [byIp({ trustProxy: 'loopback' }), trusting],
    [byTemplate('$remote_addr$server_port', { trustProxy: 1 }), trusting],
    [byTemplate('$remote_addr$scheme'), handshake('$scheme')],
  ] as const)('that is not known at accept is refused: %p', (key, accepted) => {
    for (const [options, option] of [
      [{ limit: 1, key }, 'options.key'],
      [{ limits: [{ limit: 1 }, { limit: 1, key }] }, 'options.limits[1].key'],
    ] as const) {
      const shown = typeof key === 'string' ? JSON.stringify(key) : `function ${key.name}`
      expectInvalid(() => make(options), [option, key, shown, accepted])
    }
  })

  it.each([
    [byIp, 'byIp', 'byIp()'],
    [byHeader, 'byHeader', "byHeader('x-api-key')"],
    [byTemplate, 'byTemplate', "byTemplate('$remote_addr')"],
  ])('%p that was not called', (key, name, call) => {
    const message = `options.key is ${name} itself; call it, as in ${call}`
    expectError(() => make({ limit: 1, key }), {
      code: 'ERR_LIMIT_CONN_NOT_CALLED',
      option: 'options.key',
      message,
    })
  })

  it.each(['$remote_addr', '$binary_remote_addr$server_port', '$server_addr', '$remote_port'])(
    'of the connection is accepted: %s',
    (key) => {
      const guard = limitServer(net.createServer(), { limit: 1, key })
      expect(guard.config.key).toBe(key)
      guard.stop()
    },
  )
})

describe('what is accepted', () => {
  it.each([
    { keepAliveMs: false },
    { keepAliveMs: 1_000 },
    { keepAliveMs: 32_767_000 },
    { skip: [] },
    { skip: ['::1', '2001:db8::/32', '10.0.0.1'] },
    { skip: () => false },
    { message: 'no' },
    { message: null },
    { message: false },
    { message: ['no'] },
    { reject: 'respond' },
    { reject: () => undefined },
    { statusCode: 400 },
    { statusCode: 599 },
    { retryAfter: 1 },
    { logLevel: false, logger: null },
    { warnings: { mixedZone: false } },
    { sweep: { everyMs: 1 } },
    { keepAliveMs: undefined, reject: undefined },
  ] as unknown as Partial<LimitServerOptions>[])('%p', (options) => {
    const guard = limitServer(http.createServer(), { limit: 1, ...options })
    const given = Object.entries(options).filter(([, value]) => value !== undefined)
    expect(guard.config).toMatchObject(Object.fromEntries(given))
    guard.stop()
  })
})

it('keeps a list as it was given', () => {
  const skip = ['10.0.0.1']
  const guard = limitServer(http.createServer(), { limit: 1, skip })
  skip.push('10.0.0.2')
  expect(guard.config.skip).toEqual(['10.0.0.1'])
  expect(Object.isFrozen(guard.config.skip)).toBe(true)
})

describe('a server', () => {
  const accepted =
    'a server of node:net, tls, http, https or http2, as in limitServer(app.listen(3000), { limit: 100 })'

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [{}, '{}'],
    [3000, '3000'],
    [http.createServer, 'function createServer'],
    [express(), 'function app'],
  ])('%p is none', (value, shown) => {
    const run = (): unknown => limitServer(value as never, { limit: 1 })
    expectInvalid(run, ['limitServer server', value, shown, accepted])
  })

  const others = Object.keys(guardKinds).filter((kind) => kind !== 'http') as GuardKind[]

  it.each(others)('of %s cannot answer before it has read', (kind) => {
    const only =
      '"destroy", "reset" or a function: this is no plain HTTP server; over TLS and HTTP/2 let limitConn answer'
    const run = (): unknown => limitServer(makeServer(kind, new Held()), { limit: 1, reject: 'respond' })
    expectInvalid(run, ['options.reject', 'respond', '"respond"', only])

    const guard = limitServer(makeServer(kind, new Held()), { limit: 1 })
    expect(() => guard.setConfig({ reject: 'respond', statusCode: 429 })).toThrow(only)
    expect(guard.config).toMatchObject({ reject: 'destroy', statusCode: 503 })
  })
})
