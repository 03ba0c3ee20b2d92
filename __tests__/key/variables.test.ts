import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { byTemplate } from '../../lib/index.ts'
import type { TemplateSource } from '../../lib/key/variables.ts'

const socket = {
  remoteAddress: '192.0.2.1',
  remotePort: 4711,
  localAddress: '::ffff:198.51.100.7',
  localPort: 443,
}

/** The value of a variable in a request, or on a socket. */
const read = (name: string, source: TemplateSource = {}): unknown =>
  byTemplate(`$${name}`)({ socket, ...source })
const at = (name: string, url: string): unknown => read(name, { url })

describe('variables of the connection', () => {
  it.each<[name: string, source: TemplateSource, value: string]>([
    ['remote_port', {}, '4711'],
    ['server_port', {}, '443'],
    ['server_addr', {}, '198.51.100.7'],
    ['server_addr', { socket: { localAddress: '2001:DB8:0:0::1' } }, '2001:db8::1'],
    ['server_addr', { socket: { localAddress: 'fe80::1%eth0', remoteAddress: 'fe80::2' } }, 'fe80::1'],
    ['ssl_server_name', { socket: { servername: 'Example.com' } }, 'Example.com'],
    ['ssl_server_name', { socket: { servername: false } }, ''],
    ['ssl_server_name', { socket: { servername: null } }, ''],
    ['ssl_server_name', {}, ''],
    ['scheme', {}, 'http'],
    ['scheme', { socket: { encrypted: true } }, 'https'],
    ['scheme', { rawHeaders: ['X-Forwarded-Proto', 'https'] }, 'http'],
    ['proxy_protocol_addr', { rawHeaders: ['X-Forwarded-For', '5.5.5.5'] }, ''],
  ])('$%s of %j is %j', (name, source, value) => {
    const onSocket = { ...socket, ...source.socket }
    expect(read(name, { ...source, socket: onSocket })).toBe(value)
    expect(byTemplate(`$${name}`)(onSocket)).toBe(value)
  })

  it.each(['remote_port', 'server_port', 'server_addr'])('$%s of a Unix socket is empty', (name) => {
    expect(read(name, { socket: {} })).toBe('')
  })
})

describe('$host', () => {
  const named = (host: string): TemplateSource => ({ rawHeaders: ['Accept', '*/*', 'Host', host], url: '/' })

  it.each([
    ['Example.COM', 'example.com'],
    ['example.com:8080', 'example.com'],
    ['example.com.', 'example.com'],
    ['example.com.:80', 'example.com'],
    ['example.com..', 'example.com.'],
    ['[2001:DB8::1]:8080', '[2001:db8::1]'],
    ['[::1]', '[::1]'],
    ['[::1', '['],
    ['127.0.0.1:3000', '127.0.0.1'],
    [':80', ''],
    ['.', ''],
    ['', ''],
  ])('of the header Host: %s is %j', (host, value) => {
    expect(read('host', named(host))).toBe(value)
  })

  it('is that of the request line, if that has one; else the first header', () => {
    const headers = ['host', 'one.example', 'Host', 'two.example']
    expect(read('host', { url: 'http://Three.example:81/x', rawHeaders: headers })).toBe('three.example')
    expect(read('host', { url: 'http://three.example/', rawHeaders: headers })).toBe('three.example')
    expect(read('host', { url: 'HTTP://u:p@four.example?x', rawHeaders: headers })).toBe('four.example')
    expect(read('host', { url: '/http://five.example/', rawHeaders: headers })).toBe('one.example')
    expect(read('host', { url: '*', rawHeaders: headers })).toBe('one.example')
  })

  it('is :authority over HTTP/2, and that wins over Host', () => {
    const rawHeaders = [':path', '/', 'host', 'b.example', ':authority', 'A.example:443']
    expect(read('host', { url: '/', rawHeaders })).toBe('a.example')
    expect(read('host', { url: '/', rawHeaders: rawHeaders.slice(0, 4) })).toBe('b.example')
  })

  it('is empty where nobody names one', () => {
    expect(read('host')).toBe('')
  })
})

describe('$http_name', () => {
  const rawHeaders = ['X-Api-Key', 'a, b', 'x-api-key', 'c', 'X_Odd', 'd', 'Host', 'H']

  it.each([
    ['http_x_api_key', 'a, b'],
    ['HTTP_X_API_KEY', 'a, b'],
    ['http_host', 'H'],
    ['http_x_odd', ''],
    ['http_none', ''],
    ['http___proto__', ''],
  ])('$%s is %j', (name, value) => {
    expect(read(name, { rawHeaders })).toBe(value)
  })
})

describe('$arg_name', () => {
  it.each([
    ['/?a=1&b=2', 'b', '2'],
    ['/?A=1&a=2', 'a', '1'],
    ['/?a&a=2', 'a', '2'],
    ['/?a=&a=2', 'a', ''],
    ['/?ba=1&a=2', 'a', '2'],
    ['/?a%3D=1&%61=2&a=%20+', 'a', '%20+'],
    ['/?x=a=1&a==2', 'a', '=2'],
    ['/?b=1?a=2', 'a', ''],
    ['/?b=1?a=2', 'b', '1?a=2'],
    ['/?a=1#a=2', 'a', '1'],
    ['/#?a=1', 'a', ''],
    ['/a=1', 'a', ''],
    ['a=1', 'a', ''],
    ['?a=1', 'a', '1'],
    ['http://h/?a=1', 'a', '1'],
    ['http://h?a=1', 'a', '1'],
    ['/?', 'a', ''],
    ['/?api_key=k', 'Api_Key', 'k'],
  ])('in %s: $arg_%s is %j', (url, name, value) => {
    expect(at(`arg_${name}`, url)).toBe(value)
  })
})

describe('$cookie_name', () => {
  it.each([
    [['sid=1; sid=2'], '1'],
    [['a=1; SID=2'], '2'],
    [['xsid=1; sid =\t2 ;b=3'], '2'],
    [['sid="a b"'], '"a b"'],
    [['sid=a=b,c'], 'a=b,c'],
    [['sid'], ''],
    [['sidx;sid=2'], '2'],
    [['sid=;sid=2'], ''],
    [['a=sid=1'], ''],
    [['a=1', 'sid=2'], '2'],
    [['sid=1', 'sid=2'], '1'],
    [['sid=a\xa0'], 'a\xa0'],
    [[''], ''],
    [[], ''],
  ])('of the lines %j is %j', (lines, value) => {
    const rawHeaders = lines.flatMap((line, i) => [i % 2 ? 'cookie' : 'Cookie', line])
    expect(read('cookie_sid', { rawHeaders: ['Set-Cookie', 'sid=no', ...rawHeaders] })).toBe(value)
  })

  it('takes a line of 1 MB, blanks or names, in less than a second', () => {
    for (const part of [' ', 'a=;', ';', 'sid', '\t;']) {
      const rawHeaders = ['Cookie', `${part.repeat(1_000_000 / part.length)}; sid=1`]
      const start = performance.now()
      expect(read('cookie_sid', { rawHeaders })).toBe('1')
      expect(performance.now() - start).toBeLessThan(1_000)
    }
  })
})

describe('the request line', () => {
  it.each([
    ['/', '/', '/'],
    ['/a/b?c#d', '/a/b', '/a/b?c#d'],
    ['/a#b?c', '/a', '/a#b?c'],
    ['//a///b//', '/a/b/', '//a///b//'],
    ['/a/./b/../c', '/a/c', '/a/./b/../c'],
    ['/a/.', '/a/', '/a/.'],
    ['/a/..', '/', '/a/..'],
    ['/a/b/..', '/a/', '/a/b/..'],
    ['/..', '/', '/..'],
    ['/../../a', '/a', '/../../a'],
    ['/a//../b', '/b', '/a//../b'],
    ['/.a/..b/c.', '/.a/..b/c.', '/.a/..b/c.'],
    ['/...', '/...', '/...'],
    ['/%61%2Fb', '/a/b', '/%61%2Fb'],
    ['/a/%2e%2E/b', '/b', '/a/%2e%2E/b'],
    ['/a/.%2e', '/', '/a/.%2e'],
    ['/%252e%252e', '/%2e%2e', '/%252e%252e'],
    ['/a%3Fb%23c', '/a?b#c', '/a%3Fb%23c'],
    ['/caf%C3%A9', '/caf\xc3\xa9', '/caf%C3%A9'],
    ['/caf\xc3\xa9', '/caf\xc3\xa9', '/caf\xc3\xa9'],
    ['/%', '/%', '/%'],
    ['/%zz%4', '/%zz%4', '/%zz%4'],
    ['/%00', '/\0', '/%00'],
    ['/a+b', '/a+b', '/a+b'],
    ['?a', '/', '?a'],
    ['', '/', '/'],
    ['*', '*', '*'],
    ['*%41', '*A', '*%41'],
    ['http://h:81/a%2fb?c', '/a/b', '/a%2fb?c'],
    ['HTTP://h', '/', '/'],
    ['http://h/a/', '/a/', '/a/'],
    ['http://h?c', '/', '?c'],
  ])('%s has $uri %j and $request_uri %j', (url, uri, requestUri) => {
    expect(at('uri', url)).toBe(uri)
    expect(at('request_uri', url)).toBe(requestUri)
  })

  it('is that before routers cut it', () => {
    const source = { url: '/x', originalUrl: '/api/x?a=1' }
    const variables = ['uri', 'request_uri', 'arg_a']
    expect(variables.map((name) => read(name, source))).toEqual(['/api/x', '/api/x?a=1', '1'])
  })

  it('has a method as it was sent', () => {
    expect([read('request_method', { method: 'GET' }), read('request_method')]).toEqual(['GET', ''])
  })

  it('is never anything that fails: a path stays what it is when it is resolved again', () => {
    const target = fc.array(
      fc.constantFrom(
        '/',
        '.',
        '..',
        '%',
        '%2',
        '%2F',
        '%2e',
        '%00',
        '?',
        '#',
        'a',
        '\xff',
        'http://',
        '[',
        '@',
        ':',
      ),
    )
    const every = byTemplate('$uri$request_uri$arg_a$host$cookie_a$http_a$request_method')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          target.map((parts) => parts.join('')),
        ),
        (url) => {
          expect(typeof every({ url, rawHeaders: ['Cookie', url, 'Host', url] })).toBe('string')
          const uri = String(at('uri', `/${url}`))
          expect(uri).toMatch(/^\//)
          expect(uri).not.toMatch(/\/\/|\/\.{1,2}(\/|$)/)
        },
      ),
      { numRuns: 5_000 },
    )
  })
})
