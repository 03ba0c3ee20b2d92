import * as fc from 'fast-check'
import { hostiles } from './hostile.ts'

/** How to make what is given: fast-check itself must not touch it. */
export type Recipe =
  | { readonly hostile: keyof typeof hostiles }
  | { readonly value: unknown }
  | { readonly list: readonly Recipe[] }
  | { readonly object: readonly (readonly [name: string, of: Recipe])[] }

export function build(recipe: Recipe): unknown {
  if ('hostile' in recipe) return hostiles[recipe.hostile]()
  if ('value' in recipe) return recipe.value
  if ('list' in recipe) return recipe.list.map(build)
  return Object.fromEntries(recipe.object.map(([name, of]) => [name, build(of)]))
}

/** Names of options, and of what is none. */
export const names: readonly string[] = [
  ...'limit key zone limits count dryRun logLevel logger statusCode message reject retryAfter headers'.split(
    ' ',
  ),
  ...'skip timeoutMs maxKeysPerConnection sweep onLimit onEvict queue maxLifetimeMs maxIdleMs'.split(' '),
  ...'keepAliveMs proxyProtocol warnings name max maxIdle onFull ipv6Subnet trustProxy missing'.split(' '),
  ...'trust everyMs graceMs oneKey __proto__ constructor closeExcess toString Limit'.split(' '),
  'x'.repeat(50_000),
  '',
]
const aName = fc.constantFrom(...names)

const aHostile = fc
  .constantFrom(...(Object.keys(hostiles) as (keyof typeof hostiles)[]))
  .map((hostile) => ({ hostile }))
/** What some option takes. */
const words =
  'warn requests respond destroy $uri evict-oldest draft-8 loopback 10.0.0.0/8 x-api-key zone address'
const aGood = fc
  .constantFrom<unknown>(1, 5, 400, 1_000, true, false, undefined, '', () => undefined, ...words.split(' '))
  .map((value) => ({ value }))
const anything = fc
  .anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    maxDepth: 2,
  })
  .map((value) => ({ value }))
const aValue: fc.Arbitrary<Recipe> = fc.oneof(aHostile, aGood, anything)

const aList = (item: fc.Arbitrary<Recipe>): fc.Arbitrary<Recipe> =>
  fc.array(item, { maxLength: 3 }).map((list) => ({ list }))
/** Mostly with a limit, so that it does not fail for want of one. */
const anObject = (value: fc.Arbitrary<Recipe>): fc.Arbitrary<Recipe> =>
  fc.tuple(fc.array(fc.tuple(aName, value), { maxLength: 4 }), fc.nat(3)).map(([entries, n]) => {
    return { object: n === 0 ? entries : [['limit', { value: 1 }] as const, ...entries] }
  })

/** Options: good in part, hostile in part, or nothing of the kind. */
export const someOptions: fc.Arbitrary<Recipe> = fc.oneof(
  { weight: 5, arbitrary: anObject(fc.oneof(aValue, aList(aValue), anObject(aValue))) },
  { weight: 2, arbitrary: anObject(aList(anObject(aValue))) },
  { weight: 1, arbitrary: aValue },
)
