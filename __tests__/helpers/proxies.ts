import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach } from '@jest/globals'
import { connectTo, type Client } from './client.ts'
import { destroyAfter, type Served } from './server.ts'
import { elapse } from './until.ts'

const packages = ['haproxy', 'nginx', 'libnginx-mod-stream']
const install = `apt-get update && apt-get install --yes --no-install-recommends ${packages.join(' ')}`
const lock = path.join(tmpdir(), 'limit-conn-install.lock')
const moduleFile = '/usr/lib/nginx/modules/ngx_stream_module.so'

interface Running {
  readonly child: ChildProcess
  readonly folder: string
}

const running: Running[] = []

afterEach(async () => {
  for (const { child, folder } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Sees to it that HAProxy and nginx are there. Installs them on Debian as root; elsewhere it says what to run. */
export function needProxies(): void {
  if (areThere()) return
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    throw new Error(
      `these tests need HAProxy and nginx with its stream module; on Debian, as root: ${install}`,
    )

  // Test files run at one time: who comes second finds them installed. No service is to be started.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const patient = install.replaceAll('apt-get', 'apt-get -o DPkg::Lock::Timeout=240')
  execFileSync('flock', [lock, 'sh', '-c', patient], { env, stdio: 'pipe' })
  if (!areThere()) throw new Error(`HAProxy and nginx are not there after: ${install}`)
}

function areThere(): boolean {
  return find('haproxy') !== undefined && find('nginx') !== undefined && streamModule() !== undefined
}

function find(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin']
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file))
}

/** The line that loads the stream module of nginx: none where it is built in; undefined where there is none. */
function streamModule(): string | undefined {
  if (existsSync(moduleFile)) return `load_module ${moduleFile};`
  const { stderr } = spawnSync(find('nginx')!, ['-V'], { encoding: 'utf8' })
  return /--with-stream(?![=_])/.test(stderr) ? '' : undefined
}

/** Where the proxies of a test connect to, in the words of each. */
export interface Target {
  readonly haproxy: string
  readonly nginx: string
}

export function targetOf({ place }: Pick<Served, 'place'>): Target {
  if ('path' in place) return { haproxy: `unix@${place.path}`, nginx: `unix:${place.path}` }
  return { haproxy: `127.0.0.1:${place.port}`, nginx: `127.0.0.1:${place.port}` }
}

/** A proxy of a test, that clients come through. */
export class Proxy {
  readonly port: number

  private constructor(port: number) {
    this.port = port
  }

  /** HAProxy, with what `front` says of where it passes connections on; `mode http` there makes it speak HTTP. */
  static async haproxy(front: string): Promise<Proxy> {
    const [port, ready] = await freePorts()
    const config = `
      defaults
        mode tcp
        timeout check 5s
        timeout connect 5s
        timeout client 60s
        timeout server 60s
      listen ready
        bind 127.0.0.1:${ready}
        mode http
        http-request return status 200
      listen front
        bind 127.0.0.1:${port}
        ${front}
      `
    await start(find('haproxy')!, ['-db', '-f'], { config, ready })
    return new Proxy(port)
  }

  /** The stream module of nginx. */
  static async nginx(server: string): Promise<Proxy> {
    const [port, ready] = await freePorts()
    const config = `
      ${streamModule()}
      daemon off;
      master_process off;
      pid nginx.pid;
      error_log stderr;
      events { worker_connections 2048; }
      stream {
        server { listen 127.0.0.1:${ready}; return ok; }
        server { listen 127.0.0.1:${port}; ${server} }
      }
      `
    await start(find('nginx')!, ['-c'], { config, ready })
    return new Proxy(port)
  }

  /** Connects from an address of the loopback range, as a client of its own. */
  async connect(localAddress = '127.0.0.1', isTls = false): Promise<Client> {
    const client = await connectTo({ port: this.port, isTls }, { localAddress })
    destroyAfter(client)
    return client
  }
}

interface Start {
  readonly config: string
  /** Port that answers once all others are bound. */
  readonly ready: number
}

/** Starts a proxy, which ends with the test, and waits until it listens. */
async function start(file: string, args: readonly string[], { config, ready }: Start): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'limit-conn-proxy-'))
  const configFile = path.join(folder, 'proxy.conf')
  writeFileSync(configFile, `${config.replaceAll(/^ {6}/gm, '').trim()}\n`)

  const prefix = file.endsWith('nginx') ? ['-e', 'stderr', '-p', folder] : []
  const child = spawn(file, [...prefix, ...args, configFile], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)))
  running.push({ child, folder })
  while (!(await answers(ready))) {
    if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}\n${config}\n${said}`)
    await elapse(10)
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  const isThere = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return isThere
}

/** Two ports that are free. */
async function freePorts(): Promise<[number, number]> {
  const servers = [net.createServer(), net.createServer()]
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  for (const server of servers) await once(server.close(), 'close')
  return ports as [number, number]
}
