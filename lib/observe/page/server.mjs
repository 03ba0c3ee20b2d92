/** The path of a zone, and of what is below it, from where the page is. @param {string} name @param {string} [below] */
export function pathOf(name, below = '') {
  return `limit_conns/${encodeURIComponent(name)}${below}`
}

/** An answer is waited for this long at most. */
const timeoutMs = 10_000

/** What the server answers in place of what it was asked for. */
export class Answer extends Error {}

/** @param {string} path @returns {Promise<any>} */
export async function get(path) {
  const response = await responseTo(path, { cache: 'no-store', headers: { accept: 'application/json' } })
  if (response.headers.get('content-type')?.startsWith('application/json')) return response.json()
  // Where a session has ended, what stands in front often leads to its own page.
  throw new Answer('something else is answered; load this page again')
}

/** @param {string} path @returns {Promise<any>} */
export async function remove(path) {
  const response = await responseTo(path, { method: 'DELETE' })
  return response.status === 204 ? undefined : response.json()
}

/** @param {string} path @param {RequestInit} init @returns {Promise<Response>} */
async function responseTo(path, init) {
  const response = await fetch(path, { ...init, signal: AbortSignal.timeout(timeoutMs) }).catch(() => {
    throw new Error('the server does not answer') // browsers say it each in its own words
  })
  if (response.ok) return response
  throw new Answer(await problemOf(response))
}

/** The path of a key. Browsers take these two names for parts of the path, in any spelling. @param {string} zone @param {string} key */
export function pathOfKey(zone, key) {
  if (key === '.' || key === '..') throw new Error('no URL can name this key')
  return pathOf(zone, `/keys/${encodeURIComponent(key)}`)
}

/** What the server says of a failure. @param {Response} response @returns {Promise<string>} */
async function problemOf(response) {
  const said = await response.json().catch(() => undefined)
  return said?.error?.text ?? `the server answered ${response.status}`
}
