import { invalid } from '../options/check.ts'
import type { Script } from './scripts.ts'

/** ioredis: `new Redis()`, with Sentinel too, or `new Redis.Cluster()`. */
export interface IoRedisClient {
  evalsha(...args: never[]): unknown
  eval(...args: never[]): unknown
}

/** node-redis: what `createClient()`, `createCluster()` or `createSentinel()` returns. */
export interface NodeRedisClient {
  evalSha(...args: never[]): unknown
  eval(...args: never[]): unknown
}

/** Anything else that can send a command to one Redis. */
export interface OtherRedisClient {
  /** `['EVALSHA', sha, '1', key, argument]`: resolves to the reply, rejects with an error whose message is that of Redis. */
  sendCommand(args: string[]): Promise<unknown>
}

export type RedisClient = IoRedisClient | NodeRedisClient | OtherRedisClient

/** A script with its keys and arguments. */
export interface Call {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** What is needed of a client, whichever it is. */
export interface Runner {
  /** All keys of a script must have one slot. */
  readonly isCluster: boolean
  /** It is connected. */
  readonly isReady: boolean
  run(call: Call): Promise<unknown>
}

type Send = (name: 'evalsha' | 'eval', call: Call) => unknown

/** Finds out whose client it is. @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION */
export function runnerOf(client: unknown, path: string): Runner {
  const send = senderOf(client)
  if (!send) throw invalid(path, nameOf(client), 'a client of ioredis or redis, or { sendCommand }')
  const state = client as ClientState
  return {
    // node-redis has the masters of a cluster, ioredis says so.
    isCluster: state.isCluster === true || Array.isArray(state.masters),
    get isReady() {
      return state.isReady ?? (state.status === undefined || state.status === 'ready')
    },
    async run(call) {
      try {
        return await send('evalsha', call)
      } catch (cause) {
        if (!(cause instanceof Error) || !cause.message.startsWith('NOSCRIPT')) throw cause
        return await send('eval', call)
      }
    },
  }
}

/** What clients tell of themselves. */
interface ClientState {
  readonly isCluster?: boolean
  readonly masters?: unknown
  readonly isReady?: boolean
  readonly status?: string
}

function senderOf(client: unknown): Send | undefined {
  if (typeof client !== 'object' || client === null) return undefined
  if (hasMethods(client, 'evalSha', 'eval')) return byNodeRedis(client)
  if (hasMethods(client, 'evalsha', 'eval')) return byIoRedis(client)
  if (hasMethods(client, 'sendCommand')) return byCommands(client)
  return undefined
}

type Methods<N extends string> = Readonly<Record<N, (...args: unknown[]) => unknown>>

function hasMethods<N extends string>(client: object, ...names: readonly N[]): client is Methods<N> {
  return names.every((name) => typeof (client as Partial<Methods<N>>)[name] === 'function')
}

function byNodeRedis(client: Methods<'evalSha' | 'eval'>): Send {
  return (name, call) => {
    const method = name === 'eval' ? 'eval' : 'evalSha'
    return client[method](nameIn(name, call), { keys: [...call.keys], arguments: [...call.args] })
  }
}

function byIoRedis(client: Methods<'evalsha' | 'eval'>): Send {
  return (name, call) => client[name](nameIn(name, call), call.keys.length, ...call.keys, ...call.args)
}

function byCommands(client: Methods<'sendCommand'>): Send {
  return (name, call) => {
    const { keys, args } = call
    return client.sendCommand([name.toUpperCase(), nameIn(name, call), String(keys.length), ...keys, ...args])
  }
}

/** How a command names its script: by all of it, or by its hash. */
function nameIn(name: 'evalsha' | 'eval', { script }: Call): string {
  return name === 'eval' ? script.text : script.sha
}

/** A client may know passwords: it is not shown. */
function nameOf(client: unknown): unknown {
  return typeof client === 'object' && client !== null
    ? { [client.constructor?.name ?? 'object']: '...' }
    : client
}
