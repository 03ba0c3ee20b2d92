import type { ServerResponse } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import makeApp from 'connect'
import { Zone } from '../../lib/index.ts'
import { statusRouter } from '../../lib/status.ts'
import { evaluated, open, useBrowser } from '../helpers/observe/browser.ts'
import { expectActive, expectState, limited } from '../helpers/observe/stage.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

useBrowser()

describe('when the server does not answer', () => {
  it('says that it is away, and follows it again after a restart', async () => {
    const { connect, status } = await limited()
    const { page, problems } = await open(`${status.url}/status/`)
    await expectState(page, 'Live')

    status.server.close()
    ;(status.server as unknown as { closeAllConnections(): void }).closeAllConnections()
    await expectState(page, 'The server is away')
    expect(await page.title()).toMatch(/^Away/)
    await until('the page has asked in vain', () =>
      problems.some((text) => text.includes('ERR_CONNECTION_REFUSED')),
    )

    status.server.listen(status.port, '127.0.0.1')
    await expectState(page, 'Live')
    await connect()
    await expectActive(page, 1)
    expect(problems.splice(0).filter((text) => !text.includes('net::ERR_'))).toEqual([])
  })

  it('asks every two seconds where there are no events', async () => {
    const { connect, status, zone } = await limited({ hasEvents: false, mayChange: true })
    const { page, problems } = await open(`${status.url}/status/`)
    await expectState(page, 'Live, asked every 2 s')
    await Promise.all([connect(), connect()])
    await expectActive(page, 2)
    await page.getByRole('row', { name: /^127\.0\.0\.1 2/ }).waitFor()
    await page.getByRole('button', { name: 'Kick 127.0.0.1' }).click()
    await page.getByRole('button', { name: 'Close them' }).click()
    await until('both are closed', () => zone.stats().kicked === 2)
    expect(problems.splice(0).filter((text) => !text.includes('404'))).toEqual([])
  })

  it('says so where nothing comes any more on a stream that is open, and follows events when they come again', async () => {
    const { page, session, problems } = await opened({ events: 'mute' })
    await expectState(page, 'Live')
    session.events = 'none'
    await page.clock.fastForward(10_000)
    await expectState(page, 'The server is away')
    await expectState(page, 'Live, asked every 2 s')
    session.events = 'all'
    await page.getByText(/^Live$/).waitFor()
    expect(problems.splice(0).filter((text) => !text.includes('404'))).toEqual([])
  })
})

describe('when a stream ends, as each does after a minute', () => {
  it('goes on with the next, and says nothing of it', async () => {
    const { page, streams } = await opened()
    await expectState(page, 'Live')
    const states = `window.states = []
      new MutationObserver(() => states.push(document.getElementById('state').textContent))
        .observe(document.getElementById('state'), { subtree: true, childList: true, characterData: true })`
    await evaluated(page, `void eval(${JSON.stringify(states)})`)
    const [first] = streams
    first!.end()
    await until('the next is there', () => streams.size > 0 && !streams.has(first!))
    await evaluated(page, `new Promise((resolve) => setTimeout(resolve, 1_200))`)
    expect(await evaluated(page, 'states')).toEqual([])
  })

  it.each([
    ['who may see it no more', { letIn: false }, 'you are not authorized'],
    ['who is led to another page', { isLedAway: true }, 'something else is answered; load this page again'],
  ])('says why to those %s, until they may again', async (_, how, reason) => {
    const { page, streams, session, problems } = await opened()
    await expectState(page, 'Live')
    Object.assign(session, how)
    endAll(streams)
    await expectState(page, `: ${reason}; trying again`)
    expect(await page.locator('#state').textContent()).toMatch(/^No numbers since \d\d:\d\d:\d\d: /)
    Object.assign(session, { letIn: true, isLedAway: false })
    await expectState(page, 'Live')
    problems.splice(0)
  })
})

interface Session {
  letIn: boolean
  isLedAway: boolean
  events: 'all' | 'mute' | 'none'
}

/** A page, the streams that it has, and what it is answered. */
async function opened({ events = 'all' }: Partial<Session> = {}) {
  const streams = new Set<ServerResponse>()
  const session: Session = { letIn: true, isLedAway: false, events }
  const router = statusRouter({ zones: [new Zone({ name: 'addr' })], authorize: () => session.letIn })
  const app = makeApp()
    .use('/login', (_req, res) => res.setHeader('content-type', 'text/html').end('<!doctype html>'))
    .use('/status/limit_conns', (_req, res, next) => {
      if (!session.isLedAway) return next()
      res.writeHead(302, { location: '/login' }).end()
    })
    .use('/status/events', (_req, res, next) => {
      if (session.isLedAway) return void res.writeHead(302, { location: '/login' }).end()
      if (session.events === 'none') return void res.writeHead(404).end()
      streams.add(res.once('close', () => streams.delete(res)))
      if (session.events === 'all') return next()
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write('data: {"now_ms":1,"may_change":false,"zones":{}}\n\n')
    })
    .use('/status', router)
  const { url } = await serve(app, { policies: [] })
  const { page, problems } = await open('about:blank')
  if (events === 'mute') await page.clock.install()
  await page.goto(`${url}/status/`)
  return { page, problems, streams, session }
}

const endAll = (streams: Set<ServerResponse>): void => {
  for (const res of streams) res.end()
}
