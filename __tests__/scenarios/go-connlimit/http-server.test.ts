import http from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { limitConn, limitServer, Zone, type Decision, type LimitServerOptions } from '../../../lib/index.ts'
import type { Client } from '../../helpers/client.ts'
import { connect2 } from '../../helpers/client2.ts'
import { guarded, makeServer, type Guarded } from '../../helpers/guarded.ts'
import { Held } from '../../helpers/held.ts'
import { bare } from '../../helpers/hosts.ts'
import { connectionsOf, destroyAfter, expectEven, listen, serve } from '../../helpers/server.ts'
import { until } from '../../helpers/until.ts'

// What go-connlimit checks of HTTP servers in connlimit_test.go, told anew: its hooks of ConnState are `limitServer` here.
// Where we differ on purpose the comment says what go-connlimit does, by its source.

/** Ten clients of HTTP that ask at once, each on a connection of its own; who is let in is answered in the end. */
async function askTen({ port, held }: Guarded): Promise<{ statuses: number[]; failures: unknown[] }> {
  const agent = new http.Agent({ maxSockets: Infinity })
  destroyAfter(agent)
  const asked = Array.from({ length: 10 }, () => ask(agent, port))
  const rejected = asked.map((one) => one.then((status) => status !== 200))
  let over = 0
  for (const one of rejected) void one.then((isRejected) => (over += Number(isRejected)))
  await until('five are held and five refused', () => held.runs === 5 && over === 5)

  held.release()
  const answers = await Promise.all(asked)
  const isStatus = (answer: number | string): answer is number => typeof answer === 'number'
  return { statuses: answers.filter(isStatus), failures: answers.filter((one) => !isStatus(one)) }
}

/** The status of the answer, or the code of the error. */
function ask(agent: http.Agent, port: number): Promise<number | string> {
  return new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1', agent }, (res) => {
      res.resume().on('end', () => resolve(res.statusCode!))
    })
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

const countOf = (list: readonly unknown[], wanted: unknown): number =>
  list.filter((one) => one === wanted).length

describe('HTTPConnStateFunc: the connection is closed', () => {
  it('of ten requests at once five are answered, and five lose their connection', async () => {
    const served = await guarded('http', { limit: 5 })
    const { statuses, failures } = await askTen(served)
    expect([statuses, failures.length]).toEqual([[200, 200, 200, 200, 200], 5])
    expect(served.zone.stats()).toMatchObject({ passed: 5, rejected: 5, active: 5 })
    expect(served.held.runs).toBe(5)
  })
})

describe('HTTPConnStateFuncWithDefault429Handler: 429', () => {
  const with429: LimitServerOptions = { limit: 5, statusCode: 429, reject: 'respond' }

  it('of ten requests at once five are answered, and five get 429', async () => {
    const { statuses, failures } = await askTen(await guarded('http', with429))
    expect(failures).toEqual([])
    expect([countOf(statuses, 200), countOf(statuses, 429)]).toEqual([5, 5])
  })

  it('is a whole answer that closes the connection', async () => {
    const { connect } = await guarded('http', {
      ...with429,
      limit: 1,
      retryAfter: 5,
      message: { busy: true },
    })
    await connect()
    const refused = (await connect()).get()
    await refused.closed()
    expect(refused.received).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/)
    for (const field of ['Connection: close', 'Content-Type: application/json', 'Retry-After: 5'])
      expect(refused.received).toContain(`\r\n${field}`)
    expect(refused.received).toMatch(/\r\n\r\n\{"busy":true\}$/)
  })

  // In Go the answer is written while the server accepts nobody: with a deadline of zero, for as long as it takes.
  it('keeps nobody waiting for a client that does not read it', async () => {
    const served = await guarded('http', { ...with429, limit: 1 })
    await served.connect()
    const silent: Client[] = []
    for (let n = 1; n <= 20; n++) silent.push(await served.connect({ allowHalfOpen: true }))
    for (const { socket } of silent) socket.pause()

    const other = await served.connect({ localAddress: '127.0.0.2' })
    other.get()
    await served.held.arrived(1)
    served.held.release()
    expect(await other.answer()).toBe(200)

    await expectEven(served.server, served.guard, 3_000)
    expect(served.zone.stats()).toMatchObject({ passed: 2, rejected: 20, active: 2 })
  })

  // In Go it is written on TLS servers too, in clear text, and the client sees a broken handshake.
  it('needs a server that speaks plain HTTP; over TLS the middleware answers, on the same zone', async () => {
    expect(() => limitServer(makeServer('https', new Held()), with429)).toThrow(
      expect.objectContaining({ code: 'ERR_LIMIT_CONN_INVALID_OPTION', option: 'options.reject' }),
    )

    const zone = new Zone({ name: 'both' })
    const policy = limitConn({ limit: 1, statusCode: 429, zone, logLevel: false })
    const held = new Held()
    const served = await serve(bare([policy], held.handler), { policies: [policy], tls: true })
    const guard = limitServer(served.server, { limit: 3, zone, logLevel: false })
    await served.get()
    await held.arrived(1)
    const refused = await served.get()
    expect(await refused.answer()).toBe(429)
    await refused.closed()
    expect(guard.zones[0]!.stats()).toMatchObject({ active: 1, rejected: 1 })
  })
})

describe('HTTPConnStateFuncWithErrorHandler: a handler', () => {
  it('answers in its own words, and knows the decision', async () => {
    const decisions: Decision[] = []
    const { connect, guard } = await guarded('http', {
      limit: 1,
      reject: (socket, decision) => {
        decisions.push(decision)
        socket.write('HTTP/1.1 420 Calm\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      },
    })
    await connect()
    const refused = (await connect()).get()
    expect(await refused.answer()).toBe(420)
    await refused.closed()
    const { name } = guard.zones[0]!
    expect(decisions).toMatchObject([{ status: 'REJECTED', passed: false, zone: name, limit: 1, active: 1 }])
  })

  // In Go the handler must close the connection itself, or it stays open and uncounted.
  it('need not close: a connection that it leaves alone is gone within a second', async () => {
    const { connect, server } = await guarded('http', { limit: 1, reject: () => undefined })
    await connect()
    const refused = await connect()
    await refused.closed(3_000)
    expect(await connectionsOf(server)).toBe(1)
  })
})

describe('StateHijacked', () => {
  // In Go a hijacked connection is freed: five thousand WebSockets fit under a limit of five.
  it('a connection that was upgraded stays counted until it closes', async () => {
    const { server, connect, zone } = await guarded('http', { limit: 2 })
    server.on('upgrade', (_req, socket) => {
      socket.on('error', () => undefined)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.on('data', (chunk: Buffer) => socket.write(chunk)).on('end', () => socket.end())
    })
    const upgrade = { Connection: 'Upgrade', Upgrade: 'echo' }
    const clients = [await connect(), await connect()]
    for (const client of clients) expect(await client.get('/', upgrade).answer()).toBe(101)
    const third = await connect()
    await third.closed()
    expect(zone.stats()).toMatchObject({ active: 2, rejected: 1 })

    clients[0]!.write('ping')
    await until('it echoes', () => clients[0]!.received.endsWith('ping'))
    clients[0]!.socket.end()
    await until('its slot is given back', () => zone.stats().active === 1)
    expect(await (await connect()).get('/', upgrade).answer()).toBe(101)
  })
})

describe('HTTP/2', () => {
  // A note in go-connlimit's test says so too: requests of one connection are not limited.
  it('ten requests on one session are one connection for the guard', async () => {
    const served = await guarded('http2 secure', { limit: 5 })
    const session = await connect2(served)
    const streams = Array.from({ length: 10 }, () => session.get())
    await served.held.arrived(10)
    expect(served.zone.stats()).toMatchObject({ active: 1, rejected: 0 })
    served.held.release()
    expect(await Promise.all(streams.map((stream) => stream.status()))).toEqual(Array(10).fill(200))
  })

  it('and ten requests for the middleware, where it counts them', async () => {
    const policy = limitConn({ limit: 5, count: 'requests', statusCode: 429, logLevel: false })
    const held = new Held()
    const server = makeServer('http2 secure', held)
    server.removeAllListeners('request')
    server.on('request', bare([policy], held.handler))
    const guard = limitServer(server, { limit: 5, logLevel: false })
    const served = await listen(server, { policies: [policy, guard], guard, tls: true })

    const session = await connect2(served)
    const streams = Array.from({ length: 10 }, () => session.get())
    await held.arrived(5)
    await until(
      'five are refused',
      () =>
        countOf(
          streams.map(({ code }) => code),
          429,
        ) === 5,
    )
    held.release()
    const statuses = await Promise.all(streams.map((stream) => stream.status()))
    expect([countOf(statuses, 200), countOf(statuses, 429)]).toEqual([5, 5])
  })
})
