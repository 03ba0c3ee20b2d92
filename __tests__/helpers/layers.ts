import { limitConn, limitServer, Zone } from '../../lib/index.ts'
import type { LimitConn, LimitConnOptions, LimitServer, LimitServerOptions } from '../../lib/index.ts'
import { makeServer, guardKinds, type GuardKind } from './guarded.ts'
import { Held } from './held.ts'
import { bare } from './hosts.ts'
import { listen, type Served } from './server.ts'

export interface Layers extends Served {
  readonly guard: LimitServer
  readonly policy: LimitConn
  readonly zone: Zone
  readonly held: Held
}

/** A guard on a server, middleware behind it, and one zone for both. */
export async function layers(
  kind: GuardKind,
  guardOptions: LimitServerOptions,
  options: LimitConnOptions,
): Promise<Layers> {
  const zone = new Zone({ name: 'both' })
  const held = new Held()
  const policy = limitConn({ logLevel: false, zone, ...options })
  const outer = Object.assign(new Held(), { handler: bare([policy], held.handler) })
  const server = makeServer(kind, outer)
  const guard = limitServer(server, { logLevel: false, zone, ...guardOptions })
  const served = await listen(server, { policies: [guard, policy], tls: guardKinds[kind] })
  return { ...served, guard, policy, zone, held }
}
