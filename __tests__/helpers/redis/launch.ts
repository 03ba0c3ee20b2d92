import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { programOrInstall } from './program.ts'

export interface LaunchOptions {
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Makes what must lie in its folder before it starts. Those files come first among its arguments. */
  readonly files?: (folder: string) => readonly string[]
}

/** A server of Redis, as one process. */
export interface Launched {
  readonly pid: number
  readonly port: number
  /** Ends it at once, as SIGKILL does. */
  kill(): Promise<void>
}

/**
 * A shell that ends with the server, and kills it when its own input ends: when the process that started it does, in
 * whichever way. No server outlives its tests.
 */
const keeper = `
  exec 3<&0
  "$@" & pid=$!
  echo "pid $pid"
  (cat <&3; kill -9 $pid) >/dev/null 2>&1 &
  exec 3<&-
  wait $pid`

const readySigns = /Ready to accept connections|Sentinel ID is/

/** Starts a server on a free port of loopback; it writes nothing to a disk. */
export async function launch(options: LaunchOptions = {}): Promise<Launched> {
  programOrInstall()
  for (let attempt = 1; ; attempt++) {
    try {
      return await launchOn(await freePort(), options)
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}

/** As {@link launch}, on a port that has been free. */
export async function launchOn(port: number, options: LaunchOptions = {}): Promise<Launched> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'limit-conn-redis-'))
  const shell = spawn('/bin/sh', ['-c', keeper, 'sh', programOrInstall(), ...argsOf(port, folder, options)], {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const hasEnded = once(shell, 'exit')

  async function kill(): Promise<void> {
    shell.ref()
    shell.stdin.end()
    await hasEnded
    shell.stdout.destroy()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const pid = await readyPid(shell)
    shell.unref()
    for (const stream of [shell.stdin, shell.stdout]) (stream as net.Socket).unref()
    return { pid, port, kill }
  } catch (error) {
    await kill()
    throw error
  }
}

function argsOf(port: number, folder: string, { args = [], files }: LaunchOptions): string[] {
  const given = files?.(folder) ?? []
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--daemonize', 'no']
  return [...given, ...own, ...(given.length > 0 ? [] : forgetful), ...args]
}

/** Nothing is written to a disk, and a replica need not wait for others. */
const forgetful = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0']

/** Waits until it takes connections, and returns the id of its process. */
function readyPid(shell: ChildProcess): Promise<number> {
  let said = ''
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => fail('did not start within 20 s'), 20_000)
    shell.once('exit', () => fail('ended'))
    shell.stdout!.on('data', listen)

    function listen(chunk: Buffer): void {
      said += String(chunk)
      if (!readySigns.test(said)) return
      clearTimeout(deadline)
      shell.stdout!.off('data', listen).resume()
      resolve(Number(/pid (\d+)/.exec(said)![1]))
    }
    function fail(why: string): void {
      clearTimeout(deadline)
      reject(new Error(`a server of Redis ${why}\n${said}`))
    }
  })
}

/**
 * A port that is free now, and the one 10,000 above it, which a cluster takes. Below those that clients get: a client
 * that tries a dead port of that range again and again may in the end connect to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 10_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const server = net.createServer()
  return new Promise((resolve) => {
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
