'use strict'

const config = require('../../jest.config.js')

// Each fault that processes and Redis can have, as often as it takes to believe it: `npm run test:faults`.
module.exports = {
  ...config,
  rootDir: '../..',
  testMatch: ['**/__tests__/faults/*.fault.ts'],
  testTimeout: 300_000,
  // They measure time: one after the other.
  maxWorkers: 1,
  verbose: true,
}
