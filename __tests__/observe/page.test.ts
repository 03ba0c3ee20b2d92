import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { limitConn, Zone } from '../../lib/index.ts'
import { guarded } from '../helpers/guarded.ts'
import { Held } from '../helpers/held.ts'
import { evaluated, open, useBrowser } from '../helpers/observe/browser.ts'
import {
  expectActive,
  expectShown,
  expectState,
  limited,
  serveStatus,
  widthBeyond,
} from '../helpers/observe/stage.ts'
import { serve } from '../helpers/server.ts'

useBrowser()

describe('what it shows', () => {
  it('follows connections as they come and go', async () => {
    const { connect, status } = await limited()
    const { page } = await open(`${status.url}/status/`)
    await expectState(page, 'Live')
    await page.getByRole('heading', { name: 'per-ip' }).waitFor()
    await expectActive(page, 0)

    const clients = [await connect(), await connect(), await connect()]
    await expectActive(page, 3)
    await (await connect()).closed()
    await expectShown(page, 'rejected', /^1$/)
    await page.getByRole('row', { name: /^127\.0\.0\.1/ }).waitFor()
    expect(await page.locator('.rejected [data-part="number"]').textContent()).toBe('1')
    expect(await page.locator('.active.line').getAttribute('d')).toMatch(/^M\d.*L/)
    expect(await page.locator('[data-part="active-chart"] .highest').textContent()).toBe('3')
    const label = await page.getByRole('img', { name: /^Rejected a second/ }).getAttribute('aria-label')
    expect(Number(/highest in 1 min: ([\d.]+)/.exec(label!)![1])).toBeGreaterThan(0)

    for (const client of clients) client.destroy()
    await expectActive(page, 0)
    await expectShown(page, 'oldest', 'idle')
  })

  it('says of a dry run in words that nobody is refused', async () => {
    const zone = new Zone({ name: 'tried' })
    const { connect, guard: policy } = await guarded('net', { limit: 1, dryRun: true, zone })
    const status = await serveStatus({ zones: [zone] })
    const { page } = await open(`${status.url}/status/`)
    await Promise.all([connect(), connect()])

    await expectShown(page, 'tags', 'limit 1 · dry run, nobody is refused')
    await expectShown(page, 'bars', 'rejected, dry run1')
    await expectShown(page, 'rejected', '1, dry run')
    policy.setConfig({ dryRun: false })
    await connect()
    await expectShown(page, 'rejected', '1 and 1, dry run')
  })

  it('explains each counter that it has', async () => {
    const { page } = await open(`${(await limited()).status.url}/status/`)
    await page.getByRole('heading', { name: 'per-ip' }).waitFor()
    const explained = await page.locator('#words dt').allTextContents()
    const counters = await page.locator('.bars dt').allTextContents()
    expect(counters.filter((word) => !explained.includes(word))).toEqual([])
    expect(explained).toEqual(
      expect.arrayContaining(['zone', 'key', 'active', 'peak', 'keys', 'dry run', 'kicked']),
    )
  })

  it('gives the advice of a zone, with its reason and a row for each limit', async () => {
    const { connect, status } = await limited()
    await Promise.all([connect(), connect(), connect()])
    const { page } = await open(`${status.url}/status/`)
    await expectActive(page, 3)

    await page.getByRole('heading', { name: 'Advice: which limit to choose' }).click()
    await page.getByText('No suggestion yet').waitFor()
    await page.getByText('3 arrivals are too few to say').waitFor()
    await page.getByLabel('Refuse at most').selectOption('0.05')
    await page.getByText('it takes 20 to tell a share of 5 %').waitFor()
    expect(await page.getByRole('row', { name: /^1 66\.7 % 2 1/ }).count()).toBe(1)
    expect(await page.getByRole('row', { name: /^current 3 0 % 0/ }).count()).toBe(1)
  })

  it('gives it also where the limit is higher than any that advice tells of', async () => {
    const zone = new Zone({ name: 'wide' })
    limitConn({ zone, limit: 2_000_000 })
    const { page } = await open(`${(await serveStatus({ zones: [zone] })).url}/status/`)
    await page.getByText('limit 2,000,000').waitFor()
    await page.getByRole('heading', { name: 'Advice: which limit to choose' }).click()
    await page.getByText('0 arrivals are too few to say').waitFor()
    expect(await page.getByRole('row', { name: /^current/ }).count()).toBe(0)
  })

  it('shows keys as text, whatever is in them', async () => {
    const zone = new Zone({ name: 'per-key', reveal: true })
    const held = new Held()
    const policy = limitConn({
      limit: 5,
      zone,
      key: (req) => decodeURIComponent(String(req.headers['x-key'])),
    })
    const app = await serve((req, res) => policy(req, res, () => held.handler(req, res)), {
      policies: [policy],
    })
    const hostile = ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', 'k'.repeat(255)]
    const digest = createHash('sha256').update('k'.repeat(8_192), 'utf16le').digest('base64url')
    const keys = [...hostile, 'user\u202Egpj.exe', '\u05D0\u05D1\u05D2 (!', '👩‍👩‍👧‍👦🦊']
    const sent = [...keys, 'k'.repeat(8_192)]
    for (const key of sent) await app.get('/', { 'x-key': encodeURIComponent(key) })
    await held.arrived(sent.length)

    const { page } = await open(`${(await serveStatus({ zones: [zone], mayChange: true })).url}/status/`)
    const cells = page.locator('bdi[data-part="key"]')
    await cells.nth(keys.length).waitFor()
    expect((await cells.allTextContents()).toSorted()).toEqual([...keys, digest].toSorted())
    expect(await page.locator('main script, main img').count()).toBe(0)
    expect(await widthBeyond(page)).toBe(0)
    const heights = await cells.evaluateAll((all) => all.map((cell) => cell.getBoundingClientRect().height))
    expect(Math.max(...heights)).toBeLessThan(40)
    const isolation = await evaluated<string[]>(
      page,
      `[...document.querySelectorAll('bdi[data-part="key"]')].map((cell) => getComputedStyle(cell).unicodeBidi)`,
    )
    expect(new Set(isolation)).toEqual(new Set(['isolate']))

    await page.getByRole('button', { name: 'Kick <script>' }).click()
    await page.getByRole('dialog').getByText('<script>alert(1)</script>').waitFor()
    await page.getByRole('button', { name: 'Close them' }).click()
    await expectState(page, 'Closed 1 of <script>alert(1)</script> in per-key.')
    expect(zone.count({ text: '<script>alert(1)</script>' })).toBe(0)
  })
})

describe('changes', () => {
  it('has no button for them where they are not allowed', async () => {
    const { connect, status } = await limited()
    await connect()
    const { page } = await open(`${status.url}/status/`)
    await page.getByRole('row', { name: /^127\.0\.0\.1/ }).waitFor()
    await page.getByText('Read only').waitFor()
    expect(await page.getByRole('button', { name: /Kick|Reset/ }).count()).toBe(0)
  })

  it('kicks a key after it was asked, and not before', async () => {
    const { connect, status, zone } = await limited({ mayChange: true })
    const clients = [await connect(), await connect()]
    const { page } = await open(`${status.url}/status/`)
    const kick = page.getByRole('button', { name: 'Kick 127.0.0.1' })

    await kick.click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await kick.click()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    expect(zone.stats()).toMatchObject({ active: 2, kicked: 0 })

    await kick.click()
    const asked = page.waitForRequest((request) => request.method() === 'DELETE')
    await page.getByRole('button', { name: 'Close them' }).click()
    expect(await (await asked).headerValue('origin')).toBe(status.url)
    await expectState(page, 'Closed 2 of 127.0.0.1 in per-ip.')
    for (const client of clients) await client.closed()
    await expectShown(page, 'closed', '2 kicked')
  })

  it('resets the statistics after it was asked, and says so where it could not', async () => {
    const { connect, status, zone } = await limited({ mayChange: true })
    await Promise.all([connect(), connect()])
    const { page, problems } = await open(`${status.url}/status/`)
    await expectActive(page, 2)
    const reset = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Reset statistics' }).click()
      await page.getByRole('button', { name: 'Reset', exact: true }).click()
    }
    await reset()
    await expectState(page, 'The statistics of per-ip start again.')
    expect(zone.stats()).toMatchObject({ passed: 0, active: 2 })

    await page.route('**/limit_conns/per-ip', (route) =>
      route.fulfill({
        status: 403,
        json: { error: { status: 403, text: 'not allowed', code: 'Forbidden' } },
      }),
    )
    await reset()
    await expectState(page, 'Nothing was reset: not allowed.')
    expect(problems.splice(0).filter((text) => !text.includes('403'))).toEqual([])
  })
})
