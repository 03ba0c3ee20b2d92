import { describe, it } from '@jest/globals'
import { fuzzing } from '../helpers/fuzz/settings.ts'
import { expectInjective, expectKeyOrReason } from '../helpers/fuzz/templates.ts'

describe('byTemplate', () => {
  it('gives two different lists of values two keys, NUL and backslash included', () => {
    expectInjective(fuzzing(10_000))
  }, 60_000)

  it('refuses random text for a reason, and tells a key of any request where it does not', () => {
    expectKeyOrReason(fuzzing(5_000))
  }, 60_000)
})
