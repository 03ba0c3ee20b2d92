/** Scheme and authority of a target in absolute form. @see RFC 9112 section 3.2.2 */
const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i

/** The host and port that a request target names: empty, but for the absolute form. */
export function authorityOf(target: string): string {
  const authority = target.startsWith('/') ? '' : (absolute.exec(target)?.[1] ?? '')
  return authority.slice(authority.lastIndexOf('@') + 1)
}

/** Path and query as they were sent, without the scheme and the host of the absolute form. */
export function originOf(target: string): string {
  if (target.startsWith('/')) return target
  return target.replace(absolute, '') || '/'
}

/**
 * The first argument of that name as it was sent, undecoded; undefined without an `=` behind it.
 *
 * @param name in lower case; that of the argument may be in any
 * @see nginx src/http/ngx_http_parse.c, ngx_http_arg
 */
export function argumentIn(target: string, name: string): string | undefined {
  const [before] = target.split('#', 1) as [string]
  const start = before.indexOf('?')
  if (start < 0) return undefined

  for (const argument of before.slice(start + 1).split('&')) {
    if (argument[name.length] === '=' && argument.slice(0, name.length).toLowerCase() === name)
      return argument.slice(name.length + 1)
  }
  return undefined
}

/**
 * The path: decoded once, byte for byte, its slashes merged, its dot segments resolved.
 *
 * Never fails: where nginx answers 400, a malformed percent sign stays, and `..` stops at the root.
 *
 * @see nginx src/http/ngx_http_parse.c, ngx_http_parse_complex_uri
 */
export function pathIn(target: string): string {
  const path = originOf(target).replace(/[?#].*$/s, '') || '/'
  return /%|\/[/.]/.test(path) ? resolve(path.replace(/%([0-9a-f]{2})/gi, decode)) : path
}

function decode(_percent: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16))
}

function resolve(path: string): string {
  if (!path.startsWith('/')) return path

  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  const isFolder = segments.length > 0 && /\/\.{0,2}$/.test(path)
  return `/${segments.join('/')}${isFolder ? '/' : ''}`
}
