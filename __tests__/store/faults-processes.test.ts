import { describe, it } from '@jest/globals'
import { checkExact } from '../helpers/faults/exact.ts'
import { short } from '../helpers/faults/stage.ts'
import { checkWebSocket } from '../helpers/faults/websocket.ts'
import { checkKilled } from '../helpers/faults/x1-killed.ts'
import { checkPaused } from '../helpers/faults/x2-paused.ts'
import { checkClocksOfProcesses } from '../helpers/faults/x8-clocks.ts'
import { checkCopies } from '../helpers/faults/x9-copied.ts'

// The short form of __tests__/faults.
describe('four processes that share a zone', () => {
  it('D1, F63: are never above the limit together, over 5,000 opens in random order', async () => {
    await checkExact(short('ioredis'), { opens: 5_000 })
  })

  it('D1: with the connections of a guard', async () => {
    await checkExact(short('node-redis'), { opens: 1_000, keys: 2, holdMs: 30, carrier: 'sockets' })
  })

  it('X1, D2, F27, F47: get back within ttlMs what one held that was killed', async () => {
    await checkKilled(short('node-redis'))
  })

  it('X2, D3, F50: count one again that did nothing for twice ttlMs, and let nobody in before there is room', async () => {
    await checkPaused(short('ioredis'), 'SIGSTOP')
  })

  it('X8, D10, F50: do not look at the clocks of each other', async () => {
    await checkClocksOfProcesses(short('ioredis'))
  })

  it('X9: get an id each, where all are copies of one', async () => {
    await checkCopies(short('node-redis'), 'its id and its first number')
  })
})

describe('a WebSocket', () => {
  it('D9, F28: that lives five ttlMs is counted all the time', async () => {
    await checkWebSocket({ ...short('ioredis'), ttlMs: 800, syncMs: 250 })
  })
})
