import * as fc from 'fast-check'
import { parseAddress, parseRange } from '../../../lib/core/address.ts'
import { anAddress, anIpv4, aStyle, quad, spell } from './spelling.ts'
import type { Fuzzing } from './settings.ts'

/** Without a zone: what is behind a percent sign is the name of an interface, and almost free. */
const anIpv6Text = fc
  .tuple(anAddress, aStyle)
  .map(([address, style]) => spell(address, { ...style, interface: '' }))
const anIpv4Text = anIpv4.map(quad)
const aText = fc.oneof(anIpv4Text, anIpv6Text)
const long = 8_192

/** What makes of an address a text that is none, whatever the address. */
const wounds: readonly ((text: string) => string)[] = [
  (text) => `[${text}]`,
  (text) => `[${text}]:443`,
  (text) => ` ${text}`,
  (text) => `${text} `,
  (text) => `${text}\n`,
  (text) => `\t${text}`,
  (text) => `${text}\0`,
  (text) => `\0${text}`,
  (text) => `${text.slice(0, text.length / 2)}\0${text.slice(text.length / 2)}`,
  (text) => `${text},${text}`,
  (text) => `${text}/64`,
  (text) => `"${text}"`,
  (text) => `for=${text}`,
  (text) => `-${text}`,
  (text) => `${text}%`,
  (text) => `${text}% `,
  (text) => `${text}\u200b`,
  (text) => `${text}${'0'.repeat(long)}`,
  (text) => `${'0'.repeat(long)}${text}`,
  (text) => `${text}%${'e'.repeat(long)}`,
  (text) => text.replace(/[.:]/, '\uff0e'),
  (text) => text.replace(/[.:]/, ' $&'),
  (text) => text.replace(/[.:]/, '$&$&$&'),
]
/** The same, of an IPv4 address. */
const woundsOfIpv4: readonly ((text: string) => string)[] = [
  (text) => `${text}:80`,
  (text) => `${text}.`,
  (text) => `.${text}`,
  (text) => `${text}.1`,
  (text) => `0${text}`,
  (text) => text.replace(/\.(\d)/, '.0$1'),
  (text) => `0x${text}`,
  (text) => text.replace(/\.\d+$/, ''),
  (text) => text.replace(/\.\d+\.\d+$/, ''),
  (text) => text.replace(/^\d+/, '256'),
  (text) => text.replace(/\d+$/, '1000'),
  (text) => text.replaceAll('.', ','),
  (text) => String(text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)),
  (text) => text.replaceAll(/\d/g, (digit) => String.fromCodePoint(0x0660 + Number(digit))),
  (text) => text.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  (text) => `::${text}::`,
  (text) => `1:2:3:4:5:6:7:${text}`,
  (text) => `${text}::`,
  (text) => `::${text.replace(/\.(\d)/, '.0$1')}`,
  (text) => `::ffff:${text.replace(/\.\d+$/, '')}`,
]
const written = ['1.2.3', '01.2.3.4', '0x7f.1', '0177.0.0.1', '127.1', '2130706433', '1.2.3.4.', '1.2.3.4/0']

const nearly = fc.oneof(
  fc.tuple(aText, fc.constantFrom(...wounds)).map(([text, wound]) => wound(text)),
  fc.tuple(anIpv4Text, fc.constantFrom(...woundsOfIpv4)).map(([text, wound]) => wound(text)),
  fc.tuple(aText, aText).map(([one, other]) => `${one}::${other}::`),
  fc.constantFrom(...written),
)

/** What is nearly an address is none. */
export function expectNoAddress(settings: Fuzzing): void {
  fc.assert(
    fc.property(nearly, (text) => {
      const read = parseAddress(text)
      if (read) throw new Error(`${JSON.stringify(text)} is read as ${read.toString()}`)
    }),
    settings,
  )
}

/** Text of any kind is read or not, and that quickly. */
export function expectCalm(settings: Fuzzing): void {
  const pieces = fc.constantFrom(
    '1',
    '255',
    '.',
    ':',
    '::',
    'ffff',
    '%',
    '/',
    '0',
    'x',
    '\0',
    '\u0661',
    ' ',
    '[',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(text, fc.constantFrom(1, 1, 200), (part, times) => {
      const whole = part.repeat(times)
      parseAddress(whole)
      parseRange(whole)
    }),
    settings,
  )
}
