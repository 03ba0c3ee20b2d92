import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byHeader, byTemplate, limitServer, type LimitServerOptions } from '../../lib/index.ts'

const invalid = 'ERR_LIMIT_CONN_INVALID_OPTION'

describe('what is no server is refused, and what would be is shown', () => {
  it.each([
    [{ limit: 1 }, '{"limit":1}'],
    [express(), 'function app'],
    [undefined, 'undefined'],
    [3000, '3000'],
    [http.createServer, 'function createServer'],
    [new net.Socket(), undefined],
  ])('%p', (server, shown) => {
    const make = (): unknown => limitServer(server as never, { limit: 1 })
    const accepted =
      'expected a server of node:net, tls, http, https or http2, as in limitServer(app.listen(3000), { limit: 100 })'
    expect(make).toThrow(expect.objectContaining({ code: invalid, option: 'limitServer server' }))
    expect(make).toThrow(accepted)
    expect(make).toThrow(`limitServer server is ${shown ?? '{'}`)
  })
})

describe('options that do not fit', () => {
  const noHttp = {
    net: () => net.createServer(),
    tls: () => tls.createServer(),
    https: () => https.createServer(),
    http2: () => http2.createServer(),
    'http2 secure': () => http2.createSecureServer(),
  }

  it.each(Object.entries(noHttp))('an answer on a server of %s', (_, makeServer) => {
    const server = makeServer()
    const message =
      'options.reject is "respond"; expected "destroy", "reset" or a function: this is no plain HTTP server; ' +
      'over TLS and HTTP/2 let limitConn answer'
    expect(() => limitServer(server, { limit: 1, reject: 'respond' })).toThrow(message)

    const guard = limitServer(server, { limit: 1 })
    expect(() => guard.setConfig({ reject: 'respond', statusCode: 429 })).toThrow(message)
    expect(guard.config).toMatchObject({ reject: 'destroy', statusCode: 503 })
    expect(() => guard.extend(http.createServer(), { reject: 'respond' })).not.toThrow()
  })

  const ofRequest = (shown: string, what: string): string =>
    `options.key is ${shown}; expected a key of the connection, such as byIp(): ${what} comes with a request, and is a key for limitConn`

  it.each([
    [{ key: '$http_x' }, ofRequest('"$http_x"', '$http_x')],
    [{ key: byHeader('x-key') }, ofRequest('function keyOfHeader', 'a header')],
    [{ key: byTemplate('$remote_addr$host') }, ofRequest('function keyOfTemplate', '$host')],
    [
      { key: '$ssl_server_name' },
      'options.key is "$ssl_server_name"; expected a key that is known at accept, such as byIp(): ' +
        '$ssl_server_name comes with TLS, and is a key for limitConn',
    ],
    [
      { skip: ['10.0.0.0/8', '/healthz'] },
      'options.skip[1] is "/healthz"; expected an address or a CIDR: a socket has no path, which is for the skip of limitConn',
    ],
    [
      { skip: '/healthz' },
      'options.skip is "/healthz"; expected a function, or a list of addresses and CIDRs',
    ],
    [{ message: () => 'no' }, 'expected text or a JSON value; there is no request yet to give to a function'],
    [{ trustProxy: true }, 'options.trustProxy is not an option; write key: byIp({ trustProxy })'],
    [{ count: 'requests' }, 'options.count is not an option; the options are limit, key, zone'],
    [{ keepAlive: 30_000 }, 'options.keepAlive is not an option; did you mean keepAliveMs?'],
    [
      { keepAliveMs: 30 },
      'options.keepAliveMs is 30; expected false, or a whole number of milliseconds from 1000 to 32767000',
    ],
    [
      { limit: undefined },
      'options.limit is missing; expected a whole number >= 1, or a function, such as { limit',
    ],
  ])('%p', (options, message) => {
    const server = http.createServer()
    expect(() => limitServer(server, { limit: 1, ...options } as LimitServerOptions)).toThrow(message)
    expect(Object.hasOwn(server, 'emit')).toBe(false)
  })
})
