/** A request, or several, in raw bytes; and the keys of the requests that a parser may see in them, in their order. */
export type Sample = readonly [bytes: string, keys: readonly string[]]

const get = (fields: string, line = 'GET / HTTP/1.1'): string => `${line}\r\nHost: test\r\n${fields}\r\n`
const post = (fields: string, body: string): string => get(`X-Key: a\r\n${fields}`, 'POST / HTTP/1.1') + body
/** What hides in a body, and comes out where two parsers differ. */
const hidden = get('X-Key: b\r\n')
const chunked = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`
const length = (bytes: number | string): string => `Content-Length: ${bytes}\r\n`
const te = 'Transfer-Encoding: chunked\r\n'
/** The request first, the hidden one perhaps, and the one behind. */
const both = ['a', 'b', 'c']
const next = get('X-Key: c\r\n')

/** Known ways to have two parsers disagree where a request ends, what a header is, or whose it is. */
export const samples: Readonly<Record<string, Sample>> = {
  'Content-Length and Transfer-Encoding': [post(length(4) + te, chunked) + next, both],
  'Transfer-Encoding and Content-Length': [post(te + length(hidden.length), chunked) + next, both],
  'a body of no length': [post('', hidden) + next, both],
  'Transfer-Encoding: xchunked': [post('Transfer-Encoding: xchunked\r\n', chunked) + next, both],
  'Transfer-Encoding: chunked, identity': [post('Transfer-Encoding: chunked, identity\r\n', chunked), both],
  'Transfer-Encoding twice': [post(`${te}Transfer-Encoding: x\r\n`, chunked) + next, both],
  'Transfer-Encoding behind a tab': [post('Transfer-Encoding:\tchunked\r\n', chunked) + next, both],
  'Transfer-Encoding before a vertical tab': [post('Transfer-Encoding: chunked\v\r\n', chunked) + next, both],
  'Transfer-Encoding on a folded line': [post('Transfer-Encoding:\r\n chunked\r\n', chunked) + next, both],
  'Transfer-Encoding, a space before the colon': [
    post(`Transfer-Encoding : chunked\r\n${length(3)}`, chunked),
    both,
  ],
  'Transfer-Encoding in quotes': [post('Transfer-Encoding: "chunked"\r\n', chunked) + next, both],
  'Transfer-Encoding of HTTP/1.0': [post(te, chunked).replace('1.1', '1.0') + next, both],
  'Content-Length twice, the same': [post(length(5) + length(5), 'hello') + next, ['a', 'c']],
  'Content-Length twice, and not the same': [post(length(0) + length(hidden.length), hidden) + next, both],
  'Content-Length in a list': [post(length('0, 5'), 'hello') + next, ['a', 'c']],
  'Content-Length with a sign': [post(length('+5'), 'hello') + next, ['a', 'c']],
  'Content-Length below zero': [post(length(-1), hidden) + next, both],
  'Content-Length in hexadecimal': [post(length('0x5'), 'hello') + next, ['a', 'c']],
  'Content-Length beyond all numbers': [post(length('9'.repeat(40)), hidden), ['a']],
  'a chunk longer than all numbers': [post(te, `${'f'.repeat(20)}\r\n${hidden}`), ['a']],
  'a chunk of less than nothing': [post(te, `-1\r\n${hidden}0\r\n\r\n`), both],
  'a chunk extension': [post(te, `5;a=${'x'.repeat(2_000)}\r\nhello\r\n0\r\n\r\n`) + next, ['a', 'c']],
  'a chunk that ends in a bare LF': [post(te, '5\nhello\n0\n\n') + next, ['a', 'c']],
  'a key in a trailer': [post(te, '5\r\nhello\r\n0\r\nX-Key: b\r\n\r\n') + next, ['a', 'c']],
  'lines that end in a bare LF': [hidden.replaceAll('\r\n', '\n') + next, ['b', 'c']],
  'a bare CR in a value': [get('X-Key: a\rX-Key: b\r\n') + next, ['a', 'a\rX-Key: b', 'c']],
  'a bare CR before the end of the headers': [
    `GET / HTTP/1.1\r\nHost: test\r\nX-Key: a\r\n\r${hidden}`,
    ['a', 'b'],
  ],
  'a folded key': [get('X-Key: a\r\n b\r\n') + next, ['a b', 'a', 'c']],
  'a line that begins with a space': [`GET / HTTP/1.1\r\n X-Key: b\r\nX-Key: a\r\n\r\n${next}`, ['a', 'c']],
  'the key twice': [get('X-Key: a\r\nX-Key: b\r\n') + next, ['a', 'c']],
  'the key twice, in other cases': [get('X-KEY: a\r\nx-key: b\r\n') + next, ['a', 'c']],
  'the key, a space before the colon': [get('X-Key : b\r\nX-Key: a\r\n') + next, ['a', 'c']],
  'the key with an underscore': [get('X_Key: b\r\nX-Key: a\r\n') + next, ['a', 'c']],
  'an empty key, and another': [get('X-Key:\r\nX-Key: b\r\n') + next, ['', 'c']],
  'a key of blanks': [get('X-Key: \t \r\n') + next, ['', 'c']],
  'NUL in the key': [get('X-Key: a\0b\r\n') + next, ['a\0b', 'c']],
  'a control in the key': [get('X-Key: a\u0001b\r\n') + next, ['a\u0001b', 'c']],
  'bytes beyond ASCII in the key': [get('X-Key: \u00e9\u00ff\r\n') + next, ['\u00e9\u00ff', 'c']],
  'NUL in a name': [get('X\0Key: b\r\nX-Key: a\r\n') + next, ['a', 'c']],
  'no name': [get(': b\r\nX-Key: a\r\n') + next, ['a', 'c']],
  'a header of 16 KB': [get(`X-Key: ${'a'.repeat(16_384)}\r\n`) + next, ['c']],
  'a key named as a prototype': [get('__proto__: b\r\nX-Key: __proto__\r\n') + next, ['__proto__', 'c']],
  'no Host': [`GET / HTTP/1.1\r\nX-Key: a\r\n\r\n${next}`, ['a', 'c']],
  'Host twice': [get('Host: other\r\nX-Key: a\r\n') + next, ['a', 'c']],
  'a target in absolute form': [get('X-Key: a\r\n', 'GET http://other/ HTTP/1.1') + next, ['a', 'c']],
  'a target that is *': [get('X-Key: a\r\n', 'OPTIONS * HTTP/1.1') + next, ['a', 'c']],
  'a target with a space': [get('X-Key: a\r\n', 'GET /a b HTTP/1.1') + next, ['a', 'c']],
  'a method in lower case': [get('X-Key: a\r\n', 'get / HTTP/1.1') + next, ['a', 'c']],
  'no version': [`GET /\r\nX-Key: a\r\n\r\n${next}`, ['', 'a', 'c']],
  'a version of its own': [get('X-Key: a\r\n', 'GET / HTTP/1.9') + next, ['a', 'c']],
  'the preface of HTTP/2': [`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${next}`, ['c']],
  'empty lines before': [`\r\n\r\n\r\n${get('X-Key: a\r\n')}\r\n${next}`, ['a', 'c']],
  'Expect: 100-continue': [post(`Expect: 100-continue\r\n${length(5)}`, 'hello') + next, ['a', 'c']],
  'Connection: close, and more behind': [get('X-Key: a\r\nConnection: close\r\n') + next, ['a', 'c']],
  'an upgrade that nobody listens to': [
    get('X-Key: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n') + next,
    ['a', 'c'],
  ],
  'good ones behind a bad one': [`\0\r\n\r\n${next}${next}`, ['c', 'c']],
  'three of one key at once': [next.repeat(3), ['c', 'c', 'c']],
  'half a header': ['GET / HTTP/1.1\r\nX-Key: a', []],
}

/** Pieces of requests, to be put together by chance. */
export const fragments: readonly string[] = [
  [
    'GET / HTTP/1.1',
    'POST / HTTP/1.1',
    'get / HTTP/1.1',
    'GET /',
    'HEAD / HTTP/1.0',
    'GET http://o/ HTTP/1.1',
  ],
  ['\r\n', '\r\n', '\r\n', '\r\n\r\n', '\r\n\r\n', '\n', '\r', '\n\n', ' ', '\t', ':', '\0', '0\r\n\r\n'],
  ['X-Key: a\r\n', 'X-Key: b\r\n', 'x-key: c\r\n', 'X-Key : d\r\n', 'X-Key:\r\n', 'X-Key: e\n', 'X-Key: f'],
  ['Host: test\r\n', 'Connection: close\r\n', 'Connection: keep-alive\r\n', 'Expect: 100-continue\r\n'],
  [te, 'Transfer-Encoding: x\r\n', length(0), length(5), length('5, 5'), '5;x=y\r\nhello\r\n'],
  ['hello', '5\r\nhello\r\n', ' g\r\n', hidden, next],
].flat()
