import { jest } from '@jest/globals'
import type { Cluster, Redis } from 'ioredis'
import type { createClient, createCluster, createSentinel } from 'redis'
import { afterServers } from '../server.ts'

/** The clients that users have. */
export const clientKinds = ['ioredis', 'node-redis'] as const

export type ClientKind = (typeof clientKinds)[number]

/** Where a client connects to. */
export type RedisPlace =
  | { readonly url: string }
  | { readonly cluster: readonly number[] }
  | { readonly sentinel: number; readonly name: string }

export type Client =
  | Redis
  | Cluster
  | ReturnType<typeof createClient>
  | ReturnType<typeof createCluster>
  | ReturnType<typeof createSentinel>

const { connect, disconnect }: Connecting = jest.requireActual('./connect.js')

interface Connecting {
  readonly connect: (kind: ClientKind, place: RedisPlace) => Promise<Client>
  readonly disconnect: (client: Client) => Promise<void>
}

/** The server that all tests of a run share. */
export function sharedPlace(): { readonly url: string } {
  return { url: process.env['REDIS_URL']! }
}

/** A client with the options that the docs recommend; it ends with the test. */
export async function clientOf(kind: ClientKind, place: RedisPlace = sharedPlace()): Promise<Client> {
  const client = await connect(kind, place)
  afterServers(() => disconnect(client))
  return client
}
