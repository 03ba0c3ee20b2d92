import { expect, it } from '@jest/globals'
import { Ledger } from '../../lib/store/ledger.ts'
import { Forgotten, WriteAgain, type Cell, type CellReply, type Store } from '../../lib/store/store.ts'

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

function ledgerOf(store: Store): Ledger {
  const options = { ttlMs: 60_000, syncMs: 30_000, commandTimeoutMs: 10_000 }
  const holdings = { activeUnder: () => 0, liveKeys: [] }
  return new Ledger(holdings, store, {
    ...options,
    onStoreError: 'local',
    instances: 1,
    tell: () => undefined,
  })
}

it('a wish that came while a cell without wishes was to be written again goes to the store, not to this process alone', async () => {
  const store = new HeldStore()
  const ledger = ledgerOf(store)
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

it('a cell that is refused is not written over and over while somebody waits behind another', async () => {
  const store = new HeldStore()
  const ledger = ledgerOf(store)
  const first = ledger.ask({ key: 'one', kind: 'take', max: 5 })
  await turn()
  const behind = ledger.ask({ key: 'one', kind: 'take', max: 5 })
  ledger.released('other')

  let refused = 0
  for (let n = 0; n < 200; n++) {
    const other = store.held.findIndex(({ cells }) => cells.some(({ key }) => key === 'other'))
    if (other >= 0) refused++
    store.held.splice(other, Number(other >= 0))[0]?.fail(new Forgotten('it was forgotten'))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(refused).toBeGreaterThan(0)
  expect(refused).toBeLessThan(20)

  for (const { answer } of store.held.splice(0)) answer()
  await turn()
  for (const { answer } of store.held.splice(0)) answer()
  expect([await first, await behind]).toMatchObject([{ isOver: true }, { isOver: true }])
  const closed = ledger.close()
  await turn()
  for (const { answer } of store.held.splice(0)) answer()
  await closed
})
