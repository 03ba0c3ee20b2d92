import type { Http2ServerRequest } from 'node:http2'
import { expect } from '@jest/globals'
import { byHeader, byIp } from '../../../lib/index.ts'
import { livingThrough } from '../../helpers/uncaught.ts'
import { until } from '../../helpers/until.ts'
import type { Theme } from '../matrix.ts'

const ws = { ws: 'a WebSocket has no requests' }

/** Closes the connection below a request, of whatever it is. */
function destroy(req: unknown): void {
  const { stream, socket } = req as Http2ServerRequest
  if (stream) stream.session!.destroy()
  else socket.destroy()
}

export const handlers: Theme = {
  title: 'Handlers and other middleware',
  rows: [
    {
      name: 'the handler destroys the connection',
      ids: 'N7, F31',
      not: ws,
      run: async (stand) => {
        stand.handler = (req) => destroy(req)
        await (await stand.connect()).ask().closed()
        stand.handler = stand.held.handler
        expect(stand.policy.zones[0]!.stats().passed).toBe(1)
      },
    },
    {
      name: 'the handler destroys the response',
      ids: 'N7, F31',
      not: ws,
      run: async (stand) => {
        const link = await stand.enter()
        stand.held.waiting[0]!.res.destroy()
        await until('the request is given back', () => stand.requests.zones[0]!.stats().active === 0)
        link.end()
      },
    },
    {
      name: 'the handler throws',
      ids: 'N41, A-15',
      not: ws,
      run: async (stand) => {
        stand.handler = () => {
          throw new Error('theirs')
        }
        const link = await stand.connect()
        await livingThrough(async (uncaught) => {
          link.ask()
          if (stand.column.catches) expect(await link.status()).toBe(500)
          else await until('the process hears of it', () => uncaught.join() === 'theirs')
        })
        await stand.counts(1, 1)
        stand.handler = stand.held.handler
        link.end()
      },
    },
    {
      name: 'an async handler rejects',
      ids: 'N40, A-15',
      not: {
        ws: 'a WebSocket has no requests',
        'Express 4': 'nobody hears it: ends the process',
        Connect: 'nobody hears it: ends the process',
        'node:http': 'nobody hears it: ends the process',
        'node:https': 'nobody hears it: ends the process',
        'node:http2': 'nobody hears it: ends the process',
      },
      run: async (stand) => {
        stand.handler = async () => Promise.reject(new Error('theirs'))
        const link = (await stand.connect()).ask()
        expect(await link.status()).toBe(500)
        await stand.counts(1, 1)
        stand.handler = stand.held.handler
        link.end()
      },
    },
    {
      name: 'destroyed by another middleware before limitConn, in the same tick',
      ids: 'N7, N21, A-14, F31',
      not: ws,
      run: async (stand) => {
        stand.before = (req, goOn) => (destroy(req), goOn())
        await (await stand.connect()).ask().closed()
        stand.before = (_, goOn) => goOn()
        expect(stand.held.runs).toBe(0)
        expect(stand.policy.zones[0]!.stats().passed).toBe(0)
      },
    },
    {
      name: 'destroyed by another middleware after limitConn, in the same tick',
      ids: 'N7, N21, A-14, F31',
      not: ws,
      run: async (stand) => {
        stand.before = (req, goOn) => (goOn(), destroy(req))
        await (await stand.connect()).ask().closed()
        stand.before = (_, goOn) => goOn()
        expect(stand.policy.zones[0]!.stats().passed).toBe(1)
      },
    },
    {
      name: 'the key changes on one connection',
      ids: 'A-07, F38',
      not: ws,
      run: async (stand) => {
        const [zone] = stand.policy.zones
        stand.connections.setConfig({ key: byHeader('x-key') })
        const link = await stand.connect()
        for (const key of ['a', 'b', 'c']) {
          link.ask({ 'x-key': key })
          await stand.held.arrived(1)
          expect([zone!.count(key), zone!.stats().active]).toEqual([1, 1])
          await stand.answer(link)
        }
        link.end()
        await stand.counts(0, 0)
        stand.connections.setConfig({ key: byIp() })
      },
    },
    {
      name: 'limitConn mounted twice',
      ids: 'A-07, F17',
      not: ws,
      options: { isTwice: true },
      run: async (stand) => {
        const link = await stand.enter()
        await stand.counts(1, 1)
        expect(stand.policy.zones[0]!.stats().passed).toBe(1)
        link.end()
      },
    },
    {
      name: 'guard and limitConn in one zone',
      ids: 'A-07, A-13, F34',
      not: ws,
      options: { isOneZone: true },
      run: async (stand) => {
        const links = [await stand.enter(), await stand.enter()]
        await stand.counts(2, 2)
        links[0]!.end()
        links[1]!.reset()
      },
    },
  ],
}
