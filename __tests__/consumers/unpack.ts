import { rmSync } from 'node:fs'
import teardown from '../helpers/redis/teardown.ts'

/** Removes what `pack` has made, and ends what it has started. */
export default async function unpack(): Promise<void> {
  await teardown()
  rmSync(process.env['LIMIT_CONN_PACKED']!, { recursive: true, force: true })
}
