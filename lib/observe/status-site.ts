import type { IncomingMessage } from 'node:http'

/**
 * A browser asks for a page of another site, as it says itself. Such a page can read no answer, but it may have 100 streams
 * opened, a key kicked, or an advice computed, all with the cookies and the password of who looks at it.
 *
 * Browsers send Sec-Fetch-Site to HTTPS and to the machine that they run on, and Origin wherever an answer is to be read, or
 * something is to be changed.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function isOfOtherSite(req: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site } = req.headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && !isOriginOf(origin, hostOf(req))
}

/** Somebody has followed a link, and sees the answer in a tab of its own. */
export function isNavigation({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  )
}

/**
 * The host that was asked for, with its port.
 *
 * @see RFC 9112, section 3.2.2: that of an absolute request line wins over Host
 */
export function hostOf({ headers, url, originalUrl = url }: Asked): string {
  const [, absolute] = /^https?:\/\/([^/?#]*)/i.exec(originalUrl ?? '') ?? []
  const authority = headers[':authority']
  return absolute ?? (typeof authority === 'string' ? authority : (headers.host ?? ''))
}

/** Express and Connect keep the request line as it came. */
type Asked = IncomingMessage & { readonly originalUrl?: string | undefined }

/** Both are read as URLs of one scheme, for which a port may go without saying. */
function isOriginOf(origin: string, host: string): boolean {
  const [, scheme] = /^(https?:)\/\/[^/?#@\\]+$/i.exec(origin) ?? []
  if (scheme === undefined || /[/?#@\\]/.test(host)) return false
  try {
    return new URL(origin).host === new URL(`${scheme}//${host}`).host
  } catch {
    return false
  }
}
