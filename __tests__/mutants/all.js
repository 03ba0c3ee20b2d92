'use strict'

// The tests of the core, of the keys, of logs and of shared counts in one file: Stryker loads all files for each of its
// changes.
const { readdirSync } = require('node:fs')
const path = require('node:path')
const { describe } = require('@jest/globals')

const load = (file) => require(`../${file}`)
// It has a hook that is to stand around all.
load('helpers/server.ts')

// Not those that fork, or need a Redis, and those that take long.
const left = /memory|-network|queue-changes|store\/(?!ledger\.test|forgotten|reserve|own-share)/
// The quickest to fail first, and last what listens: there a failure is told after seconds of waiting.
const order = [/zone\.model/, /core\/(?!queue|limiter)/, /key\/(?!custom|header|ip)/, /limiter/]

const files = ['core', 'key', 'log', 'store'].flatMap((folder) =>
  readdirSync(path.join(__dirname, '..', folder)).map((name) => `${folder}/${name}`),
)
const inOrder = files.filter((file) => !left.test(file)).toSorted((a, b) => rankOf(a) - rankOf(b))
for (const file of inOrder) {
  describe(file, () => {
    load(file)
    // They have hooks in common, which stand where they are first asked for.
    if (file === 'core/queue.test.ts') load('core/queue-changes.test.ts')
  })
}

function rankOf(file) {
  const rank = order.findIndex((pattern) => pattern.test(file))
  return rank < 0 ? order.length : rank
}
