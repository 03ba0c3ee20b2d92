import { readFileSync } from 'node:fs'
import path from 'node:path'
import vm from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import { errorCodes, type LimitConnErrorCode } from '../lib/errors.ts'
import { warningCodes } from '../lib/log/warner.ts'
import { isLimitConnError, LimitConnError } from '../lib/index.ts'

const codes = Object.keys(errorCodes) as LimitConnErrorCode[]
const brand = Symbol.for('limit-conn.error')

/** An error as another copy of this package makes it. */
const branded = (error: Error): Error => Object.defineProperty(error, brand, { value: true })

describe('LimitConnError', () => {
  it.each(codes)('carries the code %s and has a heading in docs/errors.md', (code) => {
    const page = readFileSync(path.join(__dirname, '..', 'docs', 'errors.md'), 'utf8')
    expect(new LimitConnError(code, 'a message')).toMatchObject({ code, message: 'a message' })
    expect(page).toMatch(new RegExp(`^#{2,3} ${code}$`, 'm'))
  })

  it('names no code in the docs that does not exist', () => {
    const page = readFileSync(path.join(__dirname, '..', 'docs', 'errors.md'), 'utf8')
    const headings = [...page.matchAll(/^#+ ((?:ERR|WRN)_\w+)$/gm)].map(([, code]) => code)
    const all = [...codes, ...Object.values(warningCodes)]
    expect(new Set(headings)).toEqual(new Set(all))
    expect(headings).toHaveLength(all.length)
  })

  it('has codes that are stable words', () => {
    expect(codes.filter((code) => !/^ERR_LIMIT_CONN_[A-Z0-9_]+$/.test(code))).toEqual([])
  })

  it('is an Error with a name, the option and the cause, where there are any', () => {
    const cause = new TypeError('boom')
    const details = { option: 'options.key', cause }
    const error = new LimitConnError('ERR_LIMIT_CONN_FUNCTION_FAILED', 'options.key failed: boom', details)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'LimitConnError', option: 'options.key', cause })
    expect(String(error)).toBe('LimitConnError: options.key failed: boom')
    expect(error.stack).toContain('errors.test.ts')

    const plain = new LimitConnError('ERR_LIMIT_CONN_NO_ADDRESS', 'a message')
    expect([plain.option, 'cause' in plain]).toEqual([undefined, false])
  })

  it('keeps a cause that is undefined: a function may throw that, too', () => {
    const error = new LimitConnError('ERR_LIMIT_CONN_FUNCTION_FAILED', 'm', { cause: undefined })
    expect('cause' in error).toBe(true)
  })

  it('does not show its brand', () => {
    expect(Object.getOwnPropertySymbols({ ...new LimitConnError('ERR_LIMIT_CONN_NO_ADDRESS', 'm') })).toEqual(
      [],
    )
  })
})

describe('isLimitConnError', () => {
  it('knows its own errors, and those of another copy of this package', () => {
    expect(isLimitConnError(new LimitConnError('ERR_LIMIT_CONN_NO_ADDRESS', 'm'))).toBe(true)
    expect(isLimitConnError(branded(new Error('m')))).toBe(true)
  })

  it('knows an error of a copy in another realm', () => {
    expect(isLimitConnError(branded(vm.runInNewContext('new Error("m")') as Error))).toBe(true)
  })

  it.each([
    [undefined],
    [null],
    [0],
    ['ERR_LIMIT_CONN_NO_ADDRESS'],
    [{}],
    [new Error('m')],
    [Object.assign(new Error('m'), { name: 'LimitConnError', code: 'ERR_LIMIT_CONN_NO_ADDRESS' })],
    [Symbol.for('limit-conn.error')],
  ])('says no to %p', (value) => {
    expect(isLimitConnError(value)).toBe(false)
  })
})
