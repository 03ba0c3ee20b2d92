import { readFileSync } from 'node:fs'
import path from 'node:path'

/** What the page is made of; `page/build.js` writes this module anew with the joined text in it, for dist has no such files. */
const folder = path.join(__dirname, '../../lib/observe/page')

/** Each one after those that it imports. */
const scripts = [
  'element',
  'words',
  'server',
  'ask',
  'history',
  'chart',
  'keys-table',
  'advice',
  'zone-card',
  'zone-index',
  'live',
  'main',
]

/** The page as one file. */
export const html: string = read('page.html')
  .replace('<!-- style -->', () => `<style>\n${read('page.css')}</style>`)
  .replace('<!-- script -->', () => `<script type="module">\n${scripts.map(inlined).join('\n')}</script>`)

function read(name: string): string {
  return readFileSync(path.join(folder, name), 'utf8')
}

/** All scripts share one scope in the page, where nothing is imported nor exported. */
function inlined(name: string): string {
  return read(`${name}.mjs`)
    .replaceAll(/^import .*?\.mjs'\n/gms, '')
    .replaceAll(/^export /gm, '')
    .trimStart()
}
