'use strict'

const config = require('../../jest.config.js')

// What takes network namespaces, or the time that a dead peer takes to be found: `npm run test:network`, as root.
module.exports = {
  ...config,
  globalSetup: undefined,
  globalTeardown: undefined,
  rootDir: '../..',
  testMatch: ['**/__tests__/network/*.net.ts'],
  testTimeout: 120_000,
  maxWorkers: 2,
  verbose: true,
}
