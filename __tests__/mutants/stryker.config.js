'use strict'

const { tmpdir } = require('node:os')
const path = require('node:path')

const place = path.join(tmpdir(), 'limit-conn-stryker')

// Runs of the model test, which covers nearly all of the core: enough to find what it finds at all, nearly always.
process.env.LIMIT_CONN_RUNS ??= '150'

// Each change that Stryker can think of in the core, the keys and what tells of them, against their own tests:
// `npm run stryker`.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
module.exports = {
  mutate: ['lib/core/**/*.ts', 'lib/key/**/*.ts', 'lib/log/{flood,journal}.ts', 'lib/store/own-share.ts'],
  // Nearly all texts are those of messages.
  mutator: { excludedMutations: ['StringLiteral'] },
  testRunner: 'jest',
  jest: { configFile: '__tests__/mutants/jest.stryker.config.js', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  // What runs once when a file is loaded takes all tests for each change.
  ignoreStatic: true,
  concurrency: 1,
  timeoutMS: 3_000,
  // It would be rewritten by means of an interface of TypeScript that version 7 has not. No test reads it.
  tsconfigFile: 'none',
  ignorePatterns: ['coverage', 'docs', 'bench', 'examples'],
  incremental: true,
  incrementalFile: path.join(place, 'incremental.json'),
  tempDirName: path.join(place, 'sandboxes'),
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false },
  jsonReporter: { fileName: path.join(place, 'report.json') },
}
