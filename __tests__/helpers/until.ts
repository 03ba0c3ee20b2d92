/** How long to wait for what comes soon, in milliseconds: longer than a machine that is busy with other things takes. */
export const patienceMs = Number(process.env['LIMIT_CONN_PATIENCE_MS'] ?? 15_000)

/** Waits for what a test has caused: polls without sleeping, and fails loudly. */
export async function until(what: string, isTrue: () => boolean, withinMs = patienceMs): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await nextTurn()
  }
}

/** Lets the event loop go round once. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets real time pass, for tests in which time itself is the subject. */
export function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
