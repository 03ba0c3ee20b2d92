'use strict'

const { readFileSync } = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '..')

/** Where and with what it was measured. Nothing that tells whose machine it is. */
function describeMachine(cores) {
  const [cpu] = os.cpus()
  const kernel = /^[\d.]*\d/.exec(os.release())?.[0] ?? 'unknown'
  return [
    ['processor', `${cpu?.model.trim() ?? 'unknown'}, ${os.cpus().length} cores, ${os.arch()}`],
    ['memory', `${Math.round(os.totalmem() / 2 ** 30)} GB`],
    ['system', `${os.type()} ${kernel}`],
    ['Node', process.versions.node],
    ['packages', ['express', 'connect', 'express-rate-limit', 'autocannon'].map(versionOf).join(', ')],
    ['limit-conn', versionIn(root)],
    ['date', new Date().toISOString().slice(0, 10)],
    ['pinned', cores ? 'yes: servers on one core, loads on another' : 'no: needs taskset and two cores'],
  ]
}

function versionOf(name) {
  return `${name} ${versionIn(path.join(root, 'node_modules', name))}`
}

function versionIn(folder) {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version
}

module.exports = { describeMachine }
