import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from '@jest/globals'
import { Child } from './child.ts'
import { npm } from './npm.ts'

const projects = path.join(__dirname, '../consumers/projects')

/** What a program did that has ended. */
export interface Ran {
  readonly code: number | string
  readonly said: string
}

/**
 * A project of a user, outside of this one: the packed package, and what else the user has, installed by npm. No script of
 * any package runs at that.
 */
export class Consumer {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'limit-conn-consumer-'))

  private constructor() {
    this.write('package.json', JSON.stringify({ private: true }))
    installed.push(this)
  }

  /** Installs the package beside others, as `npm install limit-conn express@5` does. */
  static async install(...packages: readonly string[]): Promise<Consumer> {
    return Consumer.#make([packed(), ...packages])
  }

  /** Installs others only, such as compilers that several projects use. */
  static async tools(...packages: readonly string[]): Promise<Consumer> {
    return Consumer.#make(packages)
  }

  static async #make(packages: readonly string[]): Promise<Consumer> {
    const consumer = new Consumer()
    const quietly = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts']
    await npm(consumer.folder, ['install', ...quietly, ...packages])
    return consumer
  }

  /** Copies the sources of a project, from a folder of `__tests__/consumers/projects`. */
  copy(name: string, to = '.'): this {
    cpSync(path.join(projects, name), path.join(this.folder, to), { recursive: true })
    return this
  }

  write(name: string, content: string): void {
    writeFileSync(path.join(this.folder, name), content)
  }

  read(name: string): string {
    return readFileSync(path.join(this.folder, name), 'utf8')
  }

  /** Names of the packages that npm has installed, those of a scope and those inside of others too. */
  get packages(): string[] {
    const { packages } = JSON.parse(this.read('node_modules/.package-lock.json')) as { packages: object }
    return Object.keys(packages)
      .map((place) => place.replace(/^node_modules\//, ''))
      .toSorted()
  }

  /** Starts a program of Node. */
  start(...args: readonly string[]): Child {
    return new Child(args, { cwd: this.folder })
  }

  /** Runs a program of Node to its end. */
  async run(...args: readonly string[]): Promise<Ran> {
    const child = this.start(...args)
    return { code: await child.exit(110_000), said: child.said }
  }

  /** Starts a server, and returns the port that it prints. */
  async serve(...args: readonly string[]): Promise<number> {
    return Number(await this.start(...args).says(/^listening on (\d+)$/m))
  }
}

const installed: Consumer[] = []

afterAll(() => {
  for (const { folder } of installed.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function packed(): string {
  const folder = process.env['LIMIT_CONN_PACKED']
  if (folder === undefined) throw new Error('these tests run by `npm run test:consumers`')
  return path.join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
  )
}
