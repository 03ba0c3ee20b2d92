import * as fc from 'fast-check'
import { aCalmStory, aStormyStory } from './steps.ts'
import { Play } from './story.ts'
import type { SimulatedTime } from './time.ts'

/** Plays random stories. Of one that goes wrong the seed is told, and the shortest that does. */
export async function checkStories(
  kind: 'calm' | 'stormy',
  startTime: () => SimulatedTime,
  parameters: fc.Parameters<unknown>,
): Promise<void> {
  const isCalm = kind === 'calm'
  const property = fc.asyncProperty(isCalm ? aCalmStory : aStormyStory, async (story) => {
    await new Play(startTime(), story, isCalm).play()
  })
  await fc.assert(property, parameters as object)
}
