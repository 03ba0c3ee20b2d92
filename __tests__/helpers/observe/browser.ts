import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { chromiumOrInstall } from './chromium.ts'

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** What the tests of one file open pages in. */
export interface Opened {
  readonly page: Page
  /** What the browser complained of: scripts that failed, and what the policy of the page forbids. */
  readonly problems: string[]
}

/** Root has no sandbox; what comes from here is our own page. */
export function launchBrowser(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: chromiumOrInstall(), args })
}

let browser: Browser
const opened: Opened[] = []

/** Has a browser for the tests of a file. After each test its pages are closed, and none may have complained. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await launchBrowser()
  }, 300_000)

  afterEach(async () => {
    const all = opened.splice(0)
    const problems = all.flatMap((each) => each.problems)
    for (const { page } of all) await page.context().close()
    expect(problems).toEqual([])
  })

  afterAll(() => browser?.close())
}

/** Opens a page in a context of its own. */
export async function open(url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const problems: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
  page.on('pageerror', (error) => void problems.push(error.message))
  const one = { page, problems }
  opened.push(one)
  await page.goto(url)
  return one
}

/** What a line of code comes to in the page; as text, for the tests know no types of browsers. */
export function evaluated<T>(page: Page, code: string): Promise<T> {
  return page.evaluate<T>(code)
}

/** What axe finds that is serious or worse. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = await evaluated<AxeResults>(page, 'axe.run()')
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return serious.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string
    readonly nodes: readonly { readonly html: string }[]
  }[]
}
