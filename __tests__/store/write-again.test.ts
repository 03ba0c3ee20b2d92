import { expect, it } from '@jest/globals'
import { Ledger } from '../../lib/store/ledger.ts'
import { WriteAgain, type Cell, type CellReply, type Store } from '../../lib/store/store.ts'

/** Full, and held up: each command waits until it is told how it goes. */
class HeldStore implements Store {
  readonly lapses = true
  onLost = (): void => undefined
  readonly held: {
    readonly cells: readonly Cell[]
    readonly fail: (cause: Error) => void
    readonly answer: () => void
  }[] = []

  batches(keys: Iterable<string>): readonly (readonly string[])[] {
    return [[...keys]]
  }

  write(cells: readonly Cell[]): Promise<readonly CellReply[]> {
    return new Promise((resolve, reject) => {
      const replies = cells.map(({ wishes }) => ({ others: 9, isOver: wishes.map(() => true) }))
      this.held.push({ cells, fail: reject, answer: () => resolve(replies) })
    })
  }

  async beat(): Promise<number> {
    return 1
  }

  async leave(): Promise<void> {
    // Nothing stands here.
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

it('a wish that came while a cell without wishes was to be written again goes to the store, not to this process alone', async () => {
  const store = new HeldStore()
  const options = { ttlMs: 60_000, syncMs: 30_000, commandTimeoutMs: 10_000 }
  const ledger = new Ledger({ activeUnder: () => 0, liveKeys: [] }, store, {
    ...options,
    onStoreError: 'local',
    instances: 1,
    tell: () => undefined,
  })
  ledger.released('one')
  await turn()
  const granted = ledger.ask({ key: 'one', kind: 'take', max: 5 })
  store.held.shift()!.fail(new WriteAgain('the cell had another number'))
  await turn()
  for (const { answer } of store.held.splice(0)) answer()

  expect(await granted).toMatchObject({ isOver: true, isAlone: false, others: 9 })
  const closed = ledger.close()
  await turn()
  for (const { answer } of store.held.splice(0)) answer()
  await closed
})
