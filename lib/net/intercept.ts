import type { Server } from 'node:net'

type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean

/** A server, whose `emit` is taken for what it is here: a property. */
interface Emitting {
  emit: Emit
}

/**
 * Is asked before an event reaches its listeners, with its first argument. It lets the event go on by `goOn`, at once or
 * later, or never.
 */
export type Intercept = (subject: unknown, goOn: () => boolean) => boolean

/** What stands around an `emit`. */
interface Layer {
  readonly below: Emit
  /** The server had an `emit` of its own before, not that of its class. */
  readonly isOwn: boolean
  isStopped: boolean
}

const layers = new WeakMap<Emit, Layer>()

/**
 * Stands before the listeners of some events of a server, those that are added later included. Returns what ends it.
 *
 * A listener of ours could not do that: one that is called first does not keep the others from being called.
 */
export function interceptEvents(server: Server, intercepts: Readonly<Record<string, Intercept>>): () => void {
  const target = server as Emitting
  const layer: Layer = { below: target.emit, isOwn: Object.hasOwn(server, 'emit'), isStopped: false }
  // A Map: what is emitted may have the name of a method of every object.
  const asked = new Map<string | symbol, Intercept>(Object.entries(intercepts))

  function emit(this: Server, event: string | symbol, ...args: unknown[]): boolean {
    const intercept = layer.isStopped ? undefined : asked.get(event)
    const goOn = (): boolean => Reflect.apply(layer.below, this, [event, ...args])
    return intercept ? intercept(args[0], goOn) : goOn()
  }

  layers.set(emit, layer)
  target.emit = emit
  return function stop(): void {
    layer.isStopped = true
    unwrap(target)
  }
}

/** Takes off the layers that are done, as long as they are the outermost: one of somebody else may stand around them. */
function unwrap(target: Emitting): void {
  for (let layer = layers.get(target.emit); layer?.isStopped; layer = layers.get(target.emit)) {
    if (layer.isOwn) target.emit = layer.below
    else delete (target as Partial<Emitting>).emit
  }
}
