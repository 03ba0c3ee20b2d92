import { createHash } from 'node:crypto'

const script = `
fetch('limit_conns').then((answer) => answer.json()).then((zones) => {
  document.body.append(...Object.keys(zones).map((name) => {
    const line = document.createElement('p')
    line.textContent = name + ': ' + zones[name].active + ' active'
    return line
  }))
})`

/** The page, and the policy that lets it do what it does and nothing else. */
export function page(): { html: string; csp: string } {
  const hash = createHash('sha256').update(script).digest('base64')
  const csp = `default-src 'none'; connect-src 'self'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  const head = '<meta charset="utf-8"><title>limit-conn</title>'
  return {
    html: `<!doctype html><html lang="en"><head>${head}</head><body><script>${script}</script></body></html>`,
    csp,
  }
}
