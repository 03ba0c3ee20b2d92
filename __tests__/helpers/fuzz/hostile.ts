/** A way of failing that may be no Error. */
const causes = [
  () => new Error('x'.repeat(10_000)),
  () => undefined,
  () => null,
  () => 'text',
  () => revokedOf({}),
  () => Symbol('s'),
]
let failures = 0

function fail(): never {
  throw causes[failures++ % causes.length]!()
}

/** Values that fight back when they are read: a new one each time. */
export const hostiles = {
  'its get throws': () => new Proxy({ limit: 1 }, { get: fail }),
  'its ownKeys throws': () => new Proxy({ limit: 1 }, { ownKeys: fail }),
  'its has throws': () => new Proxy({ limit: 1 }, { has: fail }),
  'its getPrototypeOf throws': () => new Proxy({ limit: 1 }, { getPrototypeOf: fail }),
  'its descriptors throw': () => new Proxy({ limit: 1 }, { getOwnPropertyDescriptor: fail }),
  'a Proxy': () => new Proxy({}, {}),
  'a Proxy of a list': () => new Proxy([], {}),
  'a Proxy of a list that throws later': () => throwingAfter(3, ['10.0.0.0/8']),
  'a Proxy of a function that throws the second time': () => throwingAfter(1, () => 1),
  'a Proxy of a function that throws later': () => throwingAfter(2, () => 1),
  'a Proxy of a function that throws': () => new Proxy(() => 1, { get: fail }),
  'a revoked Proxy': () => revokedOf({}),
  'a revoked Proxy of a list': () => revokedOf([]),
  'a revoked Proxy of a function': () => revokedOf(() => 1),
  'getters that throw': gettersThatThrow,
  cyclic,
  'a cyclic list': cyclicList,
  'a function whose name throws': () => Object.defineProperty(() => 1, 'name', { get: fail }),
  'a function whose name is a symbol': () => Object.defineProperty(() => 1, 'name', { value: Symbol('s') }),
  'a function of a long name': () => Object.defineProperty(() => 1, 'name', { value: 'x'.repeat(100_000) }),
  'a function with traits of its own': () =>
    Object.assign(() => 1, { [Symbol.for('limit-conn.key-traits')]: null }),
  'a RegExp that throws': () => Object.assign(/x/, { toString: fail }),
  'a long RegExp': () => new RegExp('x'.repeat(10_000)),
  'its toJSON is long': () => ({ toJSON: () => '{'.repeat(100_000) }),
  'its toJSON throws': () => ({ toJSON: fail, toString: fail, [Symbol.toPrimitive]: fail, valueOf: fail }),
  'its tag throws': () => Object.defineProperty({ a: 1n }, Symbol.toStringTag, { get: fail }),
  'a list with methods of its own': () =>
    Object.assign([1], {
      map: fail,
      filter: fail,
      some: 1,
      every: null,
      includes: fail,
      flatMap: 0,
      slice: fail,
    }),
  'a list whose iterator throws': () => Object.assign(['10.0.0.0/8'], { [Symbol.iterator]: fail }),
  'a list of a species that throws': () => Object.assign(['/'], { constructor: { [Symbol.species]: fail } }),
  'a list without prototype': () => Object.setPrototypeOf([], null) as unknown,
  'a long list': () => Array.from({ length: 2_000 }, () => 'x'),
  'a list of holes': () => Object.assign([], { length: 3 }),
  'an object of a class': () => new (class Own { limit = 1 })(), // prettier-ignore
  'a thenable that throws': () => ({ then: fail }),
  'an own __proto__': () => JSON.parse('{"__proto__":{"limit":5},"limit":1}') as unknown,
  'an inherited limit': () => Object.create({ limit: 1 }) as unknown,
  'no prototype': () => Object.assign(Object.create(null) as object, { limit: 1 }),
  'a long name': () => ({ ['x'.repeat(100_000)]: 1 }),
  'an odd name': () => ({ '\0\u2028\ud800': 1 }),
  'a symbol for a name': () => ({ [Symbol('hidden')]: 1 }),
  'a long symbol': () => Symbol('s'.repeat(100_000)),
  'a symbol': () => Symbol.iterator,
  'a long bigint': () => 10n ** 5_000n,
  'a long text': () => 'x'.repeat(100_000),
  'a function': () => () => undefined,
  'a class': () => Map,
  'no Date': () => new Date(Number.NaN),
  'a Map': () => new Map([[{}, 1]]),
  'a Promise': () => Promise.resolve(1),
  'an Error': () => new Error('given'),
  bytes: () => Buffer.alloc(10),
  'the global object': () => globalThis,
} as const

function revokedOf(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

function throwingAfter(most: number, target: object): unknown {
  let reads = 0
  return new Proxy(target, {
    get: (of, name) => (reads++ >= most ? fail() : (Reflect.get(of, name) as unknown)),
  })
}

function gettersThatThrow(): unknown {
  const names = [
    'limit',
    'limits',
    'key',
    'zone',
    'name',
    'trust',
    'max',
    'error',
    'warn',
    'everyMs',
    'missing',
    'a',
  ]
  const getters = names.map((name) => [name, { get: fail, enumerable: true }] as const)
  return Object.defineProperties({}, Object.fromEntries(getters))
}

function cyclic(): unknown {
  const object: Record<string, unknown> = { limit: 1 }
  for (const name of ['limits', 'self', 'sweep', 'message', 'logger']) object[name] = object
  return object
}

function cyclicList(): unknown {
  const list: unknown[] = []
  list.push(list, list)
  return list
}
