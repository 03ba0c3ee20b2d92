import type { QueueOptions } from '../core/queue.ts'
import { checkObject, invalid, whole } from './check.ts'

const aMax = whole(1, 65_536, 'a whole number from 1 to 65536')
const checks = {
  max: aMax,
  timeoutMs: whole(1, 600_000, 'a whole number of milliseconds from 1 to 600000'),
}

/** Checks the option `queue`. */
export function aQueue(value: unknown, path: string): Required<QueueOptions> | false {
  if (value === false) return false
  if (typeof value !== 'object' || value === null)
    throw invalid(path, value, 'false, or an object, such as { max: 10 }')
  const checked = checkObject(value, path, checks) as Partial<QueueOptions>
  const { timeoutMs = 5_000 } = checked
  return Object.freeze({ max: aMax(checked.max, `${path}.max`), timeoutMs })
}
