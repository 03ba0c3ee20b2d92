import type { Page } from 'playwright-core'
import { Zone } from '../../../lib/index.ts'
import { guarded, type Guarded } from '../guarded.ts'
import { serve, type Served } from '../server.ts'
import { evaluated } from './browser.ts'
import { statusHandler, type StatusOptions } from './status-server.ts'

/** A guard of so many connections of one address, and the status of its zone. */
export async function limited(
  options: Partial<StatusOptions> = {},
): Promise<Guarded & { readonly status: Served }> {
  const stage = await guarded('net', { limit: 3, zone: new Zone({ name: 'per-ip' }) })
  const status = await serveStatus({ zones: [stage.zone], ...options })
  return { ...stage, status }
}

/** A server of the status of some zones. */
export function serveStatus(options: StatusOptions): Promise<Served> {
  return serve(statusHandler(options), { policies: [] })
}

/** The part of a zone's card, once it shows a text. */
export async function expectShown(page: Page, name: string, text: string | RegExp): Promise<void> {
  await page.locator(`[data-part="${name}"]`).filter({ hasText: text }).first().waitFor()
}

/** What the page says by itself: of the server, or of what was done. */
export const expectState = (page: Page, text: string): Promise<void> =>
  page.getByRole('status').filter({ hasText: text }).first().waitFor()

/** The page shows so many slots. */
export const expectActive = (page: Page, active: number): Promise<void> =>
  page
    .locator('.figure [data-part="active"]')
    .filter({ hasText: new RegExp(`^${active}$`) })
    .waitFor()

/** By how much the page is wider than the window. */
export function widthBeyond(page: Page): Promise<number> {
  return evaluated(page, 'document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
