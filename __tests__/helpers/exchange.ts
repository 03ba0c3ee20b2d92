import type { Client } from './client.ts'
import { connect2 } from './client2.ts'
import type { Guarded, GuardKind } from './guarded.ts'
import { until } from './until.ts'

/** Connects and asks, over whatever the server speaks; resolves when it has answered. */
export async function exchange(kind: GuardKind, served: Guarded): Promise<void> {
  if (kind.startsWith('http2')) return exchange2(served)
  const client = await served.connect()
  return kind.startsWith('http') ? exchange1(served, client) : echoed(client)
}

/** HTTP/1, on a connection that is there: also that of a server of HTTP/2 which allows it. */
export async function exchange1({ held }: Guarded, client: Client): Promise<void> {
  client.get()
  await held.arrived(1)
  held.release()
  await client.answer()
}

async function exchange2(served: Guarded): Promise<void> {
  const session = await connect2(served)
  const stream = session.get()
  await served.held.arrived(1)
  served.held.release()
  await stream.status()
}

async function echoed(client: Client): Promise<void> {
  client.write('hello')
  await until('it is echoed', () => client.received === 'hello')
}
