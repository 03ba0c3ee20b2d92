import { expect, it } from '@jest/globals'
import { auditSlots } from '../../lib/core/audit.ts'
import { Holder } from '../../lib/core/holder.ts'
import { KeyRecord } from '../../lib/core/record.ts'
import { zoneOf } from '../helpers/policies.ts'

/** Records with so many slots, that say they have others. */
function records(...numbers: readonly [slots: number, said: number][]): KeyRecord[] {
  const zone = zoneOf()
  return numbers.map(([slots, said], index) => {
    if (slots === 0) return Object.assign(new KeyRecord('t:empty'), { active: said })
    for (let i = 0; i < slots; i++) zone.take(`t:${index}`, new Holder())
    return Object.assign([...zone.records].at(-1)!, { active: said })
  })
}

it.each<[string, number, [number, number][], boolean]>([
  ['nothing', 0, [], true],
  [
    'what is right',
    3,
    [
      [2, 2],
      [1, 1],
    ],
    true,
  ],
  [
    'a zone that says more than there is',
    4,
    [
      [2, 2],
      [1, 1],
    ],
    false,
  ],
  [
    'a zone that says less',
    2,
    [
      [2, 2],
      [1, 1],
    ],
    false,
  ],
  [
    'a key that says more, and another that says less',
    3,
    [
      [2, 1],
      [1, 2],
    ],
    false,
  ],
  [
    'a wrong key before a right one',
    3,
    [
      [2, 1],
      [1, 1],
    ],
    false,
  ],
  [
    'a right key before a wrong one',
    3,
    [
      [2, 2],
      [1, 2],
    ],
    false,
  ],
  [
    'a key without a slot that is held as live',
    1,
    [
      [1, 1],
      [0, 0],
    ],
    false,
  ],
])('an audit of %s', (_, active, numbers, isClean) => {
  const found = numbers.reduce((sum, [slots]) => sum + slots, 0)
  expect(auditSlots(active, records(...numbers))).toEqual({ active, found, gone: 0, stalled: 0, isClean })
})
