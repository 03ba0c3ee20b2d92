import net, { type Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { Limiter, limitServer, type Decision } from '../../../lib/index.ts'
import { listen } from '../../helpers/server.ts'
import { greet, greeting, isLetIn, knock } from '../../helpers/greeting.ts'
import { until } from '../../helpers/until.ts'

// What go-connlimit checks in connlimit_test.go and wrap_test.go, told anew: `Limiter` in the listener of a TCP server.
// Where we differ on purpose the comment says what go-connlimit does, by its source.

/** A server that asks a limiter about each socket, and keeps the decisions on those that are let in. */
async function start(limit: number) {
  const limiter = new Limiter({ limit })
  const accepted: { socket: Socket; decision: Decision }[] = []
  const server = net.createServer((socket) => {
    const decision = limiter.accept(socket)
    if (!decision.passed) return void socket.destroy()
    accepted.push({ socket, decision })
    return greet(socket)
  })
  const served = await listen(server, { policies: [{ zones: limiter.zones, watched: 0 }] })
  const settled = (open: number) => until(`${open} are open`, () => limiter.numOpen('127.0.0.1') === open)
  return { limiter, accepted, served, settled }
}

describe('Accept', () => {
  it('accepts up to the limit, and no more', async () => {
    const { limiter, served } = await start(2)
    expect([await isLetIn(served), await isLetIn(served), await isLetIn(served)]).toEqual([true, true, false])
    expect(limiter.numOpen('127.0.0.1')).toBe(2)
  })

  it('accepts again when one has closed', async () => {
    const { served, settled } = await start(2)
    const first = await knock(served)
    await knock(served)
    expect(await isLetIn(served)).toBe(false)

    first.destroy()
    await settled(1)
    expect([await isLetIn(served), await isLetIn(served)]).toEqual([true, false])
  })

  it('has a limit for each address', async () => {
    const { limiter, served } = await start(1)
    expect([await isLetIn(served, '127.0.0.2'), await isLetIn(served, '127.0.0.3')]).toEqual([true, true])
    expect(await isLetIn(served, '127.0.0.2')).toBe(false)
    expect(['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((ip) => limiter.numOpen(ip))).toEqual([0, 1, 1])
  })

  // In Go the second Accept of a connection finds the limit full, and refuses it.
  it('takes one slot for a connection, however often it is asked', async () => {
    const { limiter, accepted, served } = await start(1)
    await knock(served)
    const { socket, decision } = accepted[0]!
    expect(limiter.accept(socket)).toMatchObject({ passed: true, lease: decision.lease })
    expect(limiter.numOpen('127.0.0.1')).toBe(1)
  })
})

describe('free', () => {
  it('gives the slot back while the connection is open, once', async () => {
    const { limiter, accepted, served } = await start(2)
    await knock(served)
    await knock(served)
    accepted[0]!.decision.lease!.release()
    accepted[0]!.decision.lease!.release()

    expect(limiter.numOpen('127.0.0.1')).toBe(1)
    expect([await isLetIn(served), await isLetIn(served)]).toEqual([true, false])
  })

  // In Go a connection whose free is not called stays counted for good.
  it('comes by itself, however the connection ends', async () => {
    const { accepted, served, settled } = await start(3)
    const clients = [await knock(served), await knock(served), await knock(served)]
    clients[0]!.reset()
    await settled(2)
    clients[1]!.socket.end()
    await settled(1)
    accepted[2]!.socket.destroy()
    await settled(0)
    expect([await isLetIn(served), await isLetIn(served), await isLetIn(served)]).toEqual([true, true, true])
  })

  it('is not owed by who was refused', async () => {
    const { limiter, served } = await start(1)
    await knock(served)
    for (let n = 1; n <= 5; n++) expect(await isLetIn(served)).toBe(false)
    expect(limiter.numOpen('127.0.0.1')).toBe(1)
  })
})

describe('SetConfig', () => {
  it('raised: there is room for one more at once', async () => {
    const { limiter, served } = await start(2)
    await knock(served)
    await knock(served)
    limiter.setConfig({ limit: 3 })
    expect([await isLetIn(served), await isLetIn(served)]).toEqual([true, false])
    expect([limiter.numOpen('127.0.0.1'), limiter.config.limit]).toEqual([3, 3])
  })

  it('lowered: who is in stays, and nobody comes in until there are fewer', async () => {
    const { limiter, served, settled } = await start(3)
    const clients = [await knock(served), await knock(served), await knock(served)]
    limiter.setConfig({ limit: 1 })
    expect(await isLetIn(served)).toBe(false)
    expect([limiter.numOpen('127.0.0.1'), clients.some(({ isClosed }) => isClosed)]).toEqual([3, false])

    clients[0]!.destroy()
    clients[1]!.destroy()
    await settled(1)
    expect(await isLetIn(served)).toBe(false)
    clients[2]!.destroy()
    await settled(0)
    expect(await isLetIn(served)).toBe(true)
  })

  // In Go 0 is no limit.
  it('to nothing is an error, and changes nothing', () => {
    const limiter = new Limiter({ limit: 2 })
    expect(() => limiter.setConfig({ limit: 0 })).toThrow('options.limit is 0; expected a whole number >= 1')
    expect(limiter.config.limit).toBe(2)
  })
})

// go-connlimit does this with connections that it makes up.
it.each(['Limiter', 'limitServer'])(
  'many clients of many addresses at once: each has five, the rest is refused, by %s',
  async (name) => {
    const server =
      name === 'Limiter'
        ? (await start(5)).served
        : await greeting((on) => limitServer(on, { limit: 5, logLevel: false }))
    const knocks = Array.from({ length: 400 }, (_, n) => isLetIn(server, `127.10.10.${1 + (n % 40)}`))
    const answers = await Promise.all(knocks)
    expect(answers.filter((isIn) => !isIn)).toHaveLength(200)
  },
)

describe('Wrap', () => {
  // In Go only Close of the wrapper frees. Here the socket is its own wrapper.
  it('a library that closes the connection frees its slot', async () => {
    const { accepted, served, settled } = await start(3)
    for (let n = 1; n <= 3; n++) await knock(served)
    const handOver = (socket: Socket): void => void socket.end('bye')
    handOver(accepted[0]!.socket)
    await settled(2)
    expect([await isLetIn(served), await isLetIn(served)]).toEqual([true, false])
  })

  it('a limiter within another one: each has its own count, and is freed by itself', async () => {
    const { limiter: parent, accepted, served, settled } = await start(5)
    const child = new Limiter({ limit: 3 })
    const client = await knock(served)
    const { socket, decision } = accepted[0]!
    const below = child.accept(socket)
    expect([decision.passed, below.passed]).toEqual([true, true])

    below.lease!.release()
    expect([parent.numOpen('127.0.0.1'), child.numOpen('127.0.0.1')]).toEqual([1, 0])
    expect(child.accept(socket).passed).toBe(true)
    client.destroy()
    await settled(0)
    expect(child.numOpen('127.0.0.1')).toBe(0)
  })
})
