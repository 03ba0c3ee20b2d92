'use strict'

// A process, alone or one of a cluster, that makes two policies: what they warn of goes to stderr.
const cluster = require('node:cluster')
const { limitConn } = require('limit-conn')

if (cluster.isPrimary && process.argv[2] === 'cluster') {
  cluster.fork()
} else {
  for (let n = 0; n < 2; n++) limitConn({ limit: 1 })
  cluster.worker?.disconnect()
}
