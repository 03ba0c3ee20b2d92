import type { IncomingMessage, ServerResponse } from 'node:http'
import { until } from './until.ts'

/** A handler that answers nobody until it is told. */
export class Held {
  readonly waiting: { req: IncomingMessage; res: ServerResponse }[] = []
  /** Times the handler ran. */
  runs = 0

  readonly handler = (req: IncomingMessage, res: ServerResponse): void => {
    this.runs++
    this.waiting.push({ req, res })
  }

  async arrived(n: number): Promise<void> {
    await until(`${n} held requests, ${this.waiting.length} so far`, () => this.waiting.length >= n)
  }

  /** Answers everybody who waits. */
  release(body = 'held'): void {
    for (const { res } of this.waiting.splice(0)) res.end(body)
  }
}
