import { expect } from '@jest/globals'
import type { Client } from '../../helpers/client.ts'
import { until } from '../../helpers/until.ts'
import type { Theme } from '../matrix.ts'
import type { Stand } from '../stand.ts'

const not = { http2: 'no pipelining in HTTP/2', ws: 'no pipelining of upgrades' }

/** Sends so many requests at once, and waits until all of them have begun. */
async function pipeline(stand: Stand, count: number): Promise<Client> {
  const client = (await stand.client()).write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(count))
  await stand.held.arrived(count)
  await stand.counts(1, 1)
  expect(stand.requests.zones[0]!.stats().active).toBe(count)
  return client
}

export const pipelining: Theme = {
  title: 'Pipelining',
  rows: [
    {
      name: '3 requests at once, all answered, then FIN',
      ids: 'N5, A-20',
      not,
      run: async (stand) => {
        const client = await pipeline(stand, 3)
        stand.held.release()
        expect(await client.answer(3)).toBe(200)
        await stand.counts(1, 1)
        client.socket.end()
      },
    },
    {
      name: '3 requests at once, none answered, then RST',
      ids: 'N5, A-20',
      not,
      run: async (stand) => (await pipeline(stand, 3)).reset(),
    },
    {
      name: '300 requests at once, none answered, then FIN',
      ids: 'N5, A-20',
      not,
      run: async (stand) => void (await pipeline(stand, 300)).socket.end(),
    },
    {
      name: '300 requests at once, none answered, then RST',
      ids: 'N5, N51, A-20',
      not,
      run: async (stand) => (await pipeline(stand, 300)).reset(),
    },
    {
      name: '300 requests at once, 100 answered, then RST',
      ids: 'N5, N51, A-20',
      not,
      run: async (stand) => {
        const client = await pipeline(stand, 300)
        for (let n = 0; n < 100; n++) stand.held.answerFirst()
        await client.answer(100)
        const [zone] = stand.requests.zones
        await until('their slots are given back', () => zone!.stats().active === 200)
        client.reset()
      },
    },
    {
      name: '300 requests at once, the last answered before the first, then RST',
      ids: 'N5, N51, A-20',
      not,
      run: async (stand) => {
        const client = await pipeline(stand, 300)
        for (const { res } of stand.held.waiting.splice(1)) res.end('held')
        client.reset()
      },
    },
    {
      name: 'the handler of the first of 3 destroys the connection',
      ids: 'N7, A-20',
      not,
      run: async (stand) => {
        stand.handler = (req, res) => {
          stand.held.handler(req, res)
          if (stand.held.runs === 1) req.socket.destroy()
        }
        const client = await stand.client()
        client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(3))
        await client.closed()
        stand.handler = stand.held.handler
        expect(stand.held.runs).toBe(1)
      },
    },
  ],
}
