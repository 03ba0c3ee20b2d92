import { expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { First } from '../../lib/core/first.ts'

it('is what a stable sort puts first', () => {
  const anItem = fc.record({ rank: fc.integer({ min: 0, max: 9 }), number: fc.nat() })
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 60 }), fc.integer({ min: -1, max: 20 }), (items, n) => {
      const compare = (a: { rank: number }, b: { rank: number }): number => a.rank - b.rank
      const first = new First(n, compare)
      for (const item of items) first.add(item)
      expect(first.items).toEqual(items.toSorted(compare).slice(0, Math.max(0, n)))
    }),
    { numRuns: 1_000 },
  )
})
