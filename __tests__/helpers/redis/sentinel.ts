import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { RedisServer, later } from './server.ts'

/** A primary with a replica, and a Sentinel that looks after them; all end with the test file. */
export interface Watch {
  readonly primary: RedisServer
  readonly replica: RedisServer
  readonly sentinel: RedisServer
  /** The name under which clients ask for the primary. */
  readonly name: string
}

const name = 'limit-conn-test'

export async function startSentinel(): Promise<Watch> {
  const [primary, replica] = await Promise.all([RedisServer.start(), RedisServer.start()])
  await replica.follow(primary)

  const settings = [
    `sentinel monitor ${name} 127.0.0.1 ${primary.port} 1`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
  ]
  const sentinel = await RedisServer.start({
    args: ['--sentinel'],
    files: (folder) => [configIn(folder, settings)],
  })
  while (!String(await sentinel.command('INFO', 'sentinel')).includes('slaves=1')) await later()
  return { primary, replica, sentinel, name }
}

/** A Sentinel writes what it learns into its own configuration. */
function configIn(folder: string, settings: readonly string[]): string {
  const file = path.join(folder, 'sentinel.conf')
  writeFileSync(file, `${settings.join('\n')}\n`)
  return file
}
