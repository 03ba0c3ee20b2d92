import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterEach } from '@jest/globals'

const prefix = 'limit-conn-'
const pattern = new RegExp(`^${prefix}(\\d+)-`)

/** Two network namespaces with a cable between them. */
export interface Network {
  /** The command that runs a process on the server's side. */
  readonly server: readonly string[]
  readonly client: readonly string[]
  readonly serverAddress: string
  /** Takes the cable away: nobody is told. */
  cut(): void
}

const made: string[] = []

/** Makes a network; it is removed when the test ends. Throws where the machine does not allow it. */
export function makeNetwork(): Network {
  const [server, client] = ['server', 'client'].map((side) => `${prefix}${process.pid}-${side}`) as [
    string,
    string,
  ]
  try {
    removeLeftovers()
    for (const name of [server, client]) {
      ip('netns', 'add', name)
      made.push(name)
    }
    lay(server, client)
  } catch (cause) {
    const message = `this machine allows no network namespaces: it takes root, iproute2 and CAP_SYS_ADMIN\n${String(cause)}`
    throw new Error(message, { cause })
  }
  return {
    server: ['ip', 'netns', 'exec', server],
    client: ['ip', 'netns', 'exec', client],
    serverAddress: '10.99.0.1',
    cut: () => ip('-n', client, 'link', 'set', 'cable', 'down'),
  }
}

/** Lays a cable; its ends have the same name, as each is alone in its namespace. */
function lay(server: string, client: string): void {
  ip('-n', server, 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', client)
  for (const [name, address] of [
    [server, '10.99.0.1/24'],
    [client, '10.99.0.2/24'],
  ] as const) {
    ip('-n', name, 'address', 'add', address, 'dev', 'cable')
    ip('-n', name, 'link', 'set', 'cable', 'up')
  }
}

/** Namespaces of a run that was killed: the process in their name is gone. */
function removeLeftovers(): void {
  const names = ip('netns', 'list').split('\n')
  for (const name of names) {
    const pid = pattern.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) ip('netns', 'delete', name.split(' ')[0]!)
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

afterEach(() => {
  for (const name of made.splice(0)) ip('netns', 'delete', name)
})
