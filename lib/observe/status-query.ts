import { LimitConnError } from '../errors.ts'
import { invalid, show, whole } from '../options/check.ts'
import { nearest } from '../options/nearest.ts'
import { aShare, type AdviseOptions } from '../core/advice.ts'
import { aCandidateList } from '../core/zone-options.ts'
import { Failure } from './status-answer.ts'
import type { Endpoint } from './status-routes.ts'

/** What the parameters of a call say. */
export interface Query {
  readonly n?: number
  readonly advise?: AdviseOptions
}

/** Reads the parameters of a call. */
export function readQuery(endpoint: Endpoint, query: URLSearchParams): Query | Failure {
  try {
    if (endpoint === 'keys') return read(query, { n: { option: 'n', check: wholeTo(1, 1_000) } })
    return endpoint === 'advice' ? { advise: read(query, ofAdvice) } : read(query, {})
  } catch (error) {
    // Nothing else is thrown here.
    return bad((error as LimitConnError).message)
  }
}

interface Parameter {
  /** What it is called as an option. */
  readonly option: string
  readonly check: (text: string, path: string) => unknown
}

const ofAdvice: Readonly<Record<string, Parameter>> = {
  max_rejected_share: {
    option: 'maxRejectedShare',
    check: (text, path) => aShare(numberIn(text) ?? text, path),
  },
  limits: { option: 'limits', check: aList },
  top: { option: 'top', check: wholeTo(0, 1_000) },
}

/** @throws LimitConnError ERR_LIMIT_CONN_INVALID_OPTION */
function read(query: URLSearchParams, parameters: Readonly<Record<string, Parameter>>): object {
  const options: Record<string, unknown> = {}
  for (const name of new Set(query.keys())) {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (!parameter) throw unknown(name, Object.keys(parameters))
    const values = query.getAll(name)
    if (values.length > 1) throw invalid(name, values, 'it once')
    options[parameter.option] = parameter.check(values[0]!, name)
  }
  return options
}

function unknown(name: string, names: readonly string[]): LimitConnError {
  const near = nearest(name, names)
  const known = names.length > 0 ? `the parameters are ${names.join(', ')}` : 'there are none here'
  const message = `${show(name)} is not a parameter; ${near === undefined ? known : `did you mean ${near}?`}`
  return new LimitConnError('ERR_LIMIT_CONN_UNKNOWN_OPTION', message)
}

function bad(text: string): Failure {
  return new Failure(400, 'ParameterInvalid', text)
}

function wholeTo(min: number, max: number): Parameter['check'] {
  const checkWhole = whole(min, max, `a whole number from ${min} to ${max}`)
  return (text, path) => checkWhole(numberIn(text) ?? text, path)
}

/** `4,6` */
function aList(text: string, path: string): readonly number[] {
  return aCandidateList(
    text.split(',').map((part) => numberIn(part) ?? part),
    path,
  )
}

/** Undefined for what is no decimal number. */
function numberIn(text: string): number | undefined {
  return /^\d+(?:\.\d+)?(?:e-?\d+)?$/i.test(text) ? Number(text) : undefined
}
