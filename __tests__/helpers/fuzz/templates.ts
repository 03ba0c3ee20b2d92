import * as fc from 'fast-check'
import { AddressKey, GONE } from '../../../lib/core/key.ts'
import { byTemplate, isLimitConnError } from '../../../lib/index.ts'
import type { TemplateSource } from '../../../lib/key/variables.ts'
import type { Fuzzing } from './settings.ts'

const headers = ['http_a', 'http_b', 'HTTP_C_1'] as const
const names = [...headers, 'request_method', 'remote_addr'] as const

/** What a request says, for each variable. */
type Values = Readonly<Record<(typeof names)[number], string>>

const aText = fc.oneof(
  fc.constantFrom('', '', '0', '\0', '\\', '\\0', '\\\0', '\0\0', '1', '11', 'a\0b'),
  fc.array(fc.constantFrom('\0', '\\', '0', '1', 'é', '\ud800'), { maxLength: 6 }).map((all) => all.join('')),
)
const aClient = fc.constantFrom('6.6.6.6', '66.6.6.6', '6.6.6.61', '2001:db8::1', '2001:db8:0:100::1')
const someValues: fc.Arbitrary<Values> = fc.record({
  http_a: aText,
  http_b: aText,
  HTTP_C_1: aText,
  request_method: aText,
  remote_addr: aClient,
})

/** Variables in any number and order, and text between that has no meaning in a template. */
const parts = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...names).map((name) => ({ name, text: `\${${name}}` })) },
    { weight: 1, arbitrary: aText.map((text) => ({ name: undefined, text })) },
  ),
  { minLength: 1, maxLength: 6 },
)

/** One text, cut into the values of the headers in two ways: what joins them bare finds no difference. */
const twoCuts = fc
  .tuple(
    fc.array(fc.constantFrom('\0', '\0', '\\', '0', '1'), { maxLength: 5 }),
    fc.tuple(someValues, someValues),
    fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }),
  )
  .map(([text, [one, other], [a, b, c, d]]): [Values, Values] => {
    const cut = (values: Values, first: number, second: number): Values => {
      const pieces = [text.slice(0, first), text.slice(first, first + second), text.slice(first + second)]
      const [http_a, http_b, HTTP_C_1] = pieces.map((part) => part.join('')) as [string, string, string]
      return { ...values, http_a, http_b, HTTP_C_1 }
    }
    return [cut(one, a!, b!), cut({ ...other, ...commonOf(one) }, c!, d!)]
  })
const commonOf = ({ request_method, remote_addr }: Values) => ({ request_method, remote_addr })

/** Two lists with some values in common. */
const twoLists = fc
  .tuple(someValues, someValues, fc.subarray([...names]))
  .map(([one, rest, kept]): [Values, Values] => [
    one,
    { ...rest, ...Object.fromEntries(kept.map((name) => [name, one[name]])) },
  ])

/** Two lists of values that differ never have one key, and the same list has always the same. */
export function expectInjective(fuzzing: Fuzzing): void {
  fc.assert(
    fc.property(parts, fc.oneof(twoLists, twoCuts), (pieces, [one, other]) => {
      const used = names.filter((name) => pieces.some((piece) => piece.name === name))
      fc.pre(used.length > 0)

      const key = byTemplate(pieces.map(({ text }) => text).join(''))
      const [first, again, second] = [one, { ...one }, other].map((values) => textOf(key(sourceOf(values))))
      const isSame = used.every((name) => one[name] === other[name])
      if (first !== again || (first === second) !== isSame)
        throw new Error(JSON.stringify([first, again, second]))
    }),
    fuzzing,
  )
}

function sourceOf(values: Values): TemplateSource {
  const { request_method: method, remote_addr: remoteAddress } = values
  const rawHeaders = headers.flatMap((name) => [name.slice(5).replaceAll('_', '-'), values[name]])
  return { socket: { remoteAddress, localAddress: '127.0.0.1' }, rawHeaders, method }
}

function textOf(key: unknown): string {
  return key instanceof AddressKey ? `address ${key.keys.join()}` : String(key)
}

const marks = ['', '$$', '{', '}', '$}', '${}', '-', '_', ' ', '\0', 'é', '$é', '$1', '$-', '\\', '\n']
const words = [
  'remote_addr binary_remote_addr proxy_protocol_addr server_addr server_port remote_port uri host',
  'request_uri request_method scheme ssl_server_name http_ http_x arg_ arg_a cookie_ cookie_a server_name',
  'http_x-y REMOTE_ADDR __proto__ constructor http___proto__ arg_constructor toString https htp_x',
].flatMap((line) => line.split(' '))
const aWord = fc.constantFrom(
  ...marks,
  ...words,
  'x'.repeat(300),
  `http_${'-x'.repeat(5_000)}`,
  `htp_${'x'.repeat(5_000)}`,
)
const aTemplate = fc
  .array(fc.tuple(fc.constantFrom('', '$', '$', '${'), aWord, fc.constantFrom('', '', '}')), {
    maxLength: 8,
  })
  .map((all) => all.flat().join(''))

const aPiece = fc.constantFrom(
  ...'/?&=#%;.:@[]"\\ \0ax',
  '%00',
  '%zz',
  '..',
  '//',
  'http://',
  'a=',
  'é',
  '\ud800',
)
const anyText = fc.oneof(
  fc.array(aPiece, { maxLength: 30 }).map((all) => all.join('')),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', '/'.repeat(8_192), '&a'.repeat(4_096), ';'.repeat(8_192), ' '.repeat(8_192)),
)
const anAddress = fc.constantFrom(
  undefined,
  undefined,
  '6.6.6.6',
  '::1',
  '::ffff:1.2.3.4',
  'fe80::1%eth0',
  '',
  'x',
)
const aSocket = fc.record({
  remoteAddress: anAddress,
  localAddress: anAddress,
  destroyed: fc.boolean(),
  remotePort: fc.constantFrom(undefined, 1),
  encrypted: fc.boolean(),
  servername: fc.oneof(fc.constantFrom(undefined, null, false as const), anyText),
})
const headerNames = fc.constantFrom(
  'x',
  'X',
  'Host',
  'cookie',
  'Cookie',
  ':authority',
  '__proto__',
  '',
  'a\0',
)
const aRequest = fc.record(
  {
    socket: aSocket,
    url: anyText,
    originalUrl: anyText,
    method: anyText,
    rawHeaders: fc.array(fc.tuple(headerNames, anyText)).map((all) => all.flat()),
  },
  { requiredKeys: [] },
)

/** Text is a template, or refused for a reason; a template tells a key of whatever comes. */
export function expectKeyOrReason(fuzzing: Fuzzing): void {
  const text = fc.oneof(
    { weight: 5, arbitrary: aTemplate },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  )
  fc.assert(
    fc.property(text, fc.array(fc.oneof(aRequest, aSocket), { maxLength: 3 }), (template, sources) => {
      const key = compiled(template)
      for (const source of sources) if (key) checkKey(key, source)
    }),
    fuzzing,
  )
}

function compiled(template: string): ReturnType<typeof byTemplate> | undefined {
  try {
    return byTemplate(template)
  } catch (error) {
    if (!isLimitConnError(error) || error.message.length > 1_000) throw error
    return undefined
  }
}

function checkKey(keyOf: ReturnType<typeof byTemplate>, source: TemplateSource): void {
  try {
    const key = keyOf(source)
    if (typeof key === 'string' || key instanceof AddressKey || key === GONE) return
    throw new Error(`the key is ${String(key)}`)
  } catch (error) {
    if (!isLimitConnError(error) || error.code !== 'ERR_LIMIT_CONN_NO_ADDRESS') throw error
  }
}
