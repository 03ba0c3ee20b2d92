import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { LaunchOptions } from './launch.ts'

/** Has a server live in another time, which is off by so many seconds; throws where the machine has no libfaketime. */
export function inTimeOff(seconds: number): LaunchOptions {
  const sign = seconds < 0 ? '-' : '+'
  return {
    env: {
      // The memory of glibc: that of Redis asks for the time before libfaketime can answer.
      LD_PRELOAD: `${libraryOrThrow()} libc.so.6`,
      FAKETIME: `${sign}${Math.abs(seconds)}s`,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  }
}

function libraryOrThrow(): string {
  const parents = ['/usr/lib', '/usr/lib64', '/usr/local/lib'].filter(existsSync)
  const folders = parents.flatMap((parent) => [
    parent,
    ...readdirSync(parent).map((name) => path.join(parent, name)),
  ])
  const library = folders.map((folder) => path.join(folder, 'faketime/libfaketime.so.1')).find(existsSync)
  if (library) return library
  throw new Error('a server in another time needs libfaketime: run `sudo apt-get install libfaketime`')
}
