'use strict'

const { TestEnvironment } = require('jest-environment-node')

/** Skips what comes in a file after the first failure: one test that fails is enough to kill a mutant. */
module.exports = class extends TestEnvironment {
  #hasFailed = false

  handleTestEvent({ name, test }) {
    if (name === 'test_start' && this.#hasFailed) test.mode = 'skip'
    if (name === 'test_done' && test.errors.length > 0) this.#hasFailed = true
  }
}
