import { expect, it } from '@jest/globals'
import { Zone } from '../../lib/index.ts'
import { guarded } from '../helpers/guarded.ts'
import { evaluated, open, seriousFindings, useBrowser } from '../helpers/observe/browser.ts'
import { expectActive, limited, serveStatus, widthBeyond } from '../helpers/observe/stage.ts'
import { until } from '../helpers/until.ts'

useBrowser()

it('is worked by the keyboard alone, and keeps the focus while numbers change', async () => {
  const { connect, status, zone } = await limited({ mayChange: true })
  await connect()
  const { page } = await open(`${status.url}/status/`)
  const focused = (): Promise<string> => evaluated(page, 'document.activeElement.textContent.trim()')
  const tabTo = async (name: string): Promise<void> => {
    for (let presses = 0; (await focused()) !== name && presses < 12; presses++)
      await page.keyboard.press('Tab')
    expect(await focused()).toBe(name)
  }
  await page.getByRole('button', { name: 'Kick 127.0.0.1' }).waitFor()
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Skip to the zones')

  await tabTo('Kick 127.0.0.1')
  await connect()
  await expectActive(page, 2)
  expect(await focused()).toBe('Kick 127.0.0.1')

  await page.keyboard.press('Enter')
  expect(await focused()).toBe('Cancel')
  await page.keyboard.press('Enter')
  expect(await focused()).toBe('Kick 127.0.0.1')
  await page.keyboard.press('Enter')
  await tabTo('Close them')
  await page.keyboard.press('Enter')
  await until('both are closed', () => zone.stats().kicked === 2)

  await tabTo('Advice: which limit to choose')
  await page.keyboard.press('Enter')
  await page.getByText('No suggestion yet').waitFor()
  await tabTo('What the words mean')
  await page.keyboard.press('Enter')
  await page.getByText('Closed by hand.').waitFor()
})

it('leaves the rows where they are while somebody works in them', async () => {
  const zone = new Zone({ name: 'per-ip', maxIdle: 0 })
  const { connect } = await guarded('net', { limit: 3, zone })
  const status = await serveStatus({ zones: [zone], mayChange: true })
  const [first] = [await connect({ localAddress: '127.0.0.9' }), await connect({ localAddress: '127.0.0.9' })]
  const other = await connect({ localAddress: '127.0.0.5' })
  const { page } = await open(`${status.url}/status/`)
  const cells = page.locator('bdi[data-part="key"]')
  await page.getByRole('button', { name: 'Kick 127.0.0.9' }).focus()

  for (let more = 0; more < 2; more++) await connect({ localAddress: '127.0.0.5' })
  await page.getByRole('row', { name: /^127\.0\.0\.5 3/ }).waitFor()
  expect(await cells.allTextContents()).toEqual(['127.0.0.9', '127.0.0.5'])
  await evaluated(page, 'document.activeElement.blur()')
  await page.locator('tr:first-child bdi').filter({ hasText: '127.0.0.5' }).first().waitFor()

  await page.getByRole('button', { name: 'Kick 127.0.0.9' }).focus()
  zone.kick('127.0.0.9')
  await expectActive(page, 3)
  expect(await evaluated(page, 'document.activeElement.dataset.part')).toBe('rows')
  for (const client of [first, other]) client.destroy()
})

it.each(['light', 'dark'] as const)('has nothing that axe finds serious, %s', async (colorScheme) => {
  const { connect, status } = await limited({ mayChange: true })
  await Promise.all([connect(), connect(), connect()])
  await (await connect()).closed()
  const { page } = await open(`${status.url}/status/`, { colorScheme, reducedMotion: 'reduce' })
  await expectActive(page, 3)
  for (const summary of await page.locator('summary').all()) await summary.click()
  await page.getByText('No suggestion yet').waitFor()
  expect(await seriousFindings(page)).toEqual([])

  await page.getByRole('button', { name: 'Kick 127.0.0.1' }).click()
  expect(await seriousFindings(page)).toEqual([])
})

it('fits a phone that is 360 pixels wide', async () => {
  const { connect, status } = await limited({ mayChange: true })
  await Promise.all([connect(), connect(), connect()])
  const { page } = await open(`${status.url}/status/`, { viewport: { width: 360, height: 740 } })
  await expectActive(page, 3)
  for (const summary of await page.locator('summary').all()) await summary.click()
  await page.getByText('No suggestion yet').waitFor()
  expect(await widthBeyond(page)).toBe(0)
  expect(await seriousFindings(page)).toEqual([])
})
