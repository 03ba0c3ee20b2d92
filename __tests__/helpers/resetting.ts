import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Runs in a thread of its own: connects, writes a whole request, resets; tells when a wave of them is over. */
const clients = `
const net = require('node:net')
const { parentPort, workerData } = require('node:worker_threads')
const { port, request, done } = workerData

parentPort.on('message', (wave) => {
  let open = wave
  for (let i = 0; i < wave; i++) {
    const socket = net.connect({ port, host: '127.0.0.1' })
    socket.on('error', () => undefined)
    socket.on('connect', () => socket.write(request, () => socket.resetAndDestroy()))
    socket.on('close', () => {
      if (--open > 0) return
      Atomics.add(done, 0, 1)
      Atomics.notify(done, 0)
    })
  }
})`

/** Clients that ask and reset, all of them while this thread, and so the server, stands still. */
export class Resetting {
  readonly #done = new Int32Array(new SharedArrayBuffer(4))
  readonly #worker: Worker

  constructor(port: number, request: string) {
    this.#worker = new Worker(clients, { eval: true, workerData: { port, request, done: this.#done } })
    this.#worker.unref()
  }

  async ready(): Promise<void> {
    await once(this.#worker, 'online')
  }

  /** Blocks the event loop until the whole wave has come and gone; the kernel keeps what it left. */
  wave(size: number): void {
    const waves = Atomics.load(this.#done, 0)
    this.#worker.postMessage(size, [])
    if (Atomics.wait(this.#done, 0, waves, 10_000) === 'timed-out') throw new Error('the wave is not over')
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
