// Frames of HTTP/2 by hand, for clients that a library would not let be. RFC 9113 sections 3.4 and 4.1, RFC 7541.

export const types = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const

export function frame(
  type: keyof typeof types,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(types[type], 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** What a client says first: preface and settings, here with a window of nothing if it shall not be sent a body. */
export function hello(isDeaf = false): Buffer {
  const noWindow = Buffer.from([0, 4, 0, 0, 0, 0])
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame('settings', 0, 0, isDeaf ? noWindow : undefined),
  ])
}

/** GET / to the host x, the whole request. */
export function getRoot(stream: number): Buffer {
  return frame('headers', 5, stream, Buffer.from([0x82, 0x86, 0x84, 0x41, 0x01, 0x78]))
}
