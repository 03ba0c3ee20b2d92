import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from './helpers/child.ts'
import { connectTo, type Client } from './helpers/client.ts'
import { destroyAfter } from './helpers/server.ts'
import { until } from './helpers/until.ts'

const example = path.join(__dirname, '../examples/proxy-protocol.js')

it('proxy-protocol.js: two connections of each client behind a proxy, and nobody without a header', async () => {
  const child = new Child([example], { env: { PORT: '0', ADMIN_PORT: '0' } })
  const port = Number(await child.says(/^listening on (\d+)$/m))
  const adminPort = Number(await child.says(/^admin on (\d+)$/m))

  async function ask(header: string): Promise<Client> {
    const client = await connectTo({ port, isTls: false })
    destroyAfter(client)
    client.write(header).get()
    await until('it is answered or closed', () => client.received.includes('you are') || client.isClosed)
    return client
  }
  const headerOf = (address: string): string => `PROXY TCP4 ${address} 192.0.2.1 4711 80\r\n`

  for (const address of ['203.0.113.7', '203.0.113.7', '203.0.113.8']) {
    const { received } = await ask(headerOf(address))
    expect(received).toContain(`you are ${address}, port 4711\n`)
  }
  expect((await ask(headerOf('203.0.113.7'))).received).toBe('')
  expect((await ask('')).received).toBe('')

  const said: unknown = await (await fetch(`http://127.0.0.1:${adminPort}/`)).json()
  expect(said).toMatchObject({
    read: 4,
    malformed: 1,
    top: [{ key: '203.0.113.7', active: 2, rejected: 1 }, { active: 1 }],
  })
})
