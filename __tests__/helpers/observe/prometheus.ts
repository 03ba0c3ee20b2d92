import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach } from '@jest/globals'
import { aptGet, findOnPath, mayInstall } from '../apt.ts'
import { elapse, until } from '../until.ts'

const programs = ['prometheus', 'promtool']
const running: [ChildProcess, string][] = []

afterEach(async () => {
  for (const [child, folder] of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Sees to it that Prometheus is there. Installs it on Debian as root; elsewhere it says what to run. */
export function needPrometheus(): void {
  const isThere = (): boolean => programs.every((name) => findOnPath([name]))
  if (!isThere() && mayInstall()) {
    aptGet('update')
    aptGet('install', '--yes', '--no-install-recommends', 'prometheus')
  }
  if (isThere()) return
  throw new Error(
    'these tests need Prometheus: run `sudo apt-get install --no-install-recommends prometheus`, or `brew install prometheus`',
  )
}

/** What promtool has to say against metrics; it throws where it can not read them. */
export function lint(metrics: string): string {
  return execFileSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8', stdio: 'pipe' })
}

/** A value of a series, by the name of its labels. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [seconds: number, value: string]
}

interface Answer<T> {
  readonly status: string
  readonly data: T
  readonly error?: string
  readonly warnings?: readonly string[]
}

/** A Prometheus of a test: it scrapes each second, and ends with the test. */
export class Prometheus {
  readonly #url: string

  private constructor(url: string) {
    this.#url = url
  }

  /** Starts one that scrapes what is at these URLs, by the name of the job. */
  static async start(jobs: Readonly<Record<string, string>>): Promise<Prometheus> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'limit-conn-prometheus-'))
    const scrapes = Object.entries(jobs).map(([name, url]) => {
      const { host, pathname } = new URL(url)
      return { job_name: name, metrics_path: pathname, static_configs: [{ targets: [host] }] }
    })
    // JSON is YAML.
    const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: scrapes }
    writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config))

    const places = ['--config.file=prometheus.yml', '--storage.tsdb.path=data']
    const child = spawn('prometheus', [...places, '--web.listen-address=127.0.0.1:0'], { cwd: folder })
    running.push([child, folder])
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)))
    const port = (): string | undefined => /"Listening on" address=127\.0\.0\.1:(\d+)/.exec(said)?.[1]
    await until('Prometheus is there', () => /ready to receive/.test(said) && port() !== undefined)
    return new Prometheus(`http://127.0.0.1:${port()}/api/v1/`)
  }

  /** Asks a question of its HTTP API; an answer that is an error, or has warnings, is no answer. */
  async ask<T>(what: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(`${this.#url}${what}?${new URLSearchParams(parameters).toString()}`)
    const { data, ...rest } = (await response.json()) as Answer<T>
    if (rest.status === 'success' && rest.warnings === undefined) return data
    throw new Error(`${what} ${JSON.stringify(parameters)}: ${JSON.stringify(rest)}`)
  }

  /** The value of an expression now. */
  async query(expression: string): Promise<readonly Sample[]> {
    const { result } = await this.ask<{ result: readonly Sample[] }>('query', { query: expression })
    return result
  }

  /** Waits until an expression has as many values. */
  async has(count: number, expression: string): Promise<void> {
    const endMs = performance.now() + 15_000
    while ((await this.query(expression)).length !== count) {
      if (performance.now() > endMs) throw new Error(`no ${count} values of ${expression}`)
      await elapse(50)
    }
  }
}
