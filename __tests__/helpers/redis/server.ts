import { afterAll } from '@jest/globals'
import { Redis } from 'ioredis'
import { launch, launchOn, type Launched, type LaunchOptions } from './launch.ts'

/** A server of Redis that one test file has for itself, to hurt it. It ends with the file. */
export class RedisServer {
  readonly port: number
  readonly #options: LaunchOptions
  #running: Launched

  private constructor(running: Launched, options: LaunchOptions) {
    this.port = running.port
    this.#running = running
    this.#options = options
    started.push(this)
  }

  static async start(options: LaunchOptions = {}): Promise<RedisServer> {
    return new RedisServer(await launch(options), options)
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Ends it as SIGKILL does: nothing is saved, and its port refuses. */
  async kill(): Promise<void> {
    await this.#running.kill()
  }

  /** Starts it again after {@link kill}, empty, on the same port. */
  async restart(): Promise<void> {
    this.#running = await launchOn(this.port, this.#options)
  }

  /** SIGSTOP: the kernel goes on taking connections and bytes, and nobody answers. */
  pause(): void {
    process.kill(this.#running.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.#running.pid, 'SIGCONT')
  }

  /** Sends one command on a connection of its own, and answers with the reply. */
  async command(...args: string[]): Promise<unknown> {
    return commandAt(this.url, ...args)
  }

  /** Has it copy another one, as its replica. */
  async follow(primary: { readonly port: number }): Promise<void> {
    await this.command('REPLICAOF', '127.0.0.1', String(primary.port))
    await this.#untilInfo('replication', /master_link_status:up/)
  }

  async #untilInfo(section: string, sign: RegExp): Promise<void> {
    while (!sign.test(String(await this.command('INFO', section)))) await later()
  }
}

/** Sends one command to a server, on a connection of its own. */
export async function commandAt(url: string, ...args: string[]): Promise<unknown> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null, disableClientInfo: true })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const [name, ...rest] = args as [string, ...string[]]
    return await client.call(name, ...rest)
  } finally {
    client.disconnect()
  }
}

/** A while between two looks at a server. */
export function later(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const started: RedisServer[] = []

afterAll(async () => {
  for (const server of started.splice(0)) await server.kill()
})
