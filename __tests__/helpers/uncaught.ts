/** Lets the process live through errors that nobody catches, as one with an `uncaughtException` listener, and tells them. */
export async function livingThrough(run: (uncaught: readonly string[]) => Promise<void>): Promise<void> {
  const uncaught: string[] = []
  process.setUncaughtExceptionCaptureCallback(({ message }) => uncaught.push(message))
  try {
    await run(uncaught)
  } finally {
    process.setUncaughtExceptionCaptureCallback(null)
  }
}
