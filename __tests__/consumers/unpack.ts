import { rmSync } from 'node:fs'

/** Removes what `pack` has made. */
export default function unpack(): void {
  rmSync(process.env['LIMIT_CONN_PACKED']!, { recursive: true, force: true })
}
