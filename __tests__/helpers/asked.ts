import type { Socket } from 'node:net'
import { until } from './until.ts'

/** A function of a guard's options that answers when it is told. */
export class Asked<T> {
  /** Sockets it was asked about, in order. */
  readonly sockets: Socket[] = []
  readonly #waiting: ((value: T) => void)[] = []

  readonly ask = (socket: Socket): Promise<T> => {
    this.sockets.push(socket)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Waits until it was asked so often, and returns the last socket. */
  async arrived(n: number): Promise<Socket> {
    await until(`it is asked ${n} times`, () => this.sockets.length >= n)
    return this.sockets[n - 1]!
  }

  /** Answers everybody who waits. */
  answer(value: T): void {
    for (const resolve of this.#waiting.splice(0)) resolve(value)
  }
}
