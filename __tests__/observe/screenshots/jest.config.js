'use strict'

const config = require('../../../jest.config.js')

// Makes the pictures of the documents, from real servers under load: `npm run screenshots`.
module.exports = {
  ...config,
  rootDir: '../../..',
  testMatch: ['**/__tests__/observe/screenshots/*.screenshot.ts'],
  testTimeout: 400_000,
  verbose: true,
}
