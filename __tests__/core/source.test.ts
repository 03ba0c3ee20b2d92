import { EventEmitter } from 'node:events'
import { expect, it } from '@jest/globals'
import { Holder } from '../../lib/core/holder.ts'
import { follow, holderOf, knownHolder } from '../../lib/core/source.ts'

const source = (destroyed?: boolean): EventEmitter & { destroyed?: boolean } =>
  Object.assign(new EventEmitter(), destroyed === undefined ? {} : { destroyed })

it('has one holder for all who ask, until it closes', () => {
  const socket = source(false)
  expect(knownHolder(socket)).toBeUndefined()
  const holder = holderOf(socket)
  expect([knownHolder(socket), holderOf(socket)]).toEqual([holder, holder])
  expect(socket.listenerCount('close')).toBe(1)

  expect(holder.isEnded).toBe(false)
  socket.emit('close')
  expect(holder.isEnded).toBe(true)
})

it('that was destroyed has ended, though it has not closed yet', () => {
  const socket = source(false)
  const holder = holderOf(socket)
  socket.destroyed = true
  expect(holderOf(socket).isEnded).toBe(true)
  expect(holder.isEnded).toBe(true)
  expect(holderOf(source(true)).isEnded).toBe(true)
})

it('ends the holder of another that it is one with', () => {
  const [raw, secure] = [source(false), source(false)]
  const holder = holderOf(raw)
  expect(follow(secure, holder)).toBe(holder)
  secure.emit('close')
  expect([holder.isEnded, knownHolder(secure)]).toEqual([true, holder])

  const other = new Holder()
  follow(source(true), other)
  expect(other.isEnded).toBe(true)
})
