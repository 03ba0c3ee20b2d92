export { RedisZone, type RedisZoneOptions } from './store/redis.ts'
export type { OnStoreError } from './store/own-share.ts'
export type { SharedZone } from './store/shared-zone.ts'
export type { IoRedisClient, NodeRedisClient, OtherRedisClient, RedisClient } from './store/redis-client.ts'
