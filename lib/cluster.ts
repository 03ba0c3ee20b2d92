export { ClusterZone, shareZones, type ClusterZoneOptions } from './store/cluster.ts'
export type { OnStoreError } from './store/own-share.ts'
export type { SharedZone } from './store/shared-zone.ts'
