import { expect, it } from '@jest/globals'
import { isPeerGone, tell, toldOf, type Client } from '../../lib/core/peer.ts'

const client: Client = { remoteAddress: '192.0.2.1', remotePort: 4711, remoteFamily: 'IPv4' }

it('is gone where it has no address, and is no open Unix socket', () => {
  const [remoteAddress, localAddress] = ['192.0.2.1', '192.0.2.9']
  expect([{ localAddress }, { destroyed: true }].map(isPeerGone)).toEqual([true, true])
  expect([{}, { destroyed: false }, { remoteAddress, destroyed: true }].map(isPeerGone)).toEqual([
    false,
    false,
    false,
  ])
})

it('is told of once or again, in place of what the socket says', () => {
  const socket = { remoteAddress: '192.0.2.9' }
  for (const remotePort of [1, 2]) tell(socket, { ...client, remotePort })
  expect(toldOf(socket)).toEqual({ ...client, remotePort: 2 })
  expect(socket).toMatchObject({ remoteAddress: '192.0.2.1' })
  expect(Object.getOwnPropertyDescriptor(socket, 'remotePort')).toMatchObject({ value: 2 })
})

it('stays what the socket says where the proxy speaks for itself', () => {
  const socket = { remoteAddress: '192.0.2.9' }
  tell(socket, 'itself')
  expect(toldOf(socket)).toBe('itself')
  expect(Object.getOwnPropertyNames(socket)).toEqual(['remoteAddress'])
  expect(socket.remoteAddress).toBe('192.0.2.9')
})
