import http from 'node:http'
import { describe, expect, it } from '@jest/globals'
import {
  limitServer,
  type LimitServer,
  type LimitServerOptions,
  type WarningOptions,
} from '../../lib/index.ts'
import { guarded, makeServer } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { listen, type Served } from '../helpers/server.ts'
import { codesOf } from '../helpers/told.ts'
import { until } from '../helpers/until.ts'

/** A logger that keeps what it is warned of. */
function logging(): { logger: { warn: (line: string) => void; error: () => void }; lines: string[] } {
  const lines: string[] = []
  return { logger: { warn: (line: string) => void lines.push(line), error: () => undefined }, lines }
}

/** So many clients, one after the other. */
async function visit({ connect }: Served, guard: LimitServer, times: number): Promise<void> {
  const [zone] = guard.zones
  for (let n = 0; n < times; n++) {
    const { passed } = zone!.stats()
    const client = await connect()
    await until('it is counted', () => zone!.stats().passed > passed)
    client.destroy()
  }
}

async function warned(
  options: Partial<LimitServerOptions>,
): Promise<Served & { guard: LimitServer; lines: string[] }> {
  const { logger, lines } = logging()
  const stand = await guarded('net', {
    limit: 2_000,
    logger,
    logLevel: 'error',
    ...options,
  })
  return { ...stand, lines }
}

describe('WRN_LIMIT_CONN_ONE_KEY of a guard', () => {
  it('is said where nearly all connections have one address, and names the PROXY protocol', async () => {
    const stand = await warned({})
    await visit(stand, stand.guard, 999)
    expect(stand.lines).toEqual([])
    await visit(stand, stand.guard, 1)
    expect(codesOf(stand.lines)).toEqual(['WRN_LIMIT_CONN_ONE_KEY'])
    expect(stand.lines[0]).toContain('of the last 1000 connections in zone')
    expect(stand.lines[0]).toContain('set proxyProtocol')
    expect(stand.lines[0]).not.toContain('127.0.0.1')
  }, 20_000)

  it('is not said of who is refused again and again', async () => {
    const stand = await warned({ limit: () => 0 })
    for (let n = 0; n < 1_000; n++) await (await stand.connect()).closed()
    expect(stand.guard.zones[0]!.stats().rejected).toBe(1_000)
    expect(stand.lines).toEqual([])
  }, 20_000)
})

describe('WRN_LIMIT_CONN_NO_TIMEOUT of a guard', () => {
  async function stand(server: http.Server, warnings: WarningOptions = true): Promise<string[]> {
    const { logger, lines } = logging()
    const guard = limitServer(server, { limit: 10, logger, warnings })
    const served = await listen(server, { policies: [guard], guard })
    expect(lines).toEqual([])
    await visit(served, guard, 2)
    return lines.map((line) => line.replace(/ (?:is|are) 0: .*$/, ''))
  }

  it.each<[http.ServerOptions, string[]]>([
    [{ requestTimeout: 0 }, ['WRN_LIMIT_CONN_NO_TIMEOUT: headersTimeout and requestTimeout of the server']],
    [{ keepAliveTimeout: 0 }, ['WRN_LIMIT_CONN_NO_TIMEOUT: keepAliveTimeout of the server']],
    [{}, []],
  ])('is said once, at the first connection, of a server with %p', async (settings, said) => {
    expect(await stand(http.createServer(settings))).toEqual(said)
  })

  it('is not said where it is silenced, nor of a server of node:net', async () => {
    expect(await stand(http.createServer({ headersTimeout: 0 }), { noTimeout: false })).toEqual([])
    expect(await stand(makeServer('net', new Held()) as http.Server)).toEqual([])
  })
})
