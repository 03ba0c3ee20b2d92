import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs npm in a folder, and returns what it prints; fails with all of it. */
export async function npm(folder: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run('npm', args, { cwd: folder, maxBuffer: 16 * 1024 * 1024 })
  return stdout
}
