'use strict'

// Runs tests of a room, and says how they went.
const { spawn } = require('node:child_process')
const events = require('node:events')
const { existsSync, readFileSync, rmSync } = require('node:fs')
const path = require('node:path')
const { root } = require('./room.js')

const patienceMs = 180_000
const runs = new Set()

process.on('exit', () => runs.forEach(end))

/**
 * Runs test files, those of their tests that have the title. Tells the titles of the tests
 * that failed, the files that could not be run at all, how many tests passed, and whether it hung. After a failure the
 * rest of its file is skipped.
 */
async function runTests(room, { tests, title, env }) {
  const report = path.join(room, 'report.json')
  rmSync(report, { force: true })

  const place = (name) => path.join(room, '__tests__/mutants', name)
  const flags = ['--ci', '--forceExit', '--json', `--outputFile=${report}`]
  const ways = [`--testEnvironment=${place('fail-fast.js')}`, `--setupFiles=${place('no-shrinking.js')}`]
  const pattern = title ? [`--testNamePattern=${title}`] : []
  const jest = spawn(
    process.execPath,
    [
      path.join(root, 'node_modules/jest/bin/jest.js'),
      ...flags,
      ...ways,
      ...pattern,
      '--runTestsByPath',
      ...tests,
    ],
    {
      cwd: room,
      env: { LIMIT_CONN_PATIENCE_MS: '5000', ...process.env, ...env },
      stdio: 'ignore',
      detached: true,
    },
  )
  const hung = await hasHung(jest)
  if (hung || !existsSync(report))
    return { failed: [], broken: ['jest ended without a report'], passed: 0, hung }
  return { ...read(room, report), hung }
}

/** Waits for a run to end; one that takes too long is ended with all its children. */
async function hasHung(jest) {
  runs.add(jest)
  let hung = false
  const timer = setTimeout(() => {
    hung = true
    end(jest)
  }, patienceMs)
  await events.once(jest, 'exit')
  clearTimeout(timer)
  end(jest)
  runs.delete(jest)
  return hung
}

/** The whole group: tests have children of their own. */
function end({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // They have ended.
  }
}

function read(room, report) {
  const { testResults, numPassedTests } = JSON.parse(readFileSync(report, 'utf8'))
  const failed = testResults.flatMap((file) =>
    file.assertionResults.filter(({ status }) => status === 'failed'),
  )
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    failed: failed.map(({ fullName }) => fullName),
    broken: broken.map(({ name, message }) => `${path.relative(room, name)}: ${message}`),
    passed: numPassedTests,
  }
}

module.exports = { runTests }
