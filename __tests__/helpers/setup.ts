import { mayInstall } from './apt.ts'
import { chromiumOrInstall } from './observe/chromium.ts'
import startRedis from './redis/setup.ts'

/**
 * What the tests of a run need besides npm. Chromium is installed here where that may be done, once and not by several test files at
 * one time; elsewhere those that need it say so.
 */
export default async function setup(): Promise<void> {
  if (mayInstall()) chromiumOrInstall()
  await startRedis()
}
