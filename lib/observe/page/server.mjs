/** The path of a zone, and of what is below it, from where the page is. @param {string} name @param {string} [below] */
export function pathOf(name, below = '') {
  return `limit_conns/${encodeURIComponent(name)}${below}`
}

/** @param {string} path @returns {Promise<any>} */
export async function get(path) {
  const response = await fetch(path, { cache: 'no-store', headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(await problemOf(response))
  return response.json()
}

/** @param {string} path @returns {Promise<any>} */
export async function remove(path) {
  const response = await fetch(path, { method: 'DELETE' })
  if (!response.ok) throw new Error(await problemOf(response))
  return response.status === 204 ? undefined : response.json()
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
