import http from 'node:http'
import { expect, it } from '@jest/globals'
import { byHeader, limitConn, Zone, type LimitConn } from '../../lib/index.ts'
import { connect2 } from '../helpers/client2.ts'
import { Held } from '../helpers/held.ts'
import { bare } from '../helpers/hosts.ts'
import { fullyQueueing, plain, queueing } from '../helpers/queueing.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

const byKey = byHeader('x-key', { missing: 'address' })

/** Requests made by hand on a connection that is open: they ask in the tick of the caller. */
function askNow(policy: LimitConn, { req }: { req: http.IncomingMessage }, handler: () => void): void {
  const own = Object.assign(new http.IncomingMessage(req.socket), { url: '/now', headers: req.headers })
  policy(own, new http.ServerResponse(own), handler)
}

it('a newcomer in the tick in which a slot is given back does not overtake, and waits', async () => {
  const { held, lineUp, zone, policy } = await fullyQueueing()
  await lineUp(['/1'])
  const { res, req } = held.waiting[0]!
  const overtook: string[] = []
  res.prependListener('close', () => askNow(policy, { req }, () => overtook.push('just before')))
  res.on('close', () => askNow(policy, { req }, () => overtook.push('just after')))

  held.answerFirst()
  await held.arrived(1)
  expect(held.paths).toEqual(['/first', '/1'])
  expect(zone.stats()).toMatchObject({ waiting: 2, active: 1, queued: 3 })
  expect(overtook).toEqual([])
  policy.stop()
})

it('requests that come together on one connection keep their order', async () => {
  const { held, server, waiting, zone } = await fullyQueueing()
  const client = await server.connect()
  const paths = Array.from({ length: 20 }, (_, n) => `/${n}`)
  client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`).join(''))
  await waiting(20)
  for (let n = 0; n <= 20; n++) {
    await held.arrived(1)
    held.answerFirst()
  }
  await client.answer(20)
  expect(held.paths).toEqual(['/first', ...paths])
  expect(zone.stats().peak).toBe(1)
})

it('streams of one session keep their order', async () => {
  const { held, server, waiting } = await queueing({}, { ...plain, http2: true })
  const session = await connect2(server)
  const paths = Array.from({ length: 20 }, (_, n) => `/${n}`)
  const streams = paths.map((path) => session.get(path))
  await waiting(19)
  for (const _ of paths) {
    await held.arrived(1)
    held.answerFirst()
  }
  expect(await Promise.all(streams.map((stream) => stream.status()))).toEqual(paths.map(() => 200))
  expect(held.paths).toEqual(paths)
})

it('those who wait under one key keep nobody of another key from coming in, and take no slot of theirs', async () => {
  const { held, ask, lineUp, zone } = await queueing()
  await ask('/a1', 'a')
  await held.arrived(1)
  await lineUp(['/a2', '/a3'], 'a')
  await ask('/b1', 'b')
  await held.arrived(2)
  await lineUp(['/b2'], 'b')
  expect(zone.stats()).toMatchObject({ active: 2, waiting: 3 })

  held.waiting.splice(1, 1)[0]!.res.end()
  await held.arrived(2)
  expect(held.paths).toEqual(['/a1', '/b1', '/b2'])
  held.answerFirst()
  await held.arrived(2)
  expect(held.paths).toEqual(['/a1', '/b1', '/b2', '/a2'])
  held.release()
  await held.arrived(1)
  expect(held.paths.at(-1)).toBe('/a3')
})

it('with two limits nobody is passed by who came later under the same key; others go past', async () => {
  const all = new Zone({ name: 'all' })
  const each = new Zone({ name: 'each' })
  const limits = [
    { limit: 1, key: byKey, zone: each },
    { limit: 2, key: () => 'all', zone: all },
  ]
  const { held, ask, lineUp } = await queueing({ limits })
  await ask('/a1', 'a')
  await held.arrived(1)
  await lineUp(['/a2'], 'a')
  await ask('/b1', 'b')
  await held.arrived(2)
  await ask('/c1', 'c')
  await until('it waits for all', () => all.stats().waiting === 1)
  expect(each.stats().waiting).toBe(1)

  // b goes: c has waited for the slot of all, a2 has not asked for it yet.
  held.waiting.splice(1, 1)[0]!.res.end()
  await held.arrived(2)
  expect(held.paths).toEqual(['/a1', '/b1', '/c1'])
  // a goes: a2 has its turn.
  held.answerFirst()
  await held.arrived(2)
  expect(held.paths.at(-1)).toBe('/a2')
  expect(all.stats()).toMatchObject({ waiting: 0, peak: 2 })
})

it('who finds room under its key and none in the next zone keeps its place in that line', async () => {
  const [each, all] = [new Zone({ name: 'each' }), new Zone({ name: 'all' })]
  const limits = [
    { limit: 1, key: byKey, zone: each },
    { limit: 1, key: () => 'all', zone: all },
  ]
  const other = limitConn({ limit: 2, key: () => 'all', zone: all, count: 'requests', logLevel: false })
  const { held, ask, lineUp, server } = await queueing({ limits })
  await ask('/a1', 'a')
  await held.arrived(1)
  await lineUp(['/a2'], 'a')
  await ask('/b1', 'b')
  await until('it waits for all', () => all.stats().waiting === 1)

  // Another policy on the zone takes the slot at once: a2 goes on to the line of all, before b1.
  const { req, res } = held.waiting[0]!
  res.prependListener('close', () => askNow(other, { req }, () => undefined))
  held.answerFirst()
  await until('both wait for all', () => all.stats().waiting === 2)
  expect(each.stats().waiting).toBe(0)
  for (const socket of server.sockets) if (socket === req.socket) socket.destroy()
  await held.arrived(1)
  held.answerFirst()
  await held.arrived(1)
  expect(held.paths).toEqual(['/a1', '/a2', '/b1'])
})

it('a policy on a shared zone leaves the slot to those who wait for it in another', async () => {
  const zone = new Zone({ name: 'shared' })
  const queueful = limitConn({ limit: 1, zone, count: 'requests', queue: { max: 9 }, logLevel: false })
  const strict = limitConn({ limit: 1, zone, count: 'requests', logLevel: false })
  const held = new Held()
  const [one, other] = [bare([queueful], held.handler), bare([strict], held.handler)]
  const server = await serve((req, res) => (req.url === '/strict' ? other : one)(req, res), {
    policies: [queueful, strict],
  })
  await server.get('/1')
  await held.arrived(1)
  const second = await server.get('/2')
  await until('it waits', () => zone.stats().waiting === 1)
  const { req, res } = held.waiting[0]!
  const strictly: string[] = []
  res.on('close', () => askNow(strict, { req }, () => strictly.push('passed')))

  held.answerFirst()
  await held.arrived(1)
  expect(held.paths).toEqual(['/1', '/2'])
  expect(strictly).toEqual([])
  expect(zone.stats()).toMatchObject({ rejected: 1, peak: 1 })
  held.release()
  expect(await second.answer()).toBe(200)
})
