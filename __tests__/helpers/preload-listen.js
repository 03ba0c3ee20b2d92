'use strict'

// Loaded before a pasted block: it listens on a free port instead of the one it names, and tells which.
const net = require('node:net')
const tls = require('node:tls')

const listen = Reflect.get(net.Server.prototype, 'listen')

net.Server.prototype.listen = function listenElsewhere(...args) {
  const [where] = args
  const isOptions = typeof where === 'object' && where !== null
  const asked = Number(isOptions ? where.port : where)

  if (asked > 0) args[0] = isOptions ? { ...where, port: 0 } : 0
  this.once('listening', () => {
    const { port } = this.address()
    const isHttp2 = this.constructor.name.startsWith('Http2')
    process.send({ asked, port, isTls: this instanceof tls.Server, isHttp2 })
  })
  return listen.apply(this, args)
}
