/** Longest time that is worked before other work has its turn, in milliseconds. */
const sliceMs = 2
/** Visits between two looks at the clock: each takes a few microseconds, up to a hundred where something is closed. */
const stride = 10

/**
 * Visits all there is, in slices: what else the process has to do is done between them. What is added meanwhile is
 * visited, what is taken away is not. One that throws does not keep the others from being visited.
 */
export async function inSlices<T>(all: Iterable<T>, visit: (one: T) => void): Promise<void> {
  let visits = 0
  let startMs = performance.now()

  for (const one of all) {
    tryTo(visit, one)
    if (++visits % stride > 0 || performance.now() - startMs < sliceMs) continue
    await new Promise((resolve) => setImmediate(resolve))
    startMs = performance.now()
  }
}

function tryTo<T>(visit: (one: T) => void, one: T): void {
  try {
    visit(one)
  } catch {
    // A foreign stream that cannot be asked, or closed, is left to its own events.
  }
}
