import { describe, expect, it } from '@jest/globals'
import { byHeader, byIp, byTemplate, limitConn } from '../../lib/index.ts'
import { errorOf } from '../helpers/thrown.ts'

const subnets = 'a whole number from 1 to 128, or a list of one to four of them'
const trust =
  'true, false, a number of hops, addresses and CIDRs, "loopback", "linklocal", "uniquelocal", or a function'
const hops = 'a number of hops as a number, not as text'
const invalid = 'ERR_LIMIT_CONN_INVALID_OPTION'
const unknown = 'ERR_LIMIT_CONN_UNKNOWN_OPTION'

describe('byIp', () => {
  it.each<[string, unknown, string, string]>([
    ['ipv6Subnet', 0, '0', subnets],
    ['ipv6Subnet', 129, '129', subnets],
    ['ipv6Subnet', 56.5, '56.5', subnets],
    ['ipv6Subnet', NaN, 'NaN', subnets],
    ['ipv6Subnet', '56', '"56"', subnets],
    ['ipv6Subnet', null, 'null', subnets],
    ['ipv6Subnet', [], '[]', subnets],
    ['ipv6Subnet', [1, 2, 3, 4, 5], '[1,2,3,4,5]', subnets],
    ['ipv6Subnet', [56, 0], '0', subnets],
    ['trustProxy', '1', '"1"', hops],
    ['trustProxy', ['10.0.0.0/8', '2'], '["10.0.0.0/8","2"]', hops],
    ['trustProxy', -1, '-1', trust],
    ['trustProxy', 1.5, '1.5', trust],
    ['trustProxy', NaN, 'NaN', trust],
    ['trustProxy', 'proxy.local', '"proxy.local"', trust],
    ['trustProxy', ['10.0.0.0/33'], '["10.0.0.0/33"]', trust],
    ['trustProxy', {}, '{}', trust],
    ['trustProxy', [5], '[5]', trust],
    ['trustProxy', null, 'null', trust],
  ])('refuses %s: %p', (...[option, value, shown, accepted]) => {
    const error = errorOf(() => byIp({ [option]: value }))
    expect(error).toMatchObject({ code: invalid, option: `byIp.${option}` })
    expect(error.message).toBe(`byIp.${option} is ${shown}; expected ${accepted}`)
  })

  it.each([
    ['ipv6subnet', 'did you mean ipv6Subnet?'],
    ['trustproxy', 'did you mean trustProxy?'],
    ['proxy', 'the options are ipv6Subnet, trustProxy'],
  ])('does not know %s', (name, hint) => {
    const error = errorOf(() => byIp({ [name]: 1 }))
    expect(error).toMatchObject({ code: unknown, option: `byIp.${name}` })
    expect(error.message).toBe(`byIp.${name} is not an option; ${hint}`)
  })

  it.each([null, 5, 'x', []])('refuses %p in place of options', (options) => {
    const error = errorOf(() => byIp(options as object))
    expect(error).toMatchObject({ code: invalid, option: 'byIp' })
    expect(error.message).toBe(
      `byIp is ${JSON.stringify(options)}; expected an object, such as { trustProxy: 'loopback' }`,
    )
  })
})

describe('byHeader', () => {
  it.each(['', 'x y', 'x:', 'é', 'x\n', 5, null, undefined])('refuses the name %p', (name) => {
    const error = errorOf(() => byHeader(name as string))
    expect(error).toMatchObject({ code: invalid, option: 'byHeader name' })
    expect(error.message).toBe(
      `byHeader name is ${JSON.stringify(name)}; expected the name of a header, such as "x-api-key"`,
    )
  })

  it.each(['ignore', true, null])('refuses missing: %p', (missing) => {
    const error = errorOf(() => byHeader('x', { missing: missing as 'skip' }))
    expect(error).toMatchObject({ code: invalid, option: 'byHeader.missing' })
    expect(error.message).toContain(`is ${JSON.stringify(missing)}; expected "skip" or "address"`)
  })

  it('does not know mising', () => {
    const error = errorOf(() => byHeader('x', { mising: 'skip' } as object))
    expect(error).toMatchObject({ code: unknown, option: 'byHeader.mising' })
    expect(error.message).toContain('did you mean missing?')
  })
})

describe('a key that was not called', () => {
  it.each([
    ['byIp', byIp, 'options.key is byIp itself; call it, as in byIp()'],
    ['byHeader', byHeader, "options.key is byHeader itself; call it, as in byHeader('x-api-key')"],
    ['byTemplate', byTemplate, "options.key is byTemplate itself; call it, as in byTemplate('$remote_addr')"],
  ])('is told apart from what %s() returns', (_, key, message) => {
    const error = errorOf(() => limitConn({ limit: 1, key: key as never }))

    expect(error).toMatchObject({ code: 'ERR_LIMIT_CONN_NOT_CALLED', option: 'options.key' })
    expect(error.message).toBe(message)
  })
})
