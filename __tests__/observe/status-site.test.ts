import { describe, expect, it } from '@jest/globals'
import { Zone } from '../../lib/index.ts'
import { statusRouter } from '../../lib/status.ts'
import { evaluated, open, useBrowser } from '../helpers/observe/browser.ts'
import { expectState } from '../helpers/observe/stage.ts'
import { serve } from '../helpers/server.ts'
import { failure, show } from '../helpers/status.ts'
import { until } from '../helpers/until.ts'

const one = '/status/limit_conns/addr'
const asked: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/status/'],
  ['HEAD', '/status/'],
  ['GET', '/status/limit_conns'],
  ['GET', one],
  ['GET', `${one}/keys`],
  ['GET', `${one}/advice`],
  ['GET', '/status/events'],
  ['DELETE', one],
  ['DELETE', `${one}/keys/127.0.0.1`],
]
const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const here = { host: 'localhost:3000' }

describe('a call', () => {
  let asks = 0
  const refused = failure(403, 'Forbidden', expect.stringContaining('a page of another site'))

  it.each<[string, Record<string, string>]>([
    ['of a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['of a page of the same site, but of another origin', { 'sec-fetch-site': 'same-site' }],
    ['whose site is not known', { 'sec-fetch-site': 'whatever' }],
    ['with the Origin of another page', { origin: 'https://evil.example' }],
    ['with an Origin of another port', { origin: 'http://localhost:1' }],
    ['of a page that may not tell its Origin', { origin: 'null' }],
    ['with an empty Origin', { origin: '' }],
    ['with an Origin of no scheme', { origin: 'localhost:3000' }],
    ['with an Origin that hides the Host', { origin: 'http://localhost:3000@evil.example' }],
    ['with an Origin that cannot be read', { origin: 'http://[' }],
    [
      'of another origin that says it is the same',
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    ],
    [
      'of another site with the right Origin',
      { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:3000' },
    ],
    ['of a frame in a page of another site', { ...link, 'sec-fetch-dest': 'iframe' }],
    ['of another site that fetches', { ...link, 'sec-fetch-mode': 'no-cors' }],
  ])('%s is refused, whatever authorize would say', async (_, headers) => {
    for (const authorize of [() => (asks++, true), undefined]) {
      const shown = await show({ router: authorize ? { authorize } : {} })
      const client = await shown.get()
      await shown.held.arrived(1)
      for (const [method, path] of asked) {
        const answer = await shown.ask(method, path, { ...here, ...headers })
        expect(answer).toMatchObject(method === 'HEAD' ? { status: 403 } : refused)
      }
      expect(client.isClosed).toBe(false)
      expect(shown.zone.stats()).toMatchObject({ passed: 1, kicked: 0, active: 1 })
    }
    expect(asks).toBe(0)
  })

  it.each<[string, Record<string, string>]>([
    ['a program', {}],
    ['its own page', { 'sec-fetch-site': 'same-origin', origin: 'https://status.example' }],
    ['its own page, on a port', { origin: 'http://status.example:8080', host: 'status.example:8080' }],
    ['its own page, with a port that goes without saying', { host: 'status.example:443' }],
    ['its own page, however its name is written', { host: 'STATUS.example' }],
    ['the address bar', { 'sec-fetch-site': 'none' }],
  ])('of %s is done', async (_, headers) => {
    const shown = await show({ router: { authorize: () => true } })
    await shown.get()
    await shown.held.arrived(1)
    const sent = { host: 'status.example', origin: 'https://status.example', ...headers }
    expect((await shown.ask('GET', one, sent)).status).toBe(200)
    expect((await shown.ask('DELETE', one, sent)).status).toBe(204)
    await until('the statistics begin again', () => shown.zone.stats().passed === 0)
    shown.held.release()
  })
})

describe('a link of another site', () => {
  it.each([{}, { authorize: () => true }])('leads to the page, and to nothing else: %p', async (router) => {
    const shown = await show({ router })
    for (const site of ['cross-site', 'same-site']) {
      const headers = { ...here, ...link, 'sec-fetch-site': site }
      expect((await shown.ask('GET', '/status', headers)).status).toBe(308)
      expect((await shown.ask('GET', '/status/', headers)).body).toContain('<!doctype html>')
      for (const [method, path] of asked.slice(1))
        expect((await shown.ask(method, path, headers)).status).toBe(403)
    }
  })

  it('is no way around authorize', async () => {
    const { ask: askIt } = await show({ router: { authorize: () => false } })
    expect(await askIt('GET', '/status/', link)).toMatchObject(
      failure(403, 'Forbidden', 'you are not authorized'),
    )
  })
})

describe('in a browser', () => {
  useBrowser()

  it.each([
    ['another site', 'localhost'],
    ['the same site, but of another port', '127.0.0.1'],
  ])('a page of %s opens no stream and asks for nothing, but may link to the page', async (_, host) => {
    let looks = 0
    const zones = (): Zone[] => (looks++, [new Zone({ name: 'addr' })])
    const { url } = await serve(statusRouter({ zones }), { policies: [] })
    const linking = `<!doctype html><title>other</title><link rel="icon" href="data:,"><a href="${url}/">status</a>`
    const other = await serve((_req, res) => res.end(linking), { policies: [] })
    const { page, problems } = await open(`http://${host}:${other.port}/`)

    const fetches = ['events', 'limit_conns', 'limit_conns/addr/advice'].map(
      (path) => `fetch('${url}/${path}', { mode: 'no-cors', credentials: 'include' })`,
    )
    await evaluated(page, `Promise.all([${fetches.join()}]).then(() => 'answered')`)
    const source = `new EventSource('${url}/events', { withCredentials: true })`
    await evaluated(
      page,
      `new Promise((done) => ${source}.addEventListener('error', done)).then(() => 'ended')`,
    )
    expect(looks).toBe(0)

    await page.getByRole('link').click()
    await expectState(page, 'Live')
    expect(problems.splice(0).filter((text) => !/net::ERR_|403|CORS/.test(text))).toEqual([])
  })
})
