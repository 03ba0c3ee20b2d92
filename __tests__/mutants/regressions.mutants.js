'use strict'

/**
 * The causes of failures that others had, put back into our source one at a time. Each must turn a test red whose title
 * carries its id. `docs/regressions.md` has the list. Some change README.md or package.json.
 */
module.exports = [
  ...require('./regressions/f1-f20.js'),
  ...require('./regressions/f21-f42.js'),
  ...require('./regressions/f44-f60.js'),
  ...require('./regressions/f27-f63.js'),
  ...require('./regressions/a19-a41.js'),
]
