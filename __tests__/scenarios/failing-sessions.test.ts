import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'

it('300 HTTP/2 sessions that fail by a frame that is none, their clients gone, leave no memory', async () => {
  const server = new Child(['--expose-gc', path.join(__dirname, '../helpers/failing-sessions.js')])
  expect(await server.ready()).toEqual({ sessions: 300, kept: 0 })
})
