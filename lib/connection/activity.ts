/** Is told when bytes move. */
interface Listening {
  touch(): void
}

/**
 * Tells from now on when bytes move on a socket, also those that an HTTP parser takes past it, or on the streams of an
 * HTTP/2 session. Nothing public tells that without reading the bytes. Where Node has no such function, nothing is told.
 *
 * @see Node lib/net.js, Socket.prototype._unrefTimer, and lib/internal/http2/core.js, kUpdateTimer
 */
export function heedActivity(source: object, listening: Listening): void {
  const name = tickIn(source)
  const tick: unknown = name && Reflect.get(source, name)
  if (!name || typeof tick !== 'function') return

  Reflect.set(source, name, function tickAndTell(this: unknown): void {
    listening.touch()
    Reflect.apply(tick, this, [])
  })
}

/** Tells no more: an HTTP/2 session has what Node gave to all of them. */
export function forgetActivity(session: object): void {
  const name = tickIn(session)
  if (name) Reflect.deleteProperty(session, name)
}

function tickIn(source: object): string | symbol | undefined {
  return '_unrefTimer' in source ? '_unrefTimer' : symbolOf(source, 'kUpdateTimer')
}

/** A symbol of Node's own, by its description. */
function symbolOf(source: object, description: string): symbol | undefined {
  for (let one: object | null = source; one; one = Object.getPrototypeOf(one) as object | null) {
    const symbol = Object.getOwnPropertySymbols(one).find((each) => each.description === description)
    if (symbol) return symbol
  }
  return undefined
}
