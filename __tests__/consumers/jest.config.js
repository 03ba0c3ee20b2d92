'use strict'

const config = require('../../jest.config.js')

// The packed package, installed by npm into projects of its users: `npm run test:consumers`. It needs the registry of npm.
module.exports = {
  ...config,
  rootDir: '../..',
  testMatch: ['**/__tests__/consumers/*.consumer.ts'],
  globalSetup: '<rootDir>/__tests__/consumers/pack.ts',
  globalTeardown: '<rootDir>/__tests__/consumers/unpack.ts',
  testTimeout: 120_000,
  maxWorkers: 2,
  verbose: true,
}
