'use strict'

// A server of Redis or Valkey for the benchmark alone: on loopback, nothing on disk, ended with the benchmark.
const { spawn } = require('node:child_process')
const { existsSync } = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { Redis } = require('ioredis')

const running = new Set()
process.on('exit', () => running.forEach((server) => server.kill('SIGKILL')))

function findProgram() {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const program = ['redis-server', 'valkey-server']
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find(existsSync)
  if (!program)
    throw new Error('no redis-server: run `sudo apt-get install redis-server` or `brew install redis`')
  return program
}

/** Starts one. `info()` tells what it has counted since its start, `end()` ends it. */
async function startRedis(core) {
  const port = await freePort()
  const own = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    os.tmpdir(),
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  const line = [...(core === undefined ? [] : ['taskset', '-c', core]), findProgram(), ...own]
  const server = spawn(line[0], line.slice(1), { stdio: 'ignore' })
  running.add(server)

  const client = new Redis(port, { retryStrategy: () => 50 })
  client.on('error', () => {}) // until it listens
  await client.ping()
  return {
    port,
    client,
    info: async () => readInfo(await client.info('everything')),
    end() {
      client.disconnect()
      server.kill('SIGKILL')
      running.delete(server)
    },
  }
}

function freePort() {
  const server = net.createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function readInfo(text) {
  const number = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1] ?? 0)
  const calls = (name) => Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(text)?.[1] ?? 0)
  return {
    version: /^redis_version:(\S+)/m.exec(text)[1],
    cpuUs: (number('used_cpu_user') + number('used_cpu_sys')) * 1e6,
    bytesIn: number('total_net_input_bytes'),
    bytesOut: number('total_net_output_bytes'),
    memory: number('used_memory'),
    scripts: calls('evalsha') + calls('eval'),
    cells: calls('hset'),
    beats: calls('zadd'),
  }
}

/** What was counted between two looks. */
function passedBetween(before, after) {
  const names = Object.keys(after).filter((name) => typeof after[name] === 'number')
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]]))
}

module.exports = { passedBetween, startRedis }
