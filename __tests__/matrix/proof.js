'use strict'

// `npm run proof`: runs the matrix on each version of Node, and writes the report between the markers of docs/proof.md.
const { spawnSync } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const prettier = require('prettier')
const { render } = require('./report.js')

const majors = [20, 22, 24]
const root = path.join(__dirname, '../..')
const target = path.join(root, 'docs/proof.md')
const [begin, end] = ['<!-- matrix:begin -->', '<!-- matrix:end -->']
const folder = mkdtempSync(path.join(os.tmpdir(), 'limit-conn-proof-'))
const planFile = path.join(folder, 'plan.json')

/** Runs a version of Node: this one, or that of the registry. */
function node(major, args, options) {
  const isThis = process.versions.node.startsWith(`${major}.`)
  const command = isThis
    ? [process.execPath, ...args]
    : ['npx', '--yes', '--package', `node@${major}`, '--', 'node', ...args]
  return spawnSync(command[0], command.slice(1), { cwd: root, encoding: 'utf8', ...options })
}

/** The exact version, the titles of the cells that have passed, and whether all of the run was green. */
function run(major) {
  const version = node(major, ['-p', 'process.versions.node']).stdout.trim()
  console.log(`\nNode ${version}`)
  const file = path.join(folder, `${major}.json`)
  const jest = ['node_modules/jest/bin/jest.js', '__tests__/matrix/', '--json', `--outputFile=${file}`]
  const { status: code } = node(major, [...jest, '--testPathIgnorePatterns=matrix/report'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, MATRIX_PLAN: planFile },
  })
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'))
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  return {
    version,
    isGreen: code === 0,
    passed: new Set(all.filter(({ status }) => status === 'passed').map(({ title }) => title)),
  }
}

async function prove() {
  const runs = majors.map(run)
  const plan = JSON.parse(readFileSync(planFile, 'utf8'))
  const { text, failures } = render(plan, runs, new Date().toISOString().slice(0, 10))

  const before = readFileSync(target, 'utf8')
  if (!before.includes(begin) || !before.includes(end)) throw new Error(`no markers in ${target}`)
  const after = `${before.slice(0, before.indexOf(begin) + begin.length)}\n\n${text}\n\n${before.slice(before.indexOf(end))}`
  const format = { ...(await prettier.resolveConfig(target)), filepath: target }
  writeFileSync(target, await prettier.format(after, format))
  console.log(failures === 0 ? '\nall green: docs/proof.md' : `\n${failures} failed: docs/proof.md`)
  process.exitCode = failures === 0 ? 0 : 1
}

void prove().finally(() => rmSync(folder, { recursive: true }))
