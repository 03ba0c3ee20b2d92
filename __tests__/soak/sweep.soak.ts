import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'
import { say } from '../helpers/say.ts'
import { seconds } from './settings.ts'

const count = 10_000
const patienceMs = 120_000
/** In a short run the plainest. */
const kinds = seconds < 600 ? ['net'] : ['net', 'http', 'https']

interface Times {
  /** Of the process: a busy machine does not add to it. */
  readonly cpuMs: number
  readonly wallMs: number
}

interface Run {
  readonly cpuMs: number
  /** Of the slices of a sweep, with what the event loop does between two of them. */
  readonly longest: Times
}

/** A server with that many connections, and the bytes that each of them takes there. */
async function crowded(kind: string, isGuarded: boolean) {
  const server = new Child(['--expose-gc', helper('server.js'), JSON.stringify({ kind, count, isGuarded })])
  const port = await server.ready()
  const before = Number(await server.ask('memory'))
  const clients = new Child([helper('clients.js'), JSON.stringify({ port, kind, count })])
  await clients.until('all are open', () => clients.messages[0], patienceMs)
  expect(clients.messages).toEqual(['open'])

  const filled = await server.ask('filled')
  return { server, filled, bytesEach: (Number(await server.ask('memory')) - before) / count }
}

const helper = (name: string): string => path.join(__dirname, '../helpers/many', name)

beforeAll(() => {
  const limit = Number(/Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1])
  if (limit < count + 500)
    throw new Error(`${count} connections take a higher limit of open files than ${limit}`)
})

it.each(kinds)(
  `A-44: a sweep over ${count} connections to a server of %s lets others have their turn`,
  async (kind) => {
    const { server, filled } = await crowded(kind, true)
    expect(filled).toEqual({ active: count })

    const runs = (await server.ask('sweeps', patienceMs)) as readonly Run[]
    const lookUs = medianOf(runs.map(({ cpuMs }) => (cpuMs * 1_000) / count))
    const longestMs = medianOf(runs.map(({ longest }) => longest.cpuMs))
    const wallMs = medianOf(runs.map(({ longest }) => longest.wallMs))
    const { idle, swept } = (await server.ask('share', patienceMs)) as Record<'idle' | 'swept', number>

    say(
      `${kind}: ${lookUs.toFixed(2)} us a look; longest slice ${longestMs.toFixed(1)} ms, ${wallMs.toFixed(1)} ms by the wall`,
    )
    say(`${kind}: ${percent(swept)} of a core every 5 s, ${percent(idle)} without a sweep`)
    expect(longestMs).toBeLessThanOrEqual(5)
    expect(swept).toBeLessThan(0.01)
  },
)

it('a guard adds little memory to a connection', async () => {
  const [bare, guarded] = [await crowded('net', false), await crowded('net', true)].map(
    ({ bytesEach }) => bytesEach,
  )
  say(
    `net: ${Math.round(guarded! - bare!)} bytes a guarded connection, beside ${Math.round(bare!)} of the bare one`,
  )
  expect(guarded! - bare!).toBeLessThan(3_000)
})

function percent(part: number): string {
  return `${(part * 100).toFixed(2)} %`
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
