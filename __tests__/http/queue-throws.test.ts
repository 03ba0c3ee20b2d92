import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'

it('loses nobody who waits when the handler of one throws that setConfig lets in', async () => {
  const child = new Child([path.join(__dirname, '../helpers/throwing-waiter.js')])
  expect(await child.exit()).toBe(0)
  expect(JSON.parse(child.stdout)).toEqual({
    ran: ['/held', '/first', 'uncaught theirs', '/second'],
    waiting: 1,
    active: 3,
  })
})
