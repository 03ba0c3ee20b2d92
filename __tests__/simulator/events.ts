import * as fc from 'fast-check'
import type { OnLimit } from '../../lib/core/evict.ts'

/** The addresses of the clients; those of one row are one client. */
export const clients = [
  ['10.0.0.1', '::ffff:10.0.0.1', '::ffff:a00:1'],
  ['10.0.0.2'],
  ['2001:db8:0:1::1', '2001:db8:0:ff:ffff::'],
  ['2001:db8:0:100::1'],
] as const

export const texts = ['', 'a', 'b', '__proto__'] as const
export type Text = (typeof texts)[number]

/** How a limit stands in a world. */
export interface Ruling {
  readonly limit: number
  readonly onLimit: OnLimit
  readonly dryRun: boolean
}

/** What stands on the server of one world. */
export interface Setting {
  readonly guard: Ruling & {
    readonly reject: 'destroy' | 'respond'
    readonly maxLifetimeMs: number | false
    readonly maxIdleMs: number | false
  }
  readonly connections: Ruling
  readonly requests: Ruling & { readonly queue: { max: number; timeoutMs: number } | false }
  readonly upgrades: Ruling
}

/** One thing that happens; what it happens to, modulo how many there are. */
export interface Event {
  readonly what: keyof typeof weights
  /** Whom it happens to. */
  readonly which: number
  readonly client: number
  readonly text: Text
  readonly number: number
  readonly mode: (typeof modes)[number]
  readonly isSlow: boolean
}

/** What the application does with a request. */
export const modes = ['answer', 'hold', 'hold', 'part', 'read', 'destroy'] as const

/** How often each happens, beside the others. */
const weights = {
  connect: 8,
  'connect and ask': 10,
  'come in a crowd': 1,
  'come without an address': 0.5,
  'come destroyed': 0.5,
  'come and be destroyed by another': 0.5,
  ask: 10,
  pipeline: 3,
  'begin a header': 1,
  'begin an upload': 2,
  upgrade: 2,
  'connect and upgrade': 4,
  'be ignored as an upgrade': 1,
  'answer a request': 6,
  'answer bit by bit': 2,
  'find out a key': 4,
  'fail to find out a key': 1,
  'close its side': 2,
  reset: 3,
  vanish: 1,
  'be handed over': 0.5,
  'lose its close listeners': 1,
  'lose the close listeners of a response': 1,
  'stop to read': 1,
  'read on': 1,
  'wait a moment': 2,
  'wait for the sweep': 2,
  'change a limit': 2,
  'change a limit and close the excess': 1,
  kick: 1,
  drain: 0.3,
} as const

const whats = Object.entries(weights).map(([what, weight]) => {
  return { weight: weight * 10, arbitrary: fc.constant(what as keyof typeof weights) }
})

const anEvent: fc.Arbitrary<Event> = fc.record({
  what: fc.oneof(...whats),
  which: fc.nat(1_000),
  client: fc.nat(clients.length - 1),
  text: fc.constantFrom(...texts, 'a', 'a'),
  number: fc.integer({ min: 1, max: 5 }),
  mode: fc.constantFrom(...modes),
  isSlow: fc.constantFrom(false, false, false, true),
})

function aRuling(limits: readonly number[]): fc.Arbitrary<Ruling> {
  return fc.record({
    limit: fc.constantFrom(...limits),
    onLimit: fc.constantFrom<OnLimit>('reject', 'reject', 'evict-oldest', 'evict-idle'),
    dryRun: fc.constantFrom(false, false, false, true),
  })
}

function both<T extends object, U extends object>(one: fc.Arbitrary<T>, other: fc.Arbitrary<U>) {
  return fc.tuple(one, other).map(([left, right]) => ({ ...left, ...right }))
}

const aSetting: fc.Arbitrary<Setting> = fc.record({
  guard: both(
    aRuling([2, 5, 20, 300]),
    fc.record({
      reject: fc.constantFrom<'destroy' | 'respond'>('destroy', 'respond'),
      maxLifetimeMs: fc.constantFrom<number | false>(false, false, 3_000),
      maxIdleMs: fc.constantFrom<number | false>(false, false, 2_000),
    }),
  ),
  connections: aRuling([1, 2, 3, 100]),
  requests: both(
    aRuling([1, 2, 4]).map((ruling) => ({ ...ruling, onLimit: 'reject' as const })),
    fc.record({
      queue: fc.oneof(
        fc.constant(false as const),
        fc.record({ max: fc.constantFrom(1, 4), timeoutMs: fc.constantFrom(300, 2_000) }),
      ),
    }),
  ),
  upgrades: aRuling([1, 1, 2]),
})

/** A world, and what happens in it. */
export type Story = readonly [Setting, readonly Event[]]

export const aStory: fc.Arbitrary<Story> = fc.noBias(
  fc.tuple(aSetting, fc.array(anEvent, { minLength: 1, maxLength: 60, size: 'max' })),
)

/** All take their time; none of them is a crowd. */
export const aSlowStory: fc.Arbitrary<Story> = fc.tuple(
  aSetting,
  fc.array(
    anEvent.filter(({ what }) => what !== 'come in a crowd').map((event) => ({ ...event, isSlow: true })),
    { minLength: 1, maxLength: 24, size: 'max' },
  ),
)

const simplest = { which: 0, client: 0, text: '', number: 1, mode: 'answer', isSlow: false }

/** Tells a story, a line for each thing that happens; what is not told is the simplest. */
export function tell([setting, events]: Story): string {
  const lines = events.map(({ what, ...rest }, index) => {
    const told = Object.entries(rest).filter(
      ([name, value]) => value !== simplest[name as keyof typeof simplest],
    )
    return [`${index + 1}. ${what}`, ...told.map(([name, value]) => `${name} ${value}`)].join(', ')
  })
  return [`world: ${JSON.stringify(setting)}`, ...lines].join('\n')
}
