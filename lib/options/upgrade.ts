import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Decision } from '../core/decision.ts'
import { checkCount } from './count.ts'
import type { Call, Limited } from './limits.ts'
import { requestChecks, requestDefaults, type CompiledRequests, type RequestSettings } from './middleware.ts'
import type { PolicyOptions } from './policy.ts'
import { aMessage, aReject, compileSettings } from './settings.ts'
import { requestSkip } from './skip.ts'

type Upgrade = [req: IncomingMessage, socket: Duplex]

/** Refuses an upgrade itself: it answers on the socket. The socket is closed soon after. */
export type UpgradeRejectHandler = Call<[...Upgrade, head: Buffer, decision: Decision], unknown>

/** Makes the body of a refusal: text, bytes or a JSON value. */
export type UpgradeMessageFunction = Call<[...Upgrade, decision: Decision], unknown>

/** The options of an upgrade listener, each by itself. */
export interface UpgradeOptions extends PolicyOptions<Upgrade>, RequestSettings {
  /** Body of a refusal: text, a JSON value or a function. @default a sentence that tells no limit */
  readonly message?: UpgradeMessageFunction | string | number | boolean | object | null
  /** How to refuse: answer, close the socket, reset it, or a handler of yours. @default 'respond' */
  readonly reject?: 'respond' | 'destroy' | 'reset' | UpgradeRejectHandler
}

/** The options of `limitUpgrade`; `limit` or `limits` is required. */
export type LimitUpgradeOptions = UpgradeOptions & Limited<Upgrade>

/** The options of `limitUpgrade`, compiled. */
export interface CompiledUpgrade extends CompiledRequests<UpgradeOptions> {
  readonly reject: 'respond' | 'destroy' | 'reset' | UpgradeRejectHandler
}

const kind = {
  checks: {
    ...requestChecks,
    message: aMessage('req, socket, decision'),
    reject: aReject(['respond', 'destroy', 'reset'], 'req, socket, head, decision'),
  },
  defaults: requestDefaults,
  compileSkip: requestSkip,
}

/** Checks and compiles the options of `limitUpgrade`. */
export function upgradeConfig(options: unknown, before?: CompiledUpgrade): CompiledUpgrade {
  const parsed = compileSettings<UpgradeOptions, CompiledUpgrade>(kind, options, before)
  checkCount(parsed)
  return parsed
}
