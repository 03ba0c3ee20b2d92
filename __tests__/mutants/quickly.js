'use strict'

const fc = require('fast-check')

// Stryker runs each property a thousand times: less than half a second has to do, and nobody reads the smallest case.
fc.configureGlobal({ interruptAfterTimeLimit: 400, endOnFailure: true })

// The runner of Stryker has a connection to its parent, which the harness would take for one that a test has left open.
const ask = process.getActiveResourcesInfo.bind(process)
const before = ask().filter((name) => name === 'TCPSocketWrap').length

process.getActiveResourcesInfo = function withoutRunner() {
  let rest = before
  return ask().filter((name) => name !== 'TCPSocketWrap' || rest-- <= 0)
}
