import { statSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { root } from '../../helpers/fences.ts'
import { open, useBrowser } from '../../helpers/observe/browser.ts'
import { busySite } from '../../helpers/observe/load.ts'
import { statusHandler } from '../../helpers/observe/status-server.ts'
import { serve } from '../../helpers/server.ts'

useBrowser()

const loadMs = Number(process.env['SCREENSHOT_MS'] ?? 150_000)

it('makes the pictures of the documents', async () => {
  const site = await busySite()
  const { url } = await serve(statusHandler({ zones: site.zones, mayChange: true }), {
    policies: [],
  })
  const place = `${url}/status/`
  const wide = { viewport: { width: 1_120, height: 1_180 } }
  const phone = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2 }
  const light = await open(place, wide)
  const dark = await open(place, { ...wide, colorScheme: 'dark' })
  const small = await open(place, phone)
  await site.run(loadMs)

  await expectPicture(light.page, 'status-light')
  await expectPicture(dark.page, 'status-dark')
  await expectPicture(small.page, 'status-phone')

  const card = light.page.locator('.zone', { has: light.page.getByRole('heading', { name: 'per-key' }) })
  await card.locator('[data-part="advice"] summary').click()
  await card.getByLabel('Refuse at most').selectOption('0.01')
  await card.locator('[data-part="candidates"] tr').first().waitFor()
  await expectPicture(light.page, 'advice', await card.locator('[data-part="advice"]').elementHandle())
})

/** Below 150 kB each, for they are kept. */
async function expectPicture(page: Page, name: string, part?: Awaited<ReturnType<Page['$']>>): Promise<void> {
  const file = path.join(root, 'docs/images', `${name}.png`)
  await (part ?? page).screenshot({ path: file })
  expect(statSync(file).size).toBeLessThan(150_000)
}
