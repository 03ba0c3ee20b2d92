/** What each code means. Every code has a heading in docs/errors.md. */
export const errorCodes = {
  ERR_LIMIT_CONN_INVALID_OPTION: 'an option has a value that is not accepted',
  ERR_LIMIT_CONN_UNKNOWN_OPTION: 'an option has a name that does not exist',
  ERR_LIMIT_CONN_UNKNOWN_VARIABLE: 'a template has a variable that does not exist',
  ERR_LIMIT_CONN_MISSING_LIMIT: 'no limit is given',
  ERR_LIMIT_CONN_LIMIT_AND_LIMITS: 'limit, key or zone stand beside limits',
  ERR_LIMIT_CONN_DUPLICATE_ZONE: 'two limits of one policy use one zone',
  ERR_LIMIT_CONN_NOT_CALLED: 'limitConn, limitUpgrade or a maker of keys was given without being called',
  ERR_LIMIT_CONN_MISSING_NEXT: 'the middleware was called without next',
  ERR_LIMIT_CONN_INVALID_KEY: 'a key function returned something that is not a key',
  ERR_LIMIT_CONN_INVALID_LIMIT: 'a limit function returned something that is not a limit',
  ERR_LIMIT_CONN_FUNCTION_FAILED: 'a function given in the options threw or rejected',
  ERR_LIMIT_CONN_TIMEOUT: 'a function given in the options did not answer within timeoutMs',
  ERR_LIMIT_CONN_NO_ADDRESS: 'a key needs an address, and a connection or a server has none',
  ERR_LIMIT_CONN_PROXY_PROTOCOL: 'a connection that is to begin with a PROXY protocol header was closed',
  ERR_LIMIT_CONN_DUPLICATE_NAME: 'two zones that are shared, or shown together, have one name',
  ERR_LIMIT_CONN_STORE: 'what the processes share cannot be asked, and each decides by itself',
  ERR_LIMIT_CONN_NO_PRIMARY: 'a ClusterZone was made where no primary shares its zones',
  ERR_LIMIT_CONN_INVALID_SOURCE: 'a limiter was given something that has no end, or no socket',
} as const

export type LimitConnErrorCode = keyof typeof errorCodes

const brand = Symbol.for('limit-conn.error')

/**
 * The one error class of this package. Misuse throws it at construction; at run time it is only ever handed to
 * `next` or to a decision.
 *
 * The message names the option, shows the value as JSON and says what is accepted.
 */
export class LimitConnError extends Error {
  /** Stable, one of the headings of docs/errors.md. */
  readonly code: LimitConnErrorCode
  /** Path of the option, such as `options.limits[1].key`; absent where no option is at fault. */
  declare readonly option?: string

  constructor(code: LimitConnErrorCode, message: string, details: { option?: string; cause?: unknown } = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = 'LimitConnError'
    this.code = code
    if (details.option !== undefined) this.option = details.option
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Tells a LimitConnError by its brand, so that two copies of this package know each other's errors. */
export function isLimitConnError(value: unknown): value is LimitConnError {
  try {
    return typeof value === 'object' && value !== null && brand in value
  } catch {
    // A Proxy that throws, or was revoked.
    return false
  }
}
