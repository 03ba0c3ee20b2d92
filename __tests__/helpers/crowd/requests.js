'use strict'

const head = (first, fields = '') => `${first} HTTP/1.1\r\nHost: test\r\n${fields}\r\n`
const get = (path = '/', fields = '') => head(`GET ${path}`, fields)
const post = (path, bytes) => head(`POST ${path}`, `Content-Length: ${bytes}\r\n`)

module.exports = { get, post }
