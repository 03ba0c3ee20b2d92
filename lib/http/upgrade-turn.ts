import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection } from '../connection/connection.ts'
import type { Decision } from '../core/decision.ts'
import type { Args, Ask } from '../core/limit.ts'
import type { LimitConnError } from '../errors.ts'
import type { CompiledUpgrade } from '../options/upgrade.ts'
import { UpgradeExchange } from './exchange.ts'
import { quotaFields, type QuotaField } from './quota.ts'
import { answerError, refuseUpgrade, turnUpgradeAway } from './refuse-upgrade.ts'
import { Turn, type Door } from './turn.ts'

/** What listeners of `upgrade` and `connect` are called with. */
export type UpgradeCall = readonly [req: IncomingMessage, socket: Socket, head: Buffer]

/** A request that wants to leave HTTP: it is answered on its socket, or goes to a listener with it. */
export class UpgradeTurn extends Turn<CompiledUpgrade> {
  declare readonly exchange: UpgradeExchange
  readonly socket: Socket
  readonly head: Buffer
  /** What a refusal tells of the limits. */
  quotas: readonly QuotaField[] = []
  readonly #goOn: () => void

  constructor(
    door: Door<CompiledUpgrade>,
    connection: Connection,
    [[req, socket, head], goOn]: UpgradeTurnStart,
  ) {
    super(door, req, UpgradeExchange.of(connection, req))
    this.socket = socket
    this.head = head
    this.#goOn = goOn
  }

  /** The parser has gone, which ends the connection of any other request. */
  override get hasLeft(): boolean {
    return this.socket.readableEnded
  }

  override get args(): Args {
    return [this.req, this.socket]
  }

  override pass(): void {
    this.connection.isUpgraded = true
    this.#goOn()
  }

  override fail(error: LimitConnError): void {
    this.door.journal.error(error, this.req)
    answerError(this)
  }

  override refuse(decision: Decision): void {
    refuseUpgrade(this, decision)
  }

  override turnAway(): void {
    turnUpgradeAway(this)
  }

  override tellQuotas(asks: readonly Ask[]): void {
    this.quotas = quotaFields(this.exchange, asks)
  }

  override cut(): void {
    this.connection.destroy()
  }
}

type UpgradeTurnStart = readonly [call: UpgradeCall, goOn: () => void]
