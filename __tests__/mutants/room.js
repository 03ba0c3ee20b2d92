'use strict'

// A copy of the project in a temporary folder, in which mutants are made.
const { execFileSync } = require('node:child_process')
const { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '../..')
const left = new Set(['.git', 'node_modules', 'dist', 'coverage'])

/** What is wrong with a mutant itself: it proves nothing. */
class Mistake extends Error {}

/** Makes the copy; it is gone when the process exits. */
function makeRoom() {
  const room = mkdtempSync(path.join(tmpdir(), 'limit-conn-mutants-'))
  process.on('exit', () => rmSync(room, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

  cpSync(root, room, { recursive: true, filter: (from) => !left.has(path.relative(root, from)) })
  symlinkSync(path.join(root, 'node_modules'), path.join(room, 'node_modules'))
  return room
}

/** Changes the source as a mutant says; returns what changes it back. */
function mutate(room, { file, from, to, edits = [{ file, from, to }] }) {
  const files = new Map(edits.map((edit) => [edit.file, readFileSync(path.join(room, edit.file), 'utf8')]))
  const before = new Map(files)
  for (const edit of edits) files.set(edit.file, replaceOnce(files.get(edit.file), edit))

  write(room, files)
  return function restore() {
    write(room, before)
  }
}

function write(room, files) {
  for (const [file, text] of files) writeFileSync(path.join(room, file), text)
}

function replaceOnce(text, { file, from, to }) {
  const parts = text.split(from)
  if (parts.length !== 2) throw new Mistake(`${file} has ${parts.length - 1} times, not once: ${from}`)
  return parts.join(to)
}

/** Compiles the source of the room to its dist. */
function build(room) {
  try {
    execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', room], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
  } catch (error) {
    throw new Mistake(`it does not compile: ${error.stdout}`)
  }
}

module.exports = { Mistake, build, makeRoom, mutate, root }
