import { stopKept } from './kept.ts'

/** Ends what {@link setup} has started. */
export default async function teardown(): Promise<void> {
  await stopKept()
}
