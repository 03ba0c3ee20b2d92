import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { aptGet, findOnPath, mayInstall } from '../apt.ts'

const names = ['redis-server', 'valkey-server']

/** The path of a Redis or Valkey server on this machine. */
export function findProgram(): string | undefined {
  return findOnPath(names)
}

/** As {@link findProgram}; installs it where that may be done, and else stops with the line to run. */
export function programOrInstall(): string {
  const found = findProgram() ?? (mayInstall() ? install() : undefined)
  if (found) return found

  throw new Error(
    'the tests need redis-server or valkey-server: run `sudo apt-get install redis-server` or `brew install redis`, or set REDIS_URL',
  )
}

/** Debian starts the service that it installs, unless this file says no. */
const policy = '/usr/sbin/policy-rc.d'

function install(): string | undefined {
  const keepsQuiet = !existsSync(policy)
  if (keepsQuiet) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    aptGet('update')
    aptGet('install', '--yes', '--no-install-recommends', 'redis-server')
  } finally {
    if (keepsQuiet) rmSync(policy)
  }
  return findProgram()
}
