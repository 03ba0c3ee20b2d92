import net from 'node:net'
import express, { type Application } from 'express'
import express4 from 'express4'
import * as fc from 'fast-check'
import { parseAddress } from '../../../lib/core/address.ts'
import { AddressKey } from '../../../lib/core/key.ts'
import { byIp, type TrustProxy } from '../../../lib/index.ts'
import type { AddressSource } from '../../../lib/key/ip.ts'
import type { Fuzzing } from './settings.ts'

export const apps = { 'Express 4': express4, 'Express 5': express }

/** Ours, and how they are written in lists. */
const proxies = '127.0.0.1 10.1.1.1 10.255.0.9 ::1 fd00::7 ::ffff:10.0.0.7'.split(' ')
const strangers = '6.6.6.6 7.7.7.7 11.0.0.1 2001:db8::1 2001:DB8:0:0::1 ::ffff:606:606 192.0.2.1'.split(' ')
/** Nothing that anybody takes for an address. */
const garbage = [
  ...'zzz<script> __proto__ unknown _hidden null - " ; for=6.6.6.6 6.6.6 6.6.6.6.6 10.1.1.256 é'.split(' '),
  ...'6.6.6.6:4711 10.1.1.1:80 [2001:db8::1] [2001:db8::1]:99 \t ::1%\t 6.6.6.6\t 10.1.1.1\0'.split(' '),
  '6.6.6.6 10.1.1.1',
  ...['x', '1', '::'].map((text) => text.repeat(8_192 / text.length)),
]
const separators = [',', ', ', ' ,', ' , ', ',,', ', ,', ',  ']

export const anEntry: fc.Arbitrary<string> = fc.constantFrom(...proxies, ...strangers, ...garbage, '', ' ')
export const aHeader: fc.Arbitrary<string> = fc
  .array(fc.tuple(anEntry, fc.constantFrom(...separators)), { maxLength: 12 })
  .map((parts) => parts.map(([entry, separator], n) => (n === 0 ? entry : separator + entry)).join(''))

/** Settings of `trust proxy`, and whom they trust: by address or by hops. */
const settings: readonly (readonly [TrustProxy, trusts: (address: string, hop: number) => boolean])[] = [
  [false, () => false],
  [true, () => true],
  [0, () => false],
  [1, (_, hop) => hop < 1],
  [3, (_, hop) => hop < 3],
  ['loopback', (address) => address === '127.0.0.1' || address === '::1'],
  ['loopback, 10.0.0.0/8', (address) => isOurs(address) && address !== 'fd00::7'],
  [['loopback', '10.0.0.0/8', 'uniquelocal'], isOurs],
  [(address: string, hop: number) => hop === 0 || address.startsWith('10.1.'), byHand],
]
export const aSetting = fc.constantFrom(...settings)

function isOurs(address: string): boolean {
  return proxies.includes(address)
}

function byHand(address: string, hop: number): boolean {
  return hop === 0 || address.startsWith('10.1.')
}

/**
 * From right to left, the first that is not trusted; where all are, the last. What is no address is the socket's.
 *
 * @see https://expressjs.com/en/guide/behind-proxies.html
 */
export function clientOf(socket: string, header: string, trusts: (typeof settings)[number][1]): string {
  const entries = header.split(',').map((part) => part.replaceAll(/^ +| +$/g, ''))
  const hops = [socket, ...entries.filter((part) => part !== '').toReversed()]
  const client = hops.find((address, hop) => !trusts(address, hop)) ?? hops.at(-1)!
  return net.isIP(client) === 0 ? socket : client
}

/** A key as text. */
export function textOf(key: unknown): string {
  return key instanceof AddressKey ? key.keys.join() : String(key)
}

/** The key of an address as text. */
export function ofAddress(text: string): string {
  return textOf(new AddressKey(parseAddress(text)!, [56]))
}

function keyOf(source: AddressSource, trustProxy?: TrustProxy): string {
  return textOf(byIp(trustProxy === undefined ? {} : { trustProxy })(source))
}

/** A request, as far as the address of its client goes. */
function requestOf(socket: string, header: string, app?: Application): AddressSource {
  const headers = { 'x-forwarded-for': header }
  const request = {
    socket: { remoteAddress: socket, localAddress: '127.0.0.1' },
    headers,
    ...(app && { app }),
  }
  return request
}

/** The client is who the rule says, by our setting and by that of Express. */
export function expectByTheRule(fuzzing: Fuzzing): void {
  const made = Object.values(apps).map((make) => make())
  fc.assert(
    fc.property(
      fc.constantFrom(...proxies, '6.6.6.6'),
      aHeader,
      aSetting,
      (socket, header, [trust, trusts]) => {
        const expected = ofAddress(clientOf(socket, header, trusts))
        const found = made.map((app) =>
          keyOf(requestOf(socket, header, app.set('trust proxy', trust) as Application)),
        )
        for (const key of [keyOf(requestOf(socket, header), trust), ...found])
          if (key !== expected) throw new Error(`${key} and not ${expected}`)
      },
    ),
    fuzzing,
  )
}

/** What a client writes before the addresses that our proxies have added never moves its key. */
export function expectNothingToChoose(fuzzing: Fuzzing): void {
  const inside = fc.array(fc.constantFrom(...proxies), { maxLength: 3 })
  const written = fc.oneof(
    aHeader,
    fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', '')),
  )
  fc.assert(
    fc.property(fc.constantFrom(...strangers), inside, written, (client, chain, said) => {
      const added = [client, ...chain].join(', ')
      const byList = { trust: settings[7]![0], header: `${said}, ${added}` }
      const byHops = { trust: chain.length + 1, header: byList.header }
      for (const { trust, header } of [byList, byHops]) {
        const key = keyOf(requestOf('127.0.0.1', header), trust)
        if (key !== ofAddress(client)) throw new Error(`${key} and not ${client}`)
      }
      if (keyOf(requestOf(client, byList.header), byList.trust) !== ofAddress(client))
        throw new Error('who comes by himself is believed')
    }),
    fuzzing,
  )
}
