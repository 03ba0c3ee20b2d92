import { describe, it } from '@jest/globals'
import { checkExact } from '../helpers/faults/exact.ts'
import { short } from '../helpers/faults/stage.ts'
import { checkWebSocket } from '../helpers/faults/websocket.ts'
import { checkKilled } from '../helpers/faults/x1-killed.ts'
import { checkPaused } from '../helpers/faults/x2-paused.ts'
import { checkClocksOfProcesses } from '../helpers/faults/x8-clocks.ts'
import { checkCopies } from '../helpers/faults/x9-copied.ts'

// The short form of __tests__/faults. What waits for cells to lapse waits together.
describe('four processes that share a zone', () => {
  it('D1, F32, F35, F63: are never above the limit together, over 5,000 opens in random order', async () => {
    await checkExact(short('ioredis'), { opens: 5_000 })
  })

  it('D1: with the connections of a guard', async () => {
    await checkExact(short('node-redis'), { opens: 1_000, keys: 2, holdMs: 30, carrier: 'sockets' })
  })

  it('X1, X2, X8, F22, F27, F47, F50: take over what one held that is killed or paused, whatever their clocks say', async () => {
    await Promise.all([
      checkKilled(short('node-redis')),
      checkPaused(short('ioredis'), 'SIGSTOP'),
      checkClocksOfProcesses(short('ioredis')),
    ])
  })

  it('X9: get an id each, where all are copies of one', async () => {
    await checkCopies(short('node-redis'), 'its id')
  })
})

describe('a WebSocket', () => {
  it('D9, F28: that lives five ttlMs is counted all the time', async () => {
    await checkWebSocket({ ...short('ioredis'), ttlMs: 800, syncMs: 250 })
  })
})
