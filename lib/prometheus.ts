export { collect, type CollectOptions, type Collected, type MetricRegistry } from './observe/prometheus.ts'
export type { ZoneList } from './observe/zone-list.ts'
