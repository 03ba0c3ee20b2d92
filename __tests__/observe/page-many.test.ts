import { EventEmitter } from 'node:events'
import { expect, it } from '@jest/globals'
import { Limiter, Zone } from '../../lib/index.ts'
import { evaluated, open, seriousFindings, useBrowser } from '../helpers/observe/browser.ts'
import { expectState, serveStatus, widthBeyond } from '../helpers/observe/stage.ts'

useBrowser()

/** A zone in which one key has so many slots, and the next was refused by the limit. */
function zoneOf(name: string, slots: number): Zone {
  const zone = new Zone({ name, reveal: true })
  const limiter = new Limiter({ zone, limit: slots, key: () => `the key of ${name} that is rather long` })
  for (let n = 0; n < slots; n++) limiter.accept(new EventEmitter())
  return zone
}

it('links to each zone where there are more than three, with what is active and refused', async () => {
  const zones = Array.from({ length: 12 }, (_, n) => zoneOf(`zone-${n}`, n + 1))
  const { url } = await serveStatus({ zones })
  const { page } = await open(`${url}/status/`, { viewport: { width: 360, height: 700 } })
  const links = page.getByRole('navigation', { name: 'Zones' }).getByRole('link')
  await links.nth(11).waitFor()
  expect(await links.nth(11).textContent()).toMatch(/zone-11\s+12 active/)

  const refusing = setInterval(() => zones[11]!.tally('rejected'), 50)
  await links.filter({ hasText: 'rejected/s' }).first().waitFor()
  clearInterval(refusing)
  expect(await links.filter({ hasText: 'rejected/s' }).count()).toBe(1)
  expect(await widthBeyond(page)).toBe(0)
  expect(await seriousFindings(page)).toEqual([])

  await links.nth(11).focus()
  await page.keyboard.press('Enter')
  const top = `document.getElementById('zone-zone-11').getBoundingClientRect().top`
  const height = 700
  expect(await evaluated<number>(page, top)).toBeLessThan(height)
  expect(await evaluated<number>(page, top)).toBeGreaterThanOrEqual(0)
})

it('has no links where all zones are seen at once, and takes away those of zones that go', async () => {
  const zones = Array.from({ length: 5 }, (_, n) => new Zone({ name: `zone-${n}` }))
  const { url } = await serveStatus({ zones: () => zones })
  const { page } = await open(`${url}/status/`)
  const links = page.getByRole('navigation', { name: 'Zones' }).getByRole('link')
  await links.nth(4).waitFor()
  zones.shift()
  await links.nth(4).waitFor({ state: 'detached' })
  expect(await links.nth(0).textContent()).toMatch(/zone-1/)
  zones.shift()
  await links.nth(0).waitFor({ state: 'hidden' })
})

it.each([1_180, 700, 360])('keeps large numbers apart, %d pixels wide', async (width) => {
  const zone = zoneOf('large', 120_000)
  const { url } = await serveStatus({ zones: [zone], mayChange: true })
  const { page } = await open(`${url}/status/`, { viewport: { width, height: 900 } })
  await page.getByRole('row', { name: /120,000/ }).waitFor()
  const beyond = `[...document.querySelectorAll('.keys td, .keys th, .bars > div')]
    .filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent.trim())`
  expect(await evaluated(page, beyond)).toEqual([])
  expect(await widthBeyond(page)).toBe(0)
})

it.each([true, false])(
  'has the numbers of a key side by side on a phone, with changes allowed: %p',
  async (mayChange) => {
    const { url } = await serveStatus({ zones: [zoneOf('small', 2)], mayChange })
    const { page } = await open(`${url}/status/`, { viewport: { width: 360, height: 740 } })
    await page.getByRole('row', { name: /the key of small/ }).waitFor()
    const tops = `[...document.querySelectorAll('.keys td.number')].map((cell) => cell.getBoundingClientRect().top)`
    const [first, ...others] = await evaluated<number[]>(page, tops)
    expect(others).toEqual([first, first, first])
  },
)

it('says what was done where it is seen, and moves nothing', async () => {
  const zones = Array.from({ length: 5 }, (_, n) => zoneOf(`zone-${n}`, 1))
  const { url } = await serveStatus({ zones, mayChange: true })
  const { page } = await open(`${url}/status/`)
  const reset = page.getByRole('button', { name: 'Reset statistics' }).nth(4)
  await reset.click()
  const before = await reset.boundingBox()
  await page.getByRole('button', { name: 'Reset', exact: true }).click()
  await expectState(page, 'The statistics of zone-4 start again.')
  const notice = await page.locator('#notice').boundingBox()
  expect(notice!.y + notice!.height).toBeLessThan(900)
  expect(notice!.y).toBeGreaterThan(0)
  expect(await reset.boundingBox()).toEqual(before)
})
