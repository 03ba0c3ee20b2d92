'use strict'

const config = require('../../jest.config.js')

// Each fault that processes and Redis can have, as often as it takes to believe it: `npm run test:faults`.
module.exports = {
  ...config,
  rootDir: '../..',
  testMatch: ['**/__tests__/faults/*.fault.ts'],
  testTimeout: 300_000,
  // They wait most of the time.
  maxWorkers: 2,
  verbose: true,
}
