'use strict'

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['**/__tests__/**/*.test.ts'],
  testTimeout: 30_000,
  // A server of Redis, and Chromium, for those that need them.
  globalSetup: '<rootDir>/__tests__/helpers/setup.ts',
  globalTeardown: '<rootDir>/__tests__/helpers/redis/teardown.ts',
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } },
    ],
  },
}
