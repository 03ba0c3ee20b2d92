export { statusRouter, type StatusOptions, type StatusRouter } from './observe/status.ts'
