import path from 'node:path'
import { expect, it } from '@jest/globals'
import { Child } from '../helpers/child.ts'

const script = path.join(__dirname, '../helpers/shutting-down.js')

it('A-23: close and drain with clients of all kinds leave nothing, and the process ends by itself', async () => {
  const child = new Child([script, 'guard'])
  expect(await child.exit()).toBe(0)
  expect(JSON.parse(child.stdout)).toEqual({
    report: { idle: 3, ended: 0, cut: 1, upgraded: 1 },
    active: 0,
    open: 0,
  })
  expect(child.stderr).toBe('')
})

it('requests that wait for ten minutes do not keep a process alive that drains', async () => {
  const child = new Child([script, 'queue'])
  expect(await child.exit()).toBe(0)
  expect(JSON.parse(child.stdout)).toEqual({
    report: { idle: 0, ended: 0, cut: 1, upgraded: 0 },
    active: 0,
    waiting: 0,
    told: 503,
  })
})
