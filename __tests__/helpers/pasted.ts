import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from '@jest/globals'
import { transformSync } from '@swc/core'
import { Child } from './child.ts'
import { root, type Fence } from './fences.ts'

const preload = path.join(__dirname, 'preload-listen.js')
const compiler = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin/tsc')
const installed = [
  '@opentelemetry',
  '@types',
  'connect',
  'express',
  'ioredis',
  'pino',
  'prom-client',
  'redis',
  'socket.io',
  'socket.io-client',
  'supertest',
  'ws',
]

const tsconfig = {
  compilerOptions: {
    strict: true,
    module: 'node20',
    target: 'es2023',
    types: ['node'],
    noEmit: true,
  },
}

interface Listening {
  /** The port that the block names; 0 for a block that asks itself. */
  readonly asked: number
  readonly port: number
  readonly isTls: boolean
  readonly isHttp2: boolean
}

/** A project outside of this one, as a reader has it: limit-conn and what the block needs are installed. */
export class Project {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'limit-conn-docs-'))

  constructor() {
    mkdirSync(path.join(this.#folder, 'node_modules'))
    this.#install('limit-conn', root)
    for (const name of installed) this.#install(name, path.join(root, 'node_modules', name))
    for (const name of ['key.pem', 'cert.pem'])
      this.#write(name, readFileSync(path.join(__dirname, 'tls', name), 'utf8'))
  }

  /** Pastes a block into a file, runs it, asks its servers, and checks what it claims. */
  async run({ code, language }: Fence): Promise<void> {
    const file = this.#write('block.js', language === 'ts' ? withoutTypes(code) : code)
    const child = new Child(['-r', preload, file], { cwd: this.#folder })
    const servers = [...code.matchAll(/\.listen\(\s*([1-9]\d*)/g)].map(([, port]) => Number(port))

    if (servers.length === 0) {
      expect({ code: await child.exit(), said: child.stderr }).toMatchObject({ code: 0 })
    } else {
      const heard = child.messages as Listening[]
      await child.until('its servers listen', () => heard.length === servers.length)
      expect(heard.map(({ asked }) => asked)).toEqual(servers)
      for (const server of heard) await checkAnswer(server, code)
    }
    await checkOutput(child, code)
    await child.kill()
  }

  /** Type-checks blocks, each as a file of its own. */
  async check(fences: readonly Fence[]): Promise<void> {
    const files = fences.map(({ where, code }) => this.#write(`${where.replaceAll(/\W/g, '-')}.ts`, code))
    this.#write('tsconfig.json', JSON.stringify({ ...tsconfig, files }))
    const child = new Child([compiler, '-p', this.#folder])
    expect({ code: await child.exit(60_000), said: child.stdout }).toEqual({ code: 0, said: '' })
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #install(name: string, target: string): void {
    symlinkSync(target, path.join(this.#folder, 'node_modules', name), 'junction')
  }

  #write(name: string, content: string): string {
    const file = path.join(this.#folder, name)
    writeFileSync(file, content)
    return file
  }
}

function withoutTypes(code: string): string {
  return transformSync(code, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
    module: { type: 'commonjs' },
  }).code
}

/** The server answers 200, and with the body that stands as a comment behind `res.json(...)`. */
async function checkAnswer(server: Listening, code: string): Promise<void> {
  const header = code.includes('proxyProtocol:') ? 'PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n' : ''
  const { status, body } = await (server.isHttp2 ? askHttp2(server) : ask(server, header))
  expect({ status, body }).toMatchObject({ status: 200 })

  const claimed = /'\/',.*res\.json\(.*\/\/ (\{.*\})$/m.exec(code)?.[1]
  if (claimed) expect(JSON.parse(body)).toEqual(JSON.parse(asJson(claimed)))
}

/** An object as a person writes it: names without quotes, texts in single ones. */
function asJson(literal: string): string {
  return literal.replaceAll("'", '"').replaceAll(/(\w+):/g, '"$1":')
}

/** Asks, behind a header of the PROXY protocol if there is one. */
async function ask({ port, isTls }: Listening, header: string): Promise<{ status: number; body: string }> {
  const { get } = isTls ? https : http
  const address = { host: '127.0.0.1', port }
  const own = header === '' ? { agent: false } : { createConnection }
  const options = { ...address, ...own, rejectUnauthorized: false }

  function createConnection(): net.Socket {
    const socket = net.connect(address)
    socket.write(header)
    return socket
  }
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    get(options, resolve).on('error', reject)
  })
  return { status: response.statusCode!, body: await text(response) }
}

async function askHttp2({ port, isTls }: Listening): Promise<{ status: number; body: string }> {
  const session = http2.connect(`${isTls ? 'https' : 'http'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  })
  const stream = session.request({ ':path': '/' })
  const status = new Promise<number>((resolve, reject) => {
    for (const emitter of [session, stream]) emitter.on('error', reject)
    stream.on('response', (headers) => resolve(headers[':status']!))
  })
  const answer = { status: await status, body: await text(stream) }
  session.close()
  return answer
}

/** What stands as a comment behind a `console.log` is what it prints, in that order; `...` stands for anything. */
async function checkOutput(child: Child, code: string): Promise<void> {
  const claims = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].flatMap(([, claim]) =>
    claim!.split('...'),
  )
  await child.until(`it prints ${claims.join('...')}`, () => isInOrder(claims, child.stdout))
}

function isInOrder(parts: readonly string[], whole: string): boolean {
  let at = 0
  for (const part of parts) {
    const found = whole.indexOf(part.trim(), at)
    if (found < 0) return false
    at = found + part.trim().length
  }
  return true
}
