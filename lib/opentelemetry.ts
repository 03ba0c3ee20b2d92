export { collect, type Collected } from './observe/opentelemetry.ts'
export type { ZoneList } from './observe/zone-list.ts'
