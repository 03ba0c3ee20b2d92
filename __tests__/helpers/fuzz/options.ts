import http from 'node:http'
import net from 'node:net'
import * as fc from 'fast-check'
import {
  byHeader,
  byIp,
  byTemplate,
  isLimitConnError,
  limitConn,
  Limiter,
  limitServer,
  limitUpgrade,
  Zone,
} from '../../../lib/index.ts'
import { build, names, someOptions } from './given.ts'
import type { Fuzzing } from './settings.ts'

/** Whatever is given to anything of ours, for JavaScript has no types. */
type Make = (...args: readonly unknown[]) => unknown

const handler = (): void => undefined
const servers = { http: http.createServer(), net: net.createServer() }

const makers: Readonly<Record<string, Make>> = {
  limitConn: limitConn as Make,
  'limitServer on http': (options) => stopped(limitServer(servers.http, options as never)),
  'limitServer on net': (options) => stopped(limitServer(servers.net, options as never)),
  'limitServer of anything': (server) => limitServer(server as never, { limit: 1 }),
  limitUpgrade: (options) => limitUpgrade(options as never, handler),
  'limitUpgrade of anything': (options, listener) => limitUpgrade(options as never, listener as never),
  Limiter: (options) => new Limiter(options as never),
  Zone: (options) => new Zone(options as never),
  byIp: byIp as Make,
  byHeader: byHeader as Make,
  'byHeader x': (options) => byHeader('x', options as never),
  byTemplate: byTemplate as Make,
  'byTemplate $uri': (options) => byTemplate('$uri', options as never),
}

function stopped(guard: { stop(): void }): unknown {
  guard.stop()
  return guard
}

/** One hostile value after the other, for each option of anything. */
export function expectEachReadOrRefused(makeHostile: () => unknown): void {
  const all = policies()
  for (const name of names) {
    for (const [maker, make] of Object.entries(makers))
      refusal(() => make({ ...(bases[maker] ?? { limit: 1 }), ...hostileIn(name, makeHostile) }))
    for (const [index, policy] of all.entries()) {
      const before = stateOf(policy)
      refusal(() => policy.extend(hostileIn(name, makeHostile)))
      if (refusal(() => policy.setConfig(hostileIn(name, makeHostile)))) checkSame(before, stateOf(policy))
      else all[index] = policies()[index]!
    }
  }
}

/** What is needed beside it, where that is no limit. */
const bases: Readonly<Record<string, object>> = {
  Zone: { name: 'zone' },
  byIp: {},
  'byHeader x': {},
  'byTemplate $uri': {},
}

function hostileIn(name: string, makeHostile: () => unknown): object {
  return Object.fromEntries([[name, makeHostile()]])
}

/** Whatever is given, something is made, or it is refused by an error of ours that says why. */
export function expectMadeOrReason(fuzzing: Fuzzing): void {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(makers)),
      fc.array(someOptions, { maxLength: 2 }),
      (name, args) => {
        refusal(() => makers[name]!(...args.map(build)))
      },
    ),
    fuzzing,
  )
}

interface Changeable {
  readonly config: object
  readonly zones: readonly Zone[]
  setConfig(next: unknown, options?: unknown): void
  extend(...args: readonly unknown[]): unknown
}

/** Policies of each kind, with something in force. */
function policies(): Changeable[] {
  const given = { limit: 3, zone: new Zone({ name: 'kept' }), timeoutMs: 5 }
  const nested = { ...given, sweep: { everyMs: 60_000 }, warnings: { sharedDryRun: false } }
  const made: readonly unknown[] = [
    limitConn({ ...nested, queue: { max: 3 }, count: 'requests' }),
    limitUpgrade(nested, handler),
    limitServer(net.createServer(), { ...nested, proxyProtocol: { trust: 'loopback' } }),
    new Limiter(given),
  ]
  return made as Changeable[]
}

/** A change that is refused changes nothing, and says why; what follows from a policy as well. */
export function expectUnchanged(fuzzing: Fuzzing): void {
  const all = policies()
  const good = fc.constantFrom(undefined, {}, { closeExcess: true }).map((value) => ({ value }))
  const closing = fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: someOptions })
  fc.assert(
    fc.property(fc.nat(all.length - 1), someOptions, closing, (index, given, how) => {
      const policy = all[index]!
      const [before, next] = [stateOf(policy), build(given)]
      refusal(() => policy.extend(next))
      refusal(() => policy.extend(servers.net, next), stopIt)
      if (refusal(() => policy.setConfig(next, build(how)))) checkSame(before, stateOf(policy))
      else all.splice(0, all.length, ...policies())
    }),
    fuzzing,
  )
}

function stopIt(made: unknown): void {
  ;(made as { stop?(): void }).stop?.()
}

type State = readonly unknown[]

function stateOf({ config, zones }: Changeable): State {
  return [config, ...Object.values(config), ...zones, ...zones.map((zone) => JSON.stringify(zone.stats()))]
}

function checkSame(before: State, after: State): void {
  if (before.length !== after.length || before.some((value, n) => !Object.is(value, after[n])))
    throw new Error('it was refused, and has changed something')
}

/** The error by which something is refused; undefined if it is not. @throws if that is none of ours, or of any length */
function refusal(run: () => unknown, then: (made: unknown) => void = () => undefined): unknown {
  try {
    then(run())
    return undefined
  } catch (error) {
    if (!isLimitConnError(error)) throw error
    const { code, message, option } = error
    const isShort = message.length > 0 && message.length <= 1_200 && (option ?? '').length <= 400
    if (!code.startsWith('ERR_LIMIT_CONN_') || !isShort)
      throw new Error(`${code}: ${message}`, { cause: error })
    return error
  }
}
