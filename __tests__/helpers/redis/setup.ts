import { launch } from './launch.ts'
import { keep } from './kept.ts'
import { programOrInstall } from './program.ts'

/** One server for all tests of a run, unless `REDIS_URL` names one; those that hurt a server start their own. */
export default async function setup(): Promise<void> {
  if (process.env['REDIS_URL']) return
  sayAndStopWithoutProgram()
  const server = await launch()
  process.env['REDIS_URL'] = `redis://127.0.0.1:${server.port}`
  keep(server)
}

/** One line, without the stack that jest would show. */
function sayAndStopWithoutProgram(): void {
  try {
    programOrInstall()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(1)
  }
}
