'use strict'

const path = require('node:path')
const config = require('../../jest.config.js')

module.exports = {
  ...config,
  rootDir: '../..',
  // By their paths: Stryker knows no <rootDir> here.
  testEnvironment: path.join(__dirname, 'fail-fast.js'),
  setupFiles: [path.join(__dirname, 'quickly.js')],
  testMatch: ['**/__tests__/mutants/all.js'],
}
