import { describe, expect, it } from '@jest/globals'
import type { Application } from 'express'
import * as fc from 'fast-check'
import { byIp, limitConn } from '../../lib/index.ts'
import {
  aHeader,
  apps,
  aSetting,
  clientOf,
  expectByTheRule,
  expectNothingToChoose,
  ofAddress,
  textOf,
} from '../helpers/fuzz/forwarded.ts'
import { fuzzing } from '../helpers/fuzz/settings.ts'
import { serve } from '../helpers/server.ts'
import { until } from '../helpers/until.ts'

/** One line, or several: Node refuses a NUL and more than 16 KB, and takes the blanks from both ends. */
const lines = fc
  .array(aHeader, { minLength: 1, maxLength: 3 })
  .map((values) => values.map((value) => value.replaceAll('\0', '').replaceAll(/^[ \t]+|[ \t]+$/g, '')))
  .filter((values) => values.join('').length < 15_000)

describe('A-30: X-Forwarded-For', () => {
  it('counts the right-most address that is not trusted, and the socket for what is no address', () => {
    expectByTheRule(fuzzing(2_000))
  }, 60_000)

  it('leaves the client nothing to choose, whatever it writes before what the proxies add', () => {
    expectNothingToChoose(fuzzing(2_000))
  }, 60_000)

  it.each(Object.entries(apps))(
    'is read so of real requests to %s',
    async (_, make) => {
      const app = make() as Application
      let seen = ''
      const byAddress = byIp()
      const told = limitConn({ limit: 1, key: (req) => void (seen = textOf(byAddress(req))) })
      const server = await serve(
        app.use(told).use((_req, res) => void res.end('.')),
        { policies: [told] },
      )
      const client = await server.connect()
      let asked = 0

      await fc.assert(
        fc.asyncProperty(lines, aSetting, async (values, [trust, trusts]) => {
          app.set('trust proxy', trust)
          const fields = values.map((value) => `X-Forwarded-For: ${value}\r\n`)
          client.write(`GET / HTTP/1.1\r\nHost: test\r\n${fields.join('')}\r\n`)
          await until('it is answered', () => client.statuses.length > asked || client.isClosed)

          asked++
          const expected = ofAddress(clientOf('127.0.0.1', values.join(', '), trusts))
          expect([client.statuses[asked - 1], seen]).toEqual([200, expected])
        }),
        fuzzing(300),
      )
    },
    60_000,
  )
})
