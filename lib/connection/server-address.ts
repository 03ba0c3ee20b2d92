import type { Socket } from 'node:net'
import { parseAddress } from '../core/address.ts'

/** The address that was connected to, and the port; IPv6 in brackets. Undefined for a socket without addresses. */
export function serverOf({ localAddress = '', localPort }: Socket): string | undefined {
  const address = parseAddress(localAddress)
  if (!address) return undefined
  return address.kind() === 'ipv6'
    ? `[${address.toString()}]:${localPort}`
    : `${address.toString()}:${localPort}`
}
