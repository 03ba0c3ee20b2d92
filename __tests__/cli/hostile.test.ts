import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'
import { root } from '../helpers/fences.ts'
import { serve } from '../helpers/server.ts'

it('shows what would move the cursor as its code, wherever a server sends it', async () => {
  const evil = '\u001b[2J\u0007'
  const candidate = { limit: evil, rejected: 0, rejected_share: 0, keys: evil, top_keys: [], exactness: evil }
  const advice = {
    since_ms: 0,
    arrivals: evil,
    refused_at: evil,
    candidates: [candidate],
    suggestion: { limit: evil, reason: evil },
  }
  const { url } = await serve(
    (req, res) => {
      res.setHeader('content-type', 'application/json')
      res.end(JSON.stringify(req.url === '/limit_conns' ? { a: { passed: 1, limits: [] } } : advice))
    },
    { policies: [] },
  )
  const child = new Child([path.join(root, 'dist/cli/limit-conn.js'), 'advise', url])
  expect(await child.exit()).toBe(0)
  const { stdout } = child
  expect(stdout).toContain('\\u{1b}[2J\\u{7} arrivals since')
  // oxlint-disable-next-line no-control-regex
  expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f]/)
})
