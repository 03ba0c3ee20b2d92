import type { Socket } from 'node:net'

/** What is done with a socket that is waited for. */
export interface Waiting {
  /** Looks at what has come. What it returns is called, and then the wait is over. */
  readonly look: () => (() => void) | undefined
  /** The wait is over, and nothing came of it. */
  readonly giveUp: (cause: 'late' | 'ended') => void
}

/** Waits for bytes of a socket that nobody reads yet. Afterwards it is as if nobody had. */
export function waitForBytes(socket: Socket, timeoutMs: number, { look, giveUp }: Waiting): void {
  const timer = setTimeout(() => finish(() => giveUp('late')), timeoutMs)

  function onReadable(): void {
    const next = look()
    if (next) finish(next)
  }
  function onEnd(): void {
    finish(() => giveUp('ended'))
  }
  function finish(next: () => void): void {
    clearTimeout(timer)
    socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd)
    next()
  }
  socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd)
}

/**
 * Calls back when a socket that was waited for has forgotten that: Node sets back the mode of a stream one tick after
 * its last listener of `readable` has gone, and would undo what a new reader does before.
 *
 * @see Node lib/internal/streams/readable.js, updateReadableListening
 */
export function whenForgotten(socket: Socket, isPaused: boolean, next: () => void): void {
  process.nextTick(() => {
    if (socket.destroyed) return
    if (isPaused) socket.pause()
    next()
  })
}
