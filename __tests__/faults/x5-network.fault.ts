import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkChurned, checkCutOff, checkFlooded } from '../helpers/faults/x5-network.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

const troubles = [
  'cuts',
  'a delay of 200 ms',
  'a black hole',
  'a black hole for replies',
  'cuts before the reply',
  'refused connections',
] as const

describe.each(clientKinds)('X5, by %s: a network in trouble', (client) => {
  it.each(troubles)('D6: lets in what each may by itself, and no more: %s', async (by) => {
    await checkFlooded(whole(client), by)
  })

  it.each(troubles)('D7, D8, A-55: loses nothing that was given back: %s', async (by) => {
    await checkChurned(whole(client), by)
  })

  it('D6: cuts one process of four off', async () => {
    await checkCutOff(whole(client))
  })
})
