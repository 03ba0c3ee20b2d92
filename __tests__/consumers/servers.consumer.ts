import http from 'node:http'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { Consumer } from '../helpers/consumer.ts'
import { ask, ok, statuses } from '../helpers/examples.ts'
import { nextTurn, until } from '../helpers/until.ts'

let project: Consumer

beforeAll(async () => {
  const express = ['express4@npm:express@4', 'express5@npm:express@5']
  project = (await Consumer.install(...express, 'connect@3')).copy('servers')
})

async function activeOn(port: number): Promise<number[]> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path: '/zones', agent: false }, resolve).on('error', reject)
  })
  return JSON.parse(await text(response)) as number[]
}

describe.each(['express4', 'express5', 'connect'])('an app on %s', (host) => {
  it('answers 503 above the limit of an address, and says in req.limitConn what it counted', async () => {
    const port = await project.serve('app.cjs', host)
    const { client } = await ask(port)
    await until('the body is there', () => client.received.includes('}'))

    expect(client.received).toContain('{"status":"PASSED","zone":"per-ip","limit":3,"active":1}')
    expect(await statuses(port, 3)).toEqual([...ok(2), 503])
    expect(await activeOn(port)).toEqual([3, 0])
  })

  it('answers 503 above the limit of a key, and gives back what a client held that left', async () => {
    const port = await project.serve('app.cjs', host)
    const headers = { 'x-api-key': 'abc' }
    const { client, status } = await ask(port, { headers })
    expect([status, ...(await statuses(port, 1, { headers }))]).toEqual([200, 503])

    client.reset()
    while ((await activeOn(port))[1] !== 0) await nextTurn()
    expect(await statuses(port, 1, { headers })).toEqual([200])
  })
})
