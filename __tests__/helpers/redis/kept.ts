import type { Launched } from './launch.ts'

/** What setup and teardown of jest share: they are not sure to load the same modules. */
const shared = globalThis as { limitConnRedis?: Launched | undefined }

export function keep(server: Launched): void {
  shared.limitConnRedis = server
}

export async function stopKept(): Promise<void> {
  const { limitConnRedis: server } = shared
  if (!server) return
  delete shared.limitConnRedis
  delete process.env['REDIS_URL']
  await server.kill()
}
