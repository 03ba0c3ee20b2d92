import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach } from '@jest/globals'

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** A command that runs it as its own process, such as `ip netns exec` and a name. */
  readonly within?: readonly string[]
}

/** A process of Node that a test has started, and what it has said so far. It does not outlive the test. */
export class Child {
  readonly #process: ChildProcess
  readonly #sleepers = new Set<() => void>()
  stdout = ''
  stderr = ''
  /** What it sent by `process.send`. */
  readonly messages: unknown[] = []
  /** Its exit code, or the signal that ended it. */
  ended: number | string | undefined

  constructor(args: readonly string[], { env, cwd, within = [] }: ChildOptions = {}) {
    const [command = process.execPath, ...rest] = [...within, process.execPath, ...args]
    this.#process = spawn(command, rest, {
      env: { ...process.env, ...env },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#process.stdout!.on('data', (chunk) => (this.stdout += String(chunk)))
    this.#process.stderr!.on('data', (chunk) => (this.stderr += String(chunk)))
    this.#process.on('message', (message) => this.messages.push(message))
    // After `close` nothing more is said.
    this.#process.on('close', (code, signal) => (this.ended = code ?? signal ?? 'unknown'))
    for (const emitter of [this.#process.stdout!, this.#process.stderr!])
      emitter.on('data', () => this.#wake())
    for (const event of ['message', 'close']) this.#process.on(event, () => this.#wake())
    started.push(this)
  }

  /** Waits until it has said or sent what the caller waits for; fails if it ends before, or says nothing for long. */
  async until<T>(what: string, find: () => T | undefined | null | false, withinMs = 20_000): Promise<T> {
    const deadline = AbortSignal.timeout(withinMs)
    for (;;) {
      const found = find()
      if (found) return found
      if (this.ended !== undefined)
        throw new Error(`it ended with ${this.ended} before ${what}\n${this.said}`)
      if (deadline.aborted) throw new Error(`not within ${withinMs} ms: ${what}\n${this.said}`)
      await this.#change(deadline)
    }
  }

  /** Waits for a text on its standard output, and returns the first group. */
  async says(pattern: RegExp): Promise<string> {
    return this.until(`it says ${pattern}`, () => pattern.exec(this.stdout)?.[1])
  }

  /** Waits until it has ended by itself, and returns its exit code. */
  async exit(withinMs?: number): Promise<number | string> {
    await this.until('it exits', () => this.ended !== undefined, withinMs)
    return this.ended!
  }

  /** Sends it a message. */
  send(message: string): void {
    this.#process.send(message)
  }

  /** Sends it a question, and waits for the message that it answers with. */
  async ask(question: string, withinMs?: number): Promise<unknown> {
    const known = this.messages.length
    this.send(question)
    await this.until(`it answers ${question}`, () => this.messages.length > known, withinMs)
    return this.messages[known]
  }

  /** Waits for the first message, by which it tells that it is ready. */
  async ready(): Promise<unknown> {
    return this.until('it is ready', () => this.messages[0])
  }

  /** Sends it a signal, such as SIGSTOP. */
  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  async kill(): Promise<void> {
    if (this.ended !== undefined) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'close')
  }

  get said(): string {
    return `${this.stdout}${this.stderr}`
  }

  #wake(): void {
    for (const wake of this.#sleepers) wake()
  }

  #change(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#sleepers.delete(done)
        deadline.removeEventListener('abort', done)
        resolve()
      }
      this.#sleepers.add(done)
      deadline.addEventListener('abort', done)
    })
  }
}

const started: Child[] = []

afterEach(async () => {
  for (const child of started.splice(0)) await child.kill()
})
