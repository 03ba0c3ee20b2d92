import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, expect, it } from '@jest/globals'
import { makeWarner } from '../../lib/log/warner.ts'

const told: unknown[] = []
const hear = (message: unknown): void => void told.push(message)
afterEach(() => {
  unsubscribe('limit-conn:warning', hear)
  told.length = 0
})

it('tells a listener once what it does not log, and looks for nobody else', async () => {
  const lines: string[] = []
  const logger = { warn: (line: string) => lines.push(line) }
  const warner = makeWarner(() => ({ warnings: true, logger, logLevel: false }))
  expect(warner.mayWarn('oneKey')).toBe(false)
  warner.warn('oneKey', 'unheard')

  subscribe('limit-conn:warning', hear)
  expect(warner.mayWarn('oneKey')).toBe(true)
  for (const text of ['first', 'second']) warner.warn('oneKey', text)
  await Promise.resolve()
  expect(told).toEqual([{ code: 'WRN_LIMIT_CONN_ONE_KEY', message: 'first' }])
  expect([lines, warner.mayWarn('oneKey')]).toEqual([[], false])
})

it('logs for others what it told listeners of one that logs nothing', async () => {
  subscribe('limit-conn:warning', hear)
  const lines: string[] = []
  const logger = { warn: (line: string) => lines.push(line) }
  for (const logLevel of [false, 'error', 'error'] as const)
    makeWarner(() => ({ warnings: true, logger, logLevel })).warn('manyKeys', 'text')
  await Promise.resolve()
  expect(lines).toEqual([expect.stringMatching(/^WRN_LIMIT_CONN_MANY_KEYS: text/)])
  expect(told).toContainEqual({ code: 'WRN_LIMIT_CONN_MANY_KEYS', message: 'text' })
})

it('tells nobody what is not to be said', async () => {
  subscribe('limit-conn:warning', hear)
  for (const warnings of [false, { oneKey: false }])
    makeWarner(() => ({ warnings, logger: {}, logLevel: 'error' })).warn('oneKey', 'text')
  await Promise.resolve()
  expect(told).toEqual([])
})
