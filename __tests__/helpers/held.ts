import type { IncomingMessage, ServerResponse } from 'node:http'
import { until } from './until.ts'

/** A handler that answers nobody until it is told. */
export class Held {
  readonly waiting: { req: IncomingMessage; res: ServerResponse }[] = []
  /** Times the handler ran. */
  runs = 0
  /** What was asked for, in the order in which it came here. */
  readonly paths: string[] = []

  readonly handler = (req: IncomingMessage, res: ServerResponse): void => {
    this.runs++
    this.paths.push(req.url!)
    this.waiting.push({ req, res })
  }

  async arrived(n: number): Promise<void> {
    await until(`${n} held requests, ${this.waiting.length} so far`, () => this.waiting.length >= n)
  }

  /** Answers the one that came first. */
  answerFirst(body = 'held'): void {
    this.waiting.shift()!.res.end(body)
  }

  /** Answers everybody who waits. */
  release(body = 'held'): void {
    for (const { res } of this.waiting.splice(0)) res.end(body)
  }
}
