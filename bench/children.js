'use strict'

// The processes of the benchmark: each on the core it is given, and all ended with this one, however it ends.
const { execFileSync, spawn } = require('node:child_process')
const events = require('node:events')
const path = require('node:path')

const patienceMs = 300_000
const running = new Set()

process.on('exit', endAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

/** Where servers and loads run: two cores of those that are ours, or undefined where that cannot be chosen. */
function chooseCores() {
  try {
    const affinity = execFileSync('taskset', ['-cp', String(process.pid)], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
    const ours = affinity.slice(affinity.lastIndexOf(':') + 1).match(/\d+/g)
    // The first and the last: neighbours may be two threads of one core.
    return ours.length < 2 ? undefined : { load: ours[0], server: ours.at(-1) }
  } catch {
    return undefined
  }
}

/** Starts a script of this folder; it is told what to do by JSON, and tells by messages. */
function start(script, task, { core, flags = [] } = {}) {
  const node = [process.execPath, ...flags, path.join(__dirname, script), JSON.stringify(task)]
  const [command, ...args] = core === undefined ? node : ['taskset', '-c', core, ...node]
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** The next message of a child, once it was asked for. */
async function answerOf(child, question) {
  const waiting = new AbortController()
  const { signal } = waiting
  const timer = setTimeout(() => waiting.abort(), patienceMs)
  try {
    const answer = Promise.race([
      events.once(child, 'message', { signal }),
      events.once(child, 'exit', { signal }).then(died),
    ])
    if (question !== undefined) child.send(question)
    return (await answer)[0]
  } catch (error) {
    throw error.name === 'AbortError' ? new Error('a process of the benchmark did not answer') : error
  } finally {
    clearTimeout(timer)
    waiting.abort()
  }
}

function died([code, signal]) {
  throw new Error(`a process of the benchmark ended too early: ${signal ?? `exit code ${code}`}`)
}

/** Ends a child and waits until it is gone. */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await events.once(child, 'exit')
}

function endAll() {
  for (const child of running) child.kill('SIGKILL')
}

module.exports = { answerOf, chooseCores, end, start }
