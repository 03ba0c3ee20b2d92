import { describe, expect, it } from '@jest/globals'
import express from 'express'
import { byHeader, byIp, limitConn, Zone, type LimitConnOptions } from '../../../lib/index.ts'
import { Held } from '../../helpers/held.ts'
import { serve } from '../../helpers/server.ts'

// What nginx-tests checks in limit_conn_complex.t, told anew: a key of text and variables. Where we differ on purpose the
// comment says what nginx does, as seen on nginx 1.22.1.

/** A limit of one under a template; a request for a path that ends with /w is held, all others are answered at once. */
async function start(key: string, over: Partial<LimitConnOptions> = {}) {
  const zone = new Zone({ name: 'conn' })
  const policy = limitConn({ limit: 1, zone, key, count: 'requests', logLevel: false, ...over })
  const held = new Held()
  const app = express().use(policy)
  app.use(
    (req, res) => void (req.path.endsWith('/w') ? held.handler(req, res) : res.json(req.limitConn ?? 'free')),
  )
  const server = await serve(app, { policies: [policy] })

  async function status(path: string, headers?: Record<string, string>): Promise<number> {
    return (await server.get(path, headers)).answer()
  }
  async function hold(path: string, headers?: Record<string, string>): Promise<void> {
    const { runs } = held
    await server.get(path, headers)
    await held.arrived(runs + 1)
  }
  return { zone, server, status, hold }
}

describe('a key of several variables', () => {
  it('rejects the same key', async () => {
    const { status, hold } = await start('$binary_remote_addr$arg_c')
    await hold('/w')
    expect(await status('/')).toBe(503)
    expect(await status('/other?d=2')).toBe(503)
  })

  it('passes a different key', async () => {
    const { status, hold } = await start('$binary_remote_addr$arg_c')
    await hold('/w')
    expect(await status('/?c=2')).toBe(200)

    await hold('/w?c=2')
    expect(await status('/?c=2')).toBe(503)
    expect(await status('/?c=3')).toBe(200)
  })

  it('may have text between, and braces around a name', async () => {
    const { status, hold } = await start('of ${remote_addr}/$http_x_key.')
    await hold('/w', { 'X-Key': 'a' })
    expect(await status('/', { 'X-Key': 'a' })).toBe(503)
    expect(await status('/', { 'X-Key': 'b' })).toBe(200)
  })

  // nginx joins without anything between: a=1, b=11 and a=11, b=1 are one key there, and the second is rejected.
  it('keeps apart different values that read the same when they are joined', async () => {
    const { status, hold, zone } = await start('$arg_a$arg_b')
    await hold('/w?a=1&b=11')
    expect(await status('/?a=11&b=1')).toBe(200)
    expect(await status('/?a=111')).toBe(200)
    expect(await status('/?b=111')).toBe(200)
    expect(await status('/?b=11&a=1')).toBe(503)
    expect(zone.stats()).toMatchObject({ passed: 4, rejected: 1 })
  })
})

describe('an empty key', () => {
  it('is not accounted: all variables are empty', async () => {
    const { server, hold, zone } = await start('$arg_a$http_x_key')
    await hold('/w')
    const client = await server.get('/?other=1')
    expect(await client.answer()).toBe(200)
    expect(client.received).toContain('"free"')
    expect(zone.stats()).toMatchObject({ passed: 0, active: 0, skipped: 2 })
  })

  it('is not that of a template in which one variable has a value', async () => {
    const { status, hold } = await start('$arg_a$http_x_key')
    await hold('/w?a=1')
    expect(await status('/?a=1')).toBe(503)
  })

  // In nginx the text alone makes a key: all requests without the variables share it.
  it('is also that of a template with text, if all its variables are empty', async () => {
    const { status, hold } = await start('plan:$http_x_plan')
    await hold('/w')
    expect(await status('/')).toBe(200)
  })
})

describe('a template of one variable is its value', () => {
  it('counts with byHeader under one key', async () => {
    const { zone, hold, status } = await start('$http_x_key')
    const other = limitConn({ limit: 1, zone, key: byHeader('x-key'), count: 'requests', logLevel: false })
    await hold('/w', { 'X-Key': 'a' })

    expect(zone.count({ text: 'a' })).toBe(1)
    const beside = await serve(express().use(other), { policies: [other] })
    expect(await (await beside.get('/', { 'X-Key': 'a' })).answer()).toBe(503)
    expect(await status('/', { 'X-Key': 'b' })).toBe(200)
  })

  it.each(['$binary_remote_addr', '$remote_addr'])('%s is the address, as byIp tells it', async (key) => {
    const { zone, hold } = await start(key)
    const other = limitConn({ limit: 1, zone, key: byIp(), count: 'requests', logLevel: false })
    await hold('/w')
    expect(zone.count('127.0.0.1')).toBe(1)

    const beside = await serve(express().use(other), { policies: [other] })
    expect(await (await beside.get('/')).answer()).toBe(503)
  })

  it('a header that spells an address is a text, and takes nothing from it', async () => {
    const { zone, hold } = await start('$http_x_key')
    await hold('/w', { 'X-Key': '127.0.0.1' })
    expect([zone.count('127.0.0.1'), zone.count({ text: '127.0.0.1' })]).toEqual([0, 1])
  })
})

// nginx does not limit a key of more than 255 bytes.
it('a joined key of more than 255 bytes is limited', async () => {
  const { status, hold } = await start('$binary_remote_addr$http_x_key')
  await hold('/w', { 'X-Key': 'x'.repeat(300) })
  expect(await status('/', { 'X-Key': 'x'.repeat(300) })).toBe(503)
})

it('a template stands in a list of limits as well', async () => {
  const [perIp, perPort] = ['perip', 'perport'].map((name) => new Zone({ name }))
  const policy = limitConn({
    limits: [
      { zone: perIp!, key: '$binary_remote_addr', limit: 2 },
      { zone: perPort!, key: '$binary_remote_addr$server_port', limit: 1 },
    ],
    count: 'requests',
    logLevel: false,
  })
  const held = new Held()
  const app = express().use(policy).use(held.handler)
  const one = await serve(app, { policies: [policy] })
  const other = await serve(app, { policies: [policy] })
  await one.get()
  await held.arrived(1)

  expect(await (await one.get()).answer()).toBe(503)
  await other.get()
  await held.arrived(2)
  expect([perIp, perPort].map((zone) => zone!.stats().rejected)).toEqual([0, 1])
  expect(perIp!.count('127.0.0.1')).toBe(2)
})
