import path from 'node:path'
import { afterEach } from '@jest/globals'
import { Child } from './child.ts'
import { connectTo, type Client } from './client.ts'

export const folder = path.join(__dirname, '../../examples')
/** All who asked in this test, in their order: closed at its end. */
export const clients: Client[] = []

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

/** Starts an example on ports of its own, and returns what it prints of them. */
export async function start(name: string): Promise<{ child: Child; port: number }> {
  const child = new Child([path.join(folder, name)], { env: { PORT: '0', ADMIN_PORT: '0' } })
  return { child, port: Number(await child.says(/^listening on (\d+)$/m)) }
}

export interface Ask {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  /** Address of the client. */
  readonly from?: string | undefined
  /** Status of an answer to who is let in. @default 200 */
  readonly passed?: number
}

/** Asks on a connection of its own, which stays open, and waits for the head of the answer. */
export async function ask(
  port: number,
  { method = 'GET', path: target = '/slow', headers = {}, from }: Ask = {},
): Promise<{ client: Client; status: number }> {
  const client = await connectTo({ port, isTls: false }, { localAddress: from })
  clients.push(client)
  const lines = Object.entries({ host: 'test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  client.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)
  return { client, status: await client.answer() }
}

/** Asks so many times, one after the other, and returns the statuses. */
export async function statuses(port: number, times: number, what?: Ask): Promise<number[]> {
  const answers: number[] = []
  for (let n = 0; n < times; n++) answers.push((await ask(port, what)).status)
  return answers
}

/** Asks for a WebSocket. */
export const upgrade: Ask = {
  path: '/',
  headers: {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  },
  passed: 101,
}

/** Statuses of so many who were let in. */
export const ok = (times: number): number[] => Array<number>(times).fill(200)
