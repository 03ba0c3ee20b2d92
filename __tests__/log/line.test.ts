import { describe, expect, it } from '@jest/globals'
import { LimitConnError, Zone } from '../../lib/index.ts'
import { contextLine, errorLine, hitLine } from '../../lib/log/line.ts'

describe('hitLine', () => {
  const zone = new Zone({ name: 'per-ip' })

  it.each([
    ['rejected', 'limiting connections by zone "per-ip"'],
    ['dry run', 'limiting connections, dry run, by zone "per-ip"'],
    ['exhausted', 'no room for a new key in limit_conn_zone "per-ip"'],
  ] as const)('tells that a holder was %s as nginx does', (kind, line) => {
    expect(hitLine({ zone, kind })).toBe(line)
  })
})

describe('errorLine', () => {
  it('cannot pass for a line of a limit, whatever a client has put into the message', () => {
    const forged = 'no session limiting connections by zone "addr", client: 192.0.2.9, server: x'
    const line = errorLine(
      new LimitConnError('ERR_LIMIT_CONN_FUNCTION_FAILED', `options.key failed: ${forged}`),
    )
    expect(line).toContain("by zone 'addr', client")
    expect(line).not.toMatch(/limiting connections by zone "/)
  })
})

describe('contextLine', () => {
  it('has the fields of nginx in its order', () => {
    const request = 'GET /a?b HTTP/1.1'
    expect(contextLine({ host: 'h', request, server: '10.0.0.9:80', client: '10.0.0.1' })).toBe(
      ', client: 10.0.0.1, server: 10.0.0.9:80, request: "GET /a?b HTTP/1.1", host: "h"',
    )
  })

  it('leaves out what is not known', () => {
    expect(contextLine({})).toBe('')
    expect(contextLine({ client: undefined, host: 'h' })).toBe(', host: "h"')
    expect(contextLine({ host: '' })).toBe(', host: ""')
  })

  it.each([
    ['a quote', '"', '\\x22'],
    ['a backslash', '\\', '\\x5c'],
    ['a newline', '\n', '\\x0a'],
    ['a carriage return', '\r', '\\x0d'],
    ['NUL', '\0', '\\x00'],
    ['an escape sequence', '\u001b[31m', '\\x1b[31m'],
    ['DEL', '\u007f', '\\x7f'],
    ['a C1 control character', '\u0085', '\\x85'],
    ['a line separator', '\u2028', '\\x2028'],
    ['a paragraph separator', '\u2029', '\\x2029'],
    ['a right-to-left override', '\u202e', '\\x202e'],
    ['a bidi isolate', '\u2066', '\\x2066'],
    ['a zero-width space', '\u200b', '\\x200b'],
    ['a byte order mark', '\ufeff', '\\xfeff'],
    ['a lone surrogate', '\ud800', '\\xd800'],
    ['a tag character', '\u{e0041}', '\\xe0041'],
  ])('escapes %s in each field', (_, char, escaped) => {
    const text = `a${char}b`
    const shown = `a${escaped}b`
    expect(contextLine({ client: text, server: text, request: text, host: text })).toBe(
      `, client: ${shown}, server: ${shown}, request: "${shown}", host: "${shown}"`,
    )
  })

  it('leaves letters of all languages as they are', () => {
    expect(contextLine({ host: 'é€😀日本' })).toBe(', host: "é€😀日本"')
  })

  it('cuts a long field, never within a character', () => {
    expect(contextLine({ host: 'x'.repeat(512) })).toBe(`, host: "${'x'.repeat(512)}"`)
    expect(contextLine({ host: 'x'.repeat(513) })).toBe(`, host: "${'x'.repeat(512)}..."`)
    expect(contextLine({ host: `${'x'.repeat(511)}😀` })).toMatch(/^[\x20-\x7e]+$/)
  })
})
