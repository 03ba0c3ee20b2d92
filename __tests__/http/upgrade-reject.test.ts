import type { Duplex } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { WebSocketServer } from 'ws'
import { limitUpgrade, type UpgradeHandler, type UpgradeRejectHandler } from '../../lib/index.ts'
import { connectionsOf } from '../helpers/server.ts'
import { bodyOf, Echo, fullyUpgraded, switching, upgradeTo } from '../helpers/upgrades.ts'
import { nextTurn, until } from '../helpers/until.ts'

describe.each([false, true])('destroy and reset, TLS %s', (tls) => {
  it('destroy closes without an answer', async () => {
    const { ask, echo, zone } = await fullyUpgraded({ reject: 'destroy' }, { tls })
    const client = await ask()
    await client.closed()

    expect(client.received).toBe('')
    expect(client.error?.code).not.toBe('ECONNRESET')
    expect(echo.runs).toBe(1)
    expect(zone.stats()).toMatchObject({ rejected: 1, active: 1 })
  })

  it('reset sends a RST, under TLS it closes', async () => {
    const { ask, echo } = await fullyUpgraded({ reject: 'reset' }, { tls })
    const client = await ask()
    await client.closed()

    expect(client.received).toBe('')
    expect(client.error?.code).toBe(tls ? undefined : 'ECONNRESET')
    expect(echo.runs).toBe(1)
  })
})

describe.each([false, true])('a handler of the options, TLS %s', (tls) => {
  it('answers on the socket, with the decision; the socket is closed though the handler does not', async () => {
    const { ask, echo, server } = await fullyUpgraded(
      {
        reject: (_req, socket: Duplex, head, { status }) => {
          socket.write(`HTTP/1.1 420 Calm\r\nX-Head: ${head.length}\r\n\r\n${status}`)
        },
      },
      { tls },
    )
    const client = await ask()
    expect(await client.answer()).toBe(420)
    await client.closed(2_000)
    expect(client.received).toBe('HTTP/1.1 420 Calm\r\nX-Head: 0\r\n\r\nREJECTED')
    expect(echo.runs).toBe(1)
    expect(await connectionsOf(server)).toBe(1)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('theirs')
      },
      /^ERR_LIMIT_CONN_FUNCTION_FAILED: options\.reject failed: theirs, client: 127\.0\.0\.1, /,
    ],
    [
      'rejects',
      async () => Promise.reject(new Error('theirs')),
      /^ERR_LIMIT_CONN_FUNCTION_FAILED: options\.reject failed: theirs, /,
    ],
    [
      'never answers',
      async () => new Promise(() => undefined),
      /^ERR_LIMIT_CONN_TIMEOUT: options\.reject gave no answer within 50 ms, /,
    ],
  ] as [string, UpgradeRejectHandler, RegExp][])(
    'that %s: 500, and a line in the log',
    async (_, reject, line) => {
      const { ask, echo, lines } = await fullyUpgraded({ reject, timeoutMs: 50 }, { tls })
      const client = await ask()
      await client.closed()

      expect(client.statuses).toEqual([500])
      expect(client.received).toMatch(/^Connection: close\r$/m)
      expect(bodyOf(client)).toBe('Internal Server Error\n')
      expect(lines.filter((each) => line.test(each))).toHaveLength(1)
      expect(echo.runs).toBe(1)
    },
  )

  it('that fails after it has said something: it is cut, nothing of ours stands behind it', async () => {
    const { ask, lines } = await fullyUpgraded(
      {
        reject: async (_req, socket: Duplex) => {
          await new Promise((resolve) => socket.write('HTTP/1.1 420 Calm\r\n', resolve))
          throw new Error('theirs')
        },
      },
      { tls },
    )
    const client = await ask()
    await client.closed()
    expect(client.received).toBe('HTTP/1.1 420 Calm\r\n')
    expect(lines.join('\n')).toContain('options.reject failed: theirs')
  })

  it('that is left by its client while it thinks: nothing is answered', async () => {
    let done = (): void => undefined
    let runs = 0
    const { ask, zone, server } = await fullyUpgraded(
      {
        reject: async () => {
          runs++
          await new Promise<void>((resolve) => (done = resolve))
        },
      },
      { tls },
    )
    const client = await ask()
    await until('the handler runs', () => runs === 1)
    client.reset()
    await client.closed()
    done()
    while ((await connectionsOf(server)) !== 1) await nextTurn()
    expect(zone.stats()).toMatchObject({ rejected: 1, active: 1 })
  })
})

it.each(['what is no frame', 'nothing'])(
  'a handler may say it in the words of the protocol: a WebSocket that is closed with a code; the client sends %s',
  async (what) => {
    const wss = new WebSocketServer({ noServer: true })
    const { ask } = await fullyUpgraded({
      reject: (req, socket, head) => {
        wss.handleUpgrade(req, socket, head, (ws) =>
          ws.on('error', () => undefined).close(1013, 'try again later'),
        )
      },
    })
    const client = await ask({
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    })
    if (what !== 'nothing') client.write('\xff\xff\xff')
    expect(await client.answer()).toBe(101)
    await client.closed(2_000)
    expect(bodyOf(client)).toBe('\x88\x11\x03\xf5try again later')
  },
)

describe('a function of the options that fails', () => {
  const fail = (): never => {
    throw new Error('theirs')
  }

  it.each([
    [{ key: fail }, 'ERR_LIMIT_CONN_FUNCTION_FAILED: options.key failed: theirs'],
    [{ key: async () => fail() }, 'ERR_LIMIT_CONN_FUNCTION_FAILED: options.key failed: theirs'],
    [{ key: () => ({}) as never }, 'ERR_LIMIT_CONN_INVALID_KEY: options.key returned an object'],
    [{ limit: () => -1 }, 'ERR_LIMIT_CONN_INVALID_LIMIT: options.limit returned -1'],
    [{ limit: async () => fail() }, 'ERR_LIMIT_CONN_FUNCTION_FAILED: options.limit failed: theirs'],
    [{ skip: fail }, 'ERR_LIMIT_CONN_FUNCTION_FAILED: options.skip failed: theirs'],
    [
      { skip: async () => new Promise<boolean>(() => undefined), timeoutMs: 20 },
      'ERR_LIMIT_CONN_TIMEOUT: options.skip gave no answer within 20 ms',
    ],
  ])('%p: 500, nobody is let in, and a line in the log with the code', async (options, line) => {
    const echo = new Echo()
    const lines: string[] = []
    const logger = { error: (text: string) => lines.push(text) }
    const failing = limitUpgrade({ limit: 1, logger, ...options }, echo.handler)
    const { ask, zone } = await fullyUpgraded({ limit: 9 })
    const failed = await asking(failing)

    expect(failed.statuses).toEqual([500])
    expect(lines).toEqual([expect.stringContaining(line)])
    expect(lines[0]).toMatch(/, client: 127\.0\.0\.1, .*, request: "GET \/ HTTP\/1\.1", host: "test"$/)
    expect(echo.runs).toBe(0)
    expect(failing.zones[0]!.stats()).toMatchObject({ passed: 0, rejected: 0, active: 0 })
    expect(await (await ask()).answer()).toBe(101)
    expect(zone.stats().active).toBe(2)
  })

  it.each([
    [{ message: fail }, 'ERR_LIMIT_CONN_FUNCTION_FAILED: options.message failed: theirs'],
    [{ message: () => 1n }, 'ERR_LIMIT_CONN_FUNCTION_FAILED: options.message failed: '],
    [{ message: async () => fail() }, 'ERR_LIMIT_CONN_FUNCTION_FAILED: options.message failed: theirs'],
  ])('%p: 500, refused all the same', async (options, line) => {
    const { ask, lines, zone } = await fullyUpgraded(options)
    const client = await ask()
    await client.closed()
    expect(client.statuses).toEqual([500])
    expect(lines.filter((each) => each.startsWith(line))).toHaveLength(1)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, active: 1 })
  })

  async function asking(handler: UpgradeHandler) {
    const { connect, server } = await fullyUpgraded()
    server.removeAllListeners('upgrade')
    server.on('upgrade', handler)
    const client = (await connect()).write(upgradeTo('foo'))
    await client.closed()
    return client
  }
})

it('nothing is written after the handler took the socket', async () => {
  const { ask, echo, policy } = await fullyUpgraded({
    limit: 2,
    retryAfter: 5,
    headers: 'draft-8',
    key: async () => 'k',
  })
  const client = await ask()
  await client.answer()
  policy.setConfig({ limit: 1 })
  client.write('ping')
  await until('it is echoed', () => client.received.endsWith('ping'))
  echo.sockets[1]!.end('bye')
  await client.closed()
  expect(client.received).toBe(`${switching}pingbye`)
})
