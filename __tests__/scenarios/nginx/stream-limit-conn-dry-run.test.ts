import type { Server } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { limitServer, Zone, type LimitServer, type ServerOptions } from '../../../lib/index.ts'
import { expectEven } from '../../helpers/server.ts'
import { greeting, isLetIn, knock, leave } from '../../helpers/greeting.ts'

// What nginx-tests checks in stream_limit_conn_dry_run.t, told anew. Where we differ on purpose the comment says what nginx
// does, as seen on nginx 1.22.1.

/** One server that enforces a limit of one, and one that tries it, on one zone. */
async function start(over: Partial<ServerOptions> = {}) {
  const zone = new Zone({ name: 'zone' })
  const lines: string[] = []
  const logger = { error: (line: string) => lines.push(line) }
  const enforced = await greeting((server) =>
    limitServer(server, { limit: 1, zone, logger, warnings: false, ...over }),
  )
  const dry = await greeting((server) => enforced.guard.extend(server, { dryRun: true }))
  return { zone, lines, enforced, dry }
}

describe('$limit_conn_status, as the statistics tell it', () => {
  it('PASSED, REJECTED and REJECTED_DRY_RUN', async () => {
    const { zone, enforced, dry } = await start()
    expect(await isLetIn(enforced)).toBe(true)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 0, rejectedDryRun: 0 })

    expect(await isLetIn(enforced)).toBe(false)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, rejectedDryRun: 0 })

    expect(await isLetIn(dry)).toBe(true)
    expect(zone.stats()).toMatchObject({ passed: 1, rejected: 1, rejectedDryRun: 1 })
  })

  it('PASSED in a dry run as well, within the limit', async () => {
    const { zone, lines, dry } = await start()
    expect(await isLetIn(dry)).toBe(true)
    expect(zone.stats()).toMatchObject({ passed: 1, rejectedDryRun: 0 })
    expect(lines).toEqual([])
  })

  it('none where no limit stands', async () => {
    const { zone, enforced, dry } = await start()
    enforced.guard.stop()
    expect([await isLetIn(enforced), await isLetIn(enforced)]).toEqual([true, true])
    expect(zone.stats()).toMatchObject({ passed: 0, rejected: 0, rejectedDryRun: 0, active: 0 })
    for (const socket of enforced.sockets) socket.destroy()
    await expectEven([enforced.server, dry.server], dry.guard)
  })
})

describe('limit_conn_dry_run', () => {
  // Without nginx's ` while initializing session`.
  it('writes its own line, at the same level', async () => {
    const { lines, enforced, dry } = await start()
    await knock(enforced)
    await knock(dry)
    expect(lines).toEqual([
      `limiting connections, dry run, by zone "zone", client: 127.0.0.1, server: 127.0.0.1:${dry.port}`,
    ])
  })

  // nginx stops counting at the limit: four may be open there, and the count says one.
  it('counts the excess, so that its true size shows', async () => {
    const { zone, dry } = await start()
    for (let n = 1; n <= 4; n++) expect(await isLetIn(dry)).toBe(true)

    expect(zone.count('127.0.0.1')).toBe(4)
    expect(zone.top(1)).toMatchObject([{ active: 4, peak: 4, rejected: 0 }])
    expect(zone.stats()).toMatchObject({ passed: 1, rejectedDryRun: 3, rejected: 0 })
  })

  // Therefore: in nginx three of the dry server leave room under an enforced limit of two on the same zone.
  it('counts for the enforced limits on its zone as well', async () => {
    const { enforced, dry } = await start({ limit: 2 })
    for (let n = 1; n <= 3; n++) await knock(dry)
    expect(await isLetIn(enforced)).toBe(false)
  })

  // A hit of nginx's dry run gives back the slots of the limits before it, and skips those behind.
  it('is of one limit, and leaves the others in force', async () => {
    const [first, tried, last] = ['first', 'tried', 'last'].map((name) => new Zone({ name }))
    const limits = [
      { zone: first!, limit: 3 },
      { zone: tried!, limit: 1, dryRun: true },
      { zone: last!, limit: 2, key: '$server_port' },
    ]
    const guardOf = (server: Server): LimitServer => limitServer(server, { limits, logLevel: false })
    const [one, other] = [await greeting(guardOf), await greeting(guardOf)]

    expect([await isLetIn(one), await isLetIn(one), await isLetIn(one)]).toEqual([true, true, false])
    expect([first, tried, last].map((zone) => zone!.stats().active)).toEqual([2, 2, 2])
    expect([await isLetIn(other), await isLetIn(other)]).toEqual([true, false])
    expect([first, tried, last].map((zone) => zone!.stats().rejected)).toEqual([1, 0, 1])
    expect(tried!.stats().rejectedDryRun).toBe(2)
  })

  it('ends without a restart, and what is open stays counted', async () => {
    const { zone, dry } = await start()
    const first = await knock(dry)
    const second = await knock(dry)
    dry.guard.setConfig({ dryRun: false })

    expect(await isLetIn(dry)).toBe(false)
    expect([first.isClosed, second.isClosed, zone.count('127.0.0.1')]).toEqual([false, false, 2])
    await leave(first, dry)
    expect(await isLetIn(dry)).toBe(false)
    await leave(second, dry)
    expect(await isLetIn(dry)).toBe(true)
  })
})
