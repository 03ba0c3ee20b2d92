import * as fc from 'fast-check'
import { aCalmStory, aForgetfulStory, aStormyStory } from './steps.ts'
import { Play, type Kind } from './story.ts'
import type { SimulatedTime } from './time.ts'

const stories = { calm: aCalmStory, stormy: aStormyStory, forgetful: aForgetfulStory } as const

/** Plays random stories. Of one that goes wrong the seed is told, and the shortest that does. */
export async function checkStories(
  kind: Kind,
  startTime: () => SimulatedTime,
  parameters: fc.Parameters<unknown>,
): Promise<void> {
  const property = fc.asyncProperty(stories[kind], async (story) => {
    await new Play(startTime(), story, kind).play()
  })
  await fc.assert(property, parameters as object)
}
