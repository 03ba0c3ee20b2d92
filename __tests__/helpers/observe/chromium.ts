import { aptGet, findOnPath, mayInstall } from '../apt.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path of Chromium; installs it where that may be done, and else stops with the line to run. */
export function chromiumOrInstall(): string {
  const found = find() ?? (mayInstall() ? install() : undefined)
  if (found) return found

  throw new Error(
    'the tests of the page need Chromium: run `sudo apt-get install chromium` or `brew install --cask chromium`, or set CHROMIUM_PATH',
  )
}

function find(): string | undefined {
  return process.env['CHROMIUM_PATH'] ?? findOnPath(names)
}

function install(): string | undefined {
  aptGet('update')
  aptGet('install', '--yes', '--no-install-recommends', 'chromium')
  return find()
}
