import { tellDegraded } from '../core/channels.ts'
import type { ReadableKey } from '../core/key.ts'
import { reportTo } from '../core/sharing.ts'
import type { ZoneOptions } from '../core/zone-options.ts'
import { Zone } from '../core/zone.ts'
import { LimitConnError } from '../errors.ts'
import { Ledger, type LedgerOptions } from './ledger.ts'
import type { OnStoreError } from './own-share.ts'
import type { Store } from './store.ts'

/** What a shared zone is made of. */
export interface SharedParts {
  readonly zone: ZoneOptions
  readonly store: Store
  readonly ledger: Omit<LedgerOptions, 'tell'>
  /** Is called when the zone is closed. */
  readonly giveUpName: () => void
}

/** What each process does while they cannot ask each other. */
const alone: Readonly<Record<OnStoreError, string>> = {
  local: 'this process keeps to its share of the limits',
  reject: 'nobody new is let in',
  pass: 'INSECURE: this process lets in as many as the limits allow for all together',
}

/**
 * A zone that several processes share: `count` is the number of this process, `countAll` that of all. Statistics, `top`,
 * `kick` and `audit` are of this process.
 */
export class SharedZone extends Zone {
  /** @internal */
  override readonly share: Ledger
  readonly #onStoreError: OnStoreError
  readonly #giveUpName: () => void

  /** @internal */
  constructor({ zone, store, ledger, giveUpName }: SharedParts) {
    super(zone)
    this.#onStoreError = ledger.onStoreError
    this.#giveUpName = giveUpName
    this.share = new Ledger(this, store, { ...ledger, tell: (reason) => this.#tell(reason) })
  }

  /**
   * Slots taken under a key in all processes, the key read as by `count`.
   *
   * @throws LimitConnError ERR_LIMIT_CONN_STORE, as a rejection, where the others cannot be asked
   */
  async countAll(key: ReadableKey): Promise<number> {
    const totals = await Promise.all(this.keysFor(key).map(async (tagged) => await this.#totalUnder(tagged)))
    return totals.find((total) => total > 0) ?? 0
  }

  /**
   * Ends the zone of this process, to shut down: what it holds is given back, and the others are told at once. What is still
   * open is counted here alone. Resolves also where the store is away: what stands there lapses.
   */
  async close(): Promise<void> {
    this.#giveUpName()
    await this.share.close()
  }

  async #totalUnder(key: string): Promise<number> {
    const { others, isAlone } = await this.share.ask({ key, kind: 'look', max: Infinity })
    if (isAlone)
      throw new LimitConnError('ERR_LIMIT_CONN_STORE', `zone "${this.name}" cannot ask the other processes`)
    return this.activeUnder(key) + others
  }

  #tell(reason: string | undefined): void {
    const { name } = this
    tellDegraded(
      reason === undefined ? { zone: name, degraded: false } : { zone: name, degraded: true, reason },
    )
    if (reason === undefined) return reportTo(this, `zone "${name}" counts together with the others again`)

    const message = `zone "${name}" cannot ask the other processes (${reason}): ${alone[this.#onStoreError]}`
    reportTo(this, new LimitConnError('ERR_LIMIT_CONN_STORE', message))
  }
}
