import { expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { Zone } from '../../lib/index.ts'
import { Failure } from '../../lib/observe/status-answer.ts'
import { readQuery } from '../../lib/observe/status-query.ts'
import { methodsOf, routeOf, targetOf, type Endpoint } from '../../lib/observe/status-routes.ts'
import { show } from '../helpers/status.ts'

const part = fc.oneof(
  fc.constantFrom('limit_conns', 'events', 'keys', 'advice', 'addr', '', '.', '..', '%', '%00', '%2f', '%ff'),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const path = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`)
const query = fc.string({ maxLength: 30 }).map((text) => `?${text}`)

it('reads any path, and what it asks for can be written again', () => {
  fc.assert(
    fc.property(path, query, (asked, search) => {
      const target = targetOf({ url: asked + search } as never)
      const route = routeOf(target.path)
      if (route instanceof Failure) return route.status === 400
      if (!route?.zone) return true
      const again = routeOf(`/limit_conns/${encodeURIComponent(route.zone)}`)
      return again !== undefined && 'zone' in again && again.zone === route.zone
    }),
    { numRuns: 2_000 },
  )
})

it('reads any parameters, or says what is wrong', () => {
  const endpoints = fc.constantFrom(...(Object.keys(methodsOf) as Endpoint[]))
  const names = fc.constantFrom('n', 'limits', 'top', 'max_rejected_share', '__proto__', 'x')
  const values = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('1', '1e400', '-0', '0x1', '1,2', ',', ' 1', '٣'),
  )
  const zone = new Zone({ name: 'addr' })
  fc.assert(
    fc.property(endpoints, fc.array(fc.tuple(names, values), { maxLength: 4 }), (endpoint, given) => {
      const read = readQuery(endpoint, new URLSearchParams(given))
      if (read instanceof Failure) return read.status === 400 && /expected|parameter/.test(read.text)
      return zone.advise(read.advise).zone === 'addr'
    }),
    { numRuns: 2_000 },
  )
})

it('finds each key by what it shows, whatever clients send as theirs', async () => {
  const shown = await show({ zone: { reveal: true }, router: { authorize: () => true } })
  const sent = [
    '__proto__',
    'constructor',
    '../..',
    '%2F',
    '?n=1#x',
    '<script>',
    '.',
    'a:b',
    'key#x',
    'k'.repeat(5_000),
  ]
  for (const key of sent) await shown.get('/', { 'x-api-key': key })
  await shown.held.arrived(sent.length)

  const keys = (await shown.ask('GET', '/status/limit_conns/addr/keys?n=100')).json as { key: string }[]
  expect(keys).toHaveLength(sent.length)
  for (const { key } of keys) {
    const target = `/status/limit_conns/addr/keys/${encodeURIComponent(key)}`
    expect(await shown.ask('DELETE', target)).toMatchObject({ status: 200, json: { kicked: 1 } })
  }
})
