import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'
import { makeNetwork } from '../helpers/network/namespaces.ts'
import { say } from '../helpers/say.ts'
import { elapse } from '../helpers/until.ts'

type Counts = Readonly<Record<string, number>>

const helper = (name: string): string => path.join(__dirname, '../helpers/network', name)
const names = ['net', 'http', 'https']
const withoutKeepAlive = {
  'net without keep-alive': 1,
  'http without keep-alive': 3,
  'https without keep-alive': 3,
}
const withinMs = 45_000

/** Asks until nothing is counted with keep-alive, or the time is over; answers when each server was free. */
async function watchFree(server: Child, cutAt: number): Promise<ReadonlyMap<string, number>> {
  const free = new Map<string, number>()
  for (let atMs = 0; atMs < withinMs; await elapse(100)) {
    const counts = (await server.ask('counts')) as Counts
    atMs = performance.now() - cutAt
    for (const name of names) if (counts[name] === 0 && !free.has(name)) free.set(name, atMs)
  }
  return free
}

it('A-12, F10: idle connections of a dead peer are free within 45 s by default, and never without keep-alive', async () => {
  const network = makeNetwork()
  const { serverAddress: host } = network
  const server = new Child([helper('server.js'), host], { within: network.server })
  const ports = await server.ready()
  const clients = new Child([helper('clients.js'), JSON.stringify({ host, ports })], {
    within: network.client,
  })
  await clients.ready()
  expect(await server.ask('counts')).toEqual({ net: 1, http: 3, https: 3, ...withoutKeepAlive })

  // What was sent is to be acknowledged: a peer that dies before that is another case.
  await elapse(500)
  network.cut()
  const free = await watchFree(server, performance.now())
  for (const [name, atMs] of free)
    say(`${name}: free ${(atMs / 1_000).toFixed(1)} s after the link went down`)
  expect(await server.ask('counts')).toEqual({ net: 0, http: 0, https: 0, ...withoutKeepAlive })
})
