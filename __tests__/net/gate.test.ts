import { readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { byIp, limitServer, Zone, type LimitServerOptions } from '../../lib/index.ts'
import { Child } from '../helpers/child.ts'
import { connectTo } from '../helpers/client.ts'
import { exchange } from '../helpers/exchange.ts'
import { closedByServer, tcp } from '../helpers/tcp.ts'
import { guarded, guardKinds, type GuardKind } from '../helpers/guarded.ts'
import { listen } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const kinds = Object.keys(guardKinds) as GuardKind[]

/** Seconds until the kernel asks the peer of a connection of ours whether it is there; undefined if it will not. */
function keepAliveOf(serverPort: number, clientPort: number): number | undefined {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')
  const line = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .find((each) => each.includes(`:${hex(serverPort)} 0100007F:${hex(clientPort)} 01 `))
  const [timer, ticks] = / 01 \S+ (\d\d):([0-9A-F]{8}) /.exec(line ?? '')!.slice(1)
  // 02 is the keep-alive timer; a tick is a hundredth of a second. @see Linux Documentation/networking/proc_net_tcp.rst
  return timer === '02' ? Math.round(Number.parseInt(ticks!, 16) / 100) : undefined
}

describe('TCP keep-alive, as the kernel has it', () => {
  it.each(kinds)('F10: keep-alive stands at 30 seconds on %s', async (kind) => {
    const { port, zone } = await guarded(kind, { limit: 1 })
    const client = tcp(port)
    await until('it is counted', () => zone.stats().active === 1)

    expect(keepAliveOf(port, client.localPort!)).toBeGreaterThan(20)
    expect(keepAliveOf(port, client.localPort!)).toBeLessThanOrEqual(30)
  })

  it('stands where it is set', async () => {
    const { port, zone, guard } = await guarded('net', { limit: 2, keepAliveMs: 600_000 })
    const first = tcp(port)
    await until('it is counted', () => zone.stats().active === 1)
    expect(keepAliveOf(port, first.localPort!)).toBeGreaterThan(500)

    guard.setConfig({ keepAliveMs: 60_000 })
    const second = tcp(port)
    await until('it is counted', () => zone.stats().active === 2)
    expect(keepAliveOf(port, second.localPort!)).toBeLessThanOrEqual(60)
  })

  it('is left as the server made it where it is false', async () => {
    const { port, zone } = await guarded('net', { limit: 1, keepAliveMs: false })
    const client = tcp(port)
    await until('it is counted', () => zone.stats().active === 1)
    expect(keepAliveOf(port, client.localPort!)).toBeUndefined()

    const server = net.createServer({ keepAlive: true, keepAliveInitialDelay: 900_000 })
    const guard = limitServer(server, { limit: 1, keepAliveMs: false })
    const other = await listen(server, { policies: [guard], guard })
    const { localPort } = (await other.connect()).socket
    await until('it is counted', () => guard.zones[0]!.stats().active === 1)
    expect(keepAliveOf(other.port, localPort!)).toBeGreaterThan(800)
  })
})

describe('N48: resets of sockets that nobody listens to', () => {
  const script = path.join(__dirname, '../helpers/unheard-errors.js')

  it.each(['upgrade', 'connect', 'net'])(
    '%s: end the process without a guard, and not with it',
    async (kind) => {
      const [bare, withGuard] = [new Child([script, kind]), new Child([script, kind, 'guarded'])]
      expect(await withGuard.exit()).toBe(0)
      expect(JSON.parse(withGuard.stdout)).toEqual({ resets: 50, active: 0 })

      expect(await bare.exit()).toBe(1)
      expect(bare.stderr).toContain('ECONNRESET')
    },
  )
})

describe('N34: on both stacks', () => {
  it('a client over IPv4 is counted under its IPv4 address, wherever it came in', async () => {
    const { port, zone } = await guarded('net', { limit: 1 }, { host: '::' })
    tcp(port)
    await until('it is counted', () => zone.count('127.0.0.1') === 1)
    await closedByServer(tcp(port, { host: '::ffff:127.0.0.1' }))
    tcp(port, { host: '::1' })
    await until('the other is counted', () => zone.count('::1') === 1)

    expect(zone.stats()).toMatchObject({ passed: 2, rejected: 1, keys: 2 })
    expect(zone.count('::ffff:127.0.0.1')).toBe(1)
  })

  it('skip compares with that address', async () => {
    const { port, zone, sockets } = await guarded('net', { limit: 1, skip: ['127.0.0.0/8'] }, { host: '::' })
    const skipped = tcp(port, { host: '::ffff:127.0.0.1' })
    tcp(port, { host: '::1' })
    await until('both are let in', () => sockets.size === 2)
    expect(zone.stats()).toMatchObject({ skipped: 1, passed: 1 })

    skipped.destroy()
    await until('it has left', () => sockets.size === 1)
  })
})

describe("the lines of a guard, in the words of nginx's stream", () => {
  /** A guard with its lines, above a limit of one. */
  async function refused(kind: GuardKind, options: Partial<LimitServerOptions>) {
    const lines: string[] = []
    const tell = (level: string) => (line: string) => lines.push(`${level}: ${line}`)
    const logger = { info: tell('info'), warn: tell('warn'), error: tell('error') }
    const zone = new Zone({ name: 'z', max: 1 })
    const served = await guarded(kind, { limit: 1, zone, logger, ...options })
    tcp(served.port)
    await until('the slot is taken', () => zone.stats().active === 1)
    return { ...served, lines }
  }

  it.each([
    ['error', 'error'],
    ['warn', 'warn'],
    ['notice', 'info'],
    ['info', 'info'],
  ] as const)('at level %s', async (logLevel, method) => {
    const { port, lines } = await refused('http', { logLevel })
    await closedByServer(tcp(port))

    const fields = `client: 127.0.0.1, server: 127.0.0.1:${port}`
    expect(lines).toEqual([`${method}: limiting connections by zone "z", ${fields}`])
  })

  it('none where logLevel is false', async () => {
    const { port, lines } = await refused('http', { logLevel: false })
    await closedByServer(tcp(port))
    expect(lines).toEqual([])
  })

  it.each(kinds)('a dry run on %s: lets in, counts above the limit, and says so', async (kind) => {
    const served = await refused(kind, { dryRun: true, logLevel: 'warn' })
    await exchange(kind, served)

    const fields = `client: 127.0.0.1, server: 127.0.0.1:${served.port}`
    expect(served.lines).toEqual([`warn: limiting connections, dry run, by zone "z", ${fields}`])
    expect(served.zone.stats()).toMatchObject({ passed: 1, rejected: 0, rejectedDryRun: 1, active: 2 })
  })

  it('a zone without room for a new key', async () => {
    const { place, lines, zone } = await refused('net', { logLevel: 'warn' })
    const client = await connectTo(place, { localAddress: '127.0.0.2' })
    await closedByServer(client.socket)

    expect(lines).toEqual([
      `warn: no room for a new key in limit_conn_zone "z", client: 127.0.0.2, server: 127.0.0.1:${'port' in place && place.port}`,
    ])
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 0, exhausted: 1 })
  })
})

describe('several limits', () => {
  it('all or none are taken, and the first that is exceeded decides', async () => {
    const [perIp, total] = [new Zone({ name: 'per-ip' }), new Zone({ name: 'total' })]
    const { place, port } = await guarded(
      'net',
      {
        limits: [
          { zone: total, key: () => 'all', limit: 3 },
          { zone: perIp, key: byIp(), limit: 2 },
        ],
      },
      {},
    )
    for (let n = 1; n <= 2; n++) {
      tcp(port)
      await until('it is counted', () => total.stats().active === n)
    }
    await closedByServer(tcp(port))
    expect(perIp.stats()).toMatchObject({ passed: 2, rejected: 1, active: 2 })
    expect(total.stats()).toMatchObject({ passed: 2, rejected: 0, active: 2 })

    const other = await connectTo(place, { localAddress: '127.0.0.2' })
    await until('it is counted', () => total.stats().active === 3)
    await closedByServer(tcp(port, { localAddress: '127.0.0.3' }))
    expect(total.stats()).toMatchObject({ passed: 3, rejected: 1, active: 3 })
    expect(perIp.count('127.0.0.3')).toBe(0)
    other.destroy()
  })

  it('one of them in dry run: lets in, and takes its slot', async () => {
    const [dry, hard] = [new Zone({ name: 'dry' }), new Zone({ name: 'hard' })]
    const limits = [
      { zone: dry, limit: 1, dryRun: true },
      { zone: hard, limit: 2 },
    ]
    const { port } = await guarded('net', { limits })
    tcp(port)
    tcp(port)
    await until('both are counted', () => hard.stats().active === 2)
    await closedByServer(tcp(port))

    expect(dry.stats()).toMatchObject({ passed: 1, rejectedDryRun: 1, rejected: 0, active: 2 })
    expect(hard.stats()).toMatchObject({ passed: 2, rejected: 1, active: 2 })
  })
})
