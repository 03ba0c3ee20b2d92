import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { npm } from '../helpers/npm.ts'
import setup from '../helpers/redis/setup.ts'
import { root } from '../helpers/fences.ts'

/** Packs the package once, as `npm publish` does, for all the projects of this run; and starts a Redis for those with a client of it. */
export default async function pack(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'limit-conn-pack-'))
  await npm(root, ['pack', '--pack-destination', folder])
  process.env['LIMIT_CONN_PACKED'] = folder
  await setup()
}
