'use strict'

// Puts the page, joined to one text, into dist: nothing is read from files when the package runs.
const { writeFileSync } = require('node:fs')
const path = require('node:path')

const file = path.join(__dirname, '../../../dist/observe/page-html.js')
const { html } = require(file)
const lines = [
  '"use strict";',
  'Object.defineProperty(exports, "__esModule", { value: true });',
  `exports.html = ${JSON.stringify(html)};`,
]
writeFileSync(file, `${lines.join('\n')}\n`)
