// TypeScript 6 and 7 load no types of @types that nobody names; without this line `req` would silently be `any` there.
/// <reference types="node" preserve="true" />

export { Limiter, type Accepted } from './core/limiter.ts'
export { Zone, type ZoneOptions } from './core/zone.ts'
export { limitConn, type LimitConn } from './http/middleware.ts'
export { limitUpgrade, type LimitUpgrade, type UpgradeHandler } from './http/upgrade.ts'
export { limitServer, type LimitServer } from './net/guard.ts'
export type { ProxyFault, ProxyHeaders } from './net/proxy-protocol.ts'
export type { RequestStatus } from './http/status.ts'
export { byIp, type ByIp, type ByIpOptions } from './key/ip.ts'
export { byHeader, type ByHeader, type ByHeaderOptions } from './key/header.ts'
export { byTemplate, type ByTemplate, type ByTemplateOptions } from './key/template.ts'
export { LimitConnError, isLimitConnError, type LimitConnErrorCode } from './errors.ts'
export type { AddressKey, KeyValue, ReadableKey } from './core/key.ts'
export type { Advice, AdviseOptions, Candidate, HitKey } from './core/advice.ts'
export type { Suggestion } from './core/suggestion.ts'
export type { TopKey } from './core/top.ts'
export type { Audit } from './core/audit.ts'
export type { DrainReport } from './core/drain.ts'
export type { Decision, Status } from './core/decision.ts'
export type { Lease } from './core/lease.ts'
export type { Cause, ZoneStats } from './core/stats.ts'
export type {
  ClosedEvent,
  DegradedEvent,
  ExhaustedEvent,
  PassedEvent,
  QueuedEvent,
  RejectedEvent,
  ReleaseCause,
  ReleasedEvent,
  WarningEvent,
} from './core/channels.ts'
export type { OnLimit } from './core/evict.ts'
export type { QueueOptions } from './core/queue.ts'
export type { SetConfigOptions } from './core/policy.ts'
export type { Source } from './core/source.ts'
export type { TrustProxy } from './key/trust.ts'
export type { Level, Logger } from './log/logger.ts'
export type { WarningName, WarningOptions } from './log/warner.ts'
export type { Limited, LimitOptions } from './options/limits.ts'
export type { SourceOptions, LimiterOptions, PolicyOptions } from './options/policy.ts'
export type {
  MiddlewareOptions,
  MessageFunction,
  LimitConnOptions,
  RejectHandler,
  SkipFunction,
} from './options/middleware.ts'
export type { LimitServerOptions, ServerOptions, SocketRejectHandler } from './options/server.ts'
export type { ProxyProtocolOptions } from './options/proxy-protocol.ts'
export type { SweepOptions } from './options/settings.ts'
export type {
  LimitUpgradeOptions,
  UpgradeMessageFunction,
  UpgradeOptions,
  UpgradeRejectHandler,
} from './options/upgrade.ts'
