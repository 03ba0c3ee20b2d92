import { describe, it } from '@jest/globals'
import { whole } from '../helpers/faults/stage.ts'
import { checkCopies } from '../helpers/faults/x9-copied.ts'
import { clientKinds } from '../helpers/redis/clients.ts'

describe.each(clientKinds)('X9, by %s: processes that are copies of one', (client) => {
  it.each(['its id', 'its id and its first number'] as const)('D1: get an id each: %s', async (what) => {
    await checkCopies(whole(client), what)
  })
})
