import { createHash } from 'node:crypto'
import { html } from './page-html.ts'

/** The page, and the Content-Security-Policy that it is to be sent with. */
export interface Page {
  readonly html: string
  readonly csp: string
}

/**
 * The live page: one file that loads nothing from elsewhere. It asks for `events`, `limit_conns` and what is below, relative to
 * its own URL, which must end with `/`.
 */
export const page: Page = Object.freeze({ html, csp: policyOf(html) })

/** The same for those who may reset and kick. */
export const pageOfChanges: Page = Object.freeze({ ...page, html: html.replace(' data-read-only', '') })

/** Lets run what stands in the page, by its hash, and nothing else; `data:` is its empty icon. */
function policyOf(text: string): string {
  return [
    `default-src 'none'`,
    `script-src ${hashOf(text, 'script')}`,
    `style-src ${hashOf(text, 'style')}`,
    `connect-src 'self'`,
    `img-src data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ')
}

function hashOf(text: string, element: 'script' | 'style'): string {
  const [, inside = ''] = new RegExp(`<${element}[^>]*>([^]*?)</${element}>`).exec(text) ?? []
  return `'sha256-${createHash('sha256').update(inside).digest('base64')}'`
}
