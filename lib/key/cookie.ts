/**
 * The first cookie of that name as it was sent: nothing decoded, quotes kept, blanks around it not.
 *
 * A client may send several lines, over HTTP/2 one for each cookie.
 *
 * @param name in lower case; that of the cookie may be in any
 * @see nginx src/http/ngx_http_parse.c, ngx_http_parse_multi_header_lines
 */
export function cookieIn(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i]!.toLowerCase() === 'cookie' ? inLine(rawHeaders[i + 1]!, name) : undefined
    if (value !== undefined) return value
  }
  return undefined
}

function inLine(line: string, name: string): string | undefined {
  for (const pair of line.split(';')) {
    const equals = pair.indexOf('=')
    if (equals >= 0 && trim(pair.slice(0, equals)).toLowerCase() === name) return trim(pair.slice(equals + 1))
  }
  return undefined
}

/** Of blanks and tabs only. By hand: a pattern for the end of a text takes time that grows with its square. */
function trim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t'
}
