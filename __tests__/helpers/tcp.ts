import net from 'node:net'
import { destroyAfter } from './server.ts'
import { until } from './until.ts'

/** A client of TCP and no more, whatever the server speaks. */
export function tcp(port: number, options: object = {}): net.Socket {
  const socket = net.connect({ port, host: '127.0.0.1', ...options })
  socket.on('error', () => undefined)
  destroyAfter(socket)
  return socket
}

/** Waits until the server has closed a client. */
export async function closedByServer(client: net.Socket): Promise<void> {
  client.resume()
  await until('the server has closed it', () => client.closed)
}
