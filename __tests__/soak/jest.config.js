'use strict'

const config = require('../../jest.config.js')

// Long runs: `npm run soak`. SOAK_SECONDS says how long, half an hour by default.
module.exports = {
  ...config,
  globalSetup: undefined,
  globalTeardown: undefined,
  rootDir: '../..',
  testMatch: ['**/__tests__/soak/*.soak.ts'],
  testTimeout: 7_200_000,
  maxWorkers: 1,
  verbose: true,
}
