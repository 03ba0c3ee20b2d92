'use strict'

// A process that takes a socket and closes it.
process.on('message', (_text, socket) => {
  socket.on('error', () => undefined)
  process.send('taken')
  socket.destroy()
})
