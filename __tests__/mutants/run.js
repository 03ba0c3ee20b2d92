'use strict'

// Puts failures into the source, one at a time, and sees that a test finds each: `npm run mutants [filter]`.
const { readdirSync } = require('node:fs')
const path = require('node:path')
const { runTests } = require('./jest.js')
const { Mistake, build, makeRoom, mutate } = require('./room.js')

const [filter = ''] = process.argv.slice(2)

/** Those whose id, or the name of whose file, has the filter in it. */
function chooseMutants() {
  const files = readdirSync(__dirname).filter((name) => name.endsWith('.mutants.js'))
  const all = files.flatMap((name) =>
    require(path.join(__dirname, name)).map((one) => ({ ...one, set: name })),
  )
  const ids = all.map(({ id }) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice) throw new Mistake(`two mutants are called ${twice}`)
  return all.filter(({ id, set }) => id.includes(filter) || set.includes(filter))
}

/** Unmutated, the tests pass: together, those that are run under the same conditions. */
async function checkTests(room, mutants) {
  const groups = {}
  for (const mutant of mutants) (groups[JSON.stringify([mutant.env, !mutant.title])] ??= []).push(mutant)
  for (const group of Object.values(groups)) {
    const [{ env, title }] = group
    const tests = [...new Set(group.flatMap((mutant) => mutant.tests))]
    const titles = title && group.map((mutant) => `(?:${mutant.title})`).join('|')
    const found = await runTests(room, { tests, title: titles, env })
    const wrong = [...found.failed, ...found.broken]
    if (found.hung || wrong.length > 0 || found.passed === 0)
      throw new Mistake(`the tests fail without any mutant: ${found.hung ? 'they hang' : wrong.join('\n')}`)
  }
}

/** Answers by what a mutant was killed; undefined if it survived. */
async function killerOf(room, mutant) {
  const restore = mutate(room, mutant)
  try {
    build(room)
    const { failed, broken, passed, hung } = await runTests(room, mutant)
    if (failed.length > 0) return failed[0]
    if (hung) return mutant.hangs ? 'a hang' : undefined
    if (broken.length > 0) throw new Mistake(`its tests do not load: ${broken.join('\n')}`)
    if (passed === 0) throw new Mistake('no test has its title')
    return undefined
  } finally {
    restore()
  }
}

async function main() {
  const mutants = chooseMutants()
  if (mutants.length === 0) throw new Mistake(`no mutant is called ${filter}`)
  const room = makeRoom()
  build(room)
  await checkTests(room, mutants)

  const alive = []
  for (const mutant of mutants) {
    const sinceMs = performance.now()
    const killer = await killerOf(room, mutant).catch((error) => `MISTAKE: ${error.message}`)
    const seconds = ((performance.now() - sinceMs) / 1_000).toFixed(1)
    if (!killer || killer.startsWith('MISTAKE')) alive.push(mutant)
    console.log(`${mutant.id.padEnd(28)} ${seconds.padStart(5)} s  ${killer ?? 'SURVIVED'}`)
  }
  report(mutants, alive)
}

function report(mutants, alive) {
  console.log(`\n${mutants.length - alive.length} of ${mutants.length} mutants killed`)
  for (const { id, set, tests, edits, file } of alive)
    console.log(`alive: ${id} (${set}), ${file ?? edits[0].file}, not found by ${tests.join(', ')}`)
  if (alive.length > 0) process.exitCode = 1
}

main().catch((error) => {
  console.error(error instanceof Mistake ? error.message : error)
  process.exitCode = 1
})
