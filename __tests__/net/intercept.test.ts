import { Server } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { interceptEvents, type Intercept } from '../../lib/net/intercept.ts'
import { orders } from '../helpers/orders.ts'

type Emit = (this: unknown, ...args: unknown[]) => unknown

const goesOn: Intercept = (_, goOn) => goOn()
const emitOf = (server: Server): unknown => Reflect.get(server, 'emit')

describe('events that nobody asked for', () => {
  it.each(['other', Symbol('connection'), 'hasOwnProperty', '__proto__', 'toString', ''])(
    'go on untouched: %p',
    (event) => {
      const server = new Server()
      interceptEvents(server, { connection: () => false })
      expect(server.emit(event, 1)).toBe(false)

      const heard: unknown[] = []
      server.on(event as string, function listener(this: unknown, ...args: unknown[]) {
        heard.push(this === server, ...args)
      })
      expect(server.emit(event, 1, 'two', null)).toBe(true)
      expect(heard).toEqual([true, 1, 'two', null])
    },
  )

  it('an error without a listener is thrown, as ever', () => {
    const server = new Server()
    interceptEvents(server, { connection: goesOn })
    expect(() => server.emit('error', new Error('theirs'))).toThrow('theirs')
  })

  it('what a listener throws comes out', () => {
    const server = new Server()
    interceptEvents(server, { connection: goesOn })
    server.on('connection', () => {
      throw new Error('theirs')
    })
    expect(() => server.emit('connection', {})).toThrow('theirs')
  })
})

describe('an event that is asked for', () => {
  it('comes with its first argument, and goes on with all of them', () => {
    const server = new Server()
    const subjects: unknown[] = []
    interceptEvents(server, { connection: (subject, goOn) => (subjects.push(subject), goOn()) })
    const heard: unknown[] = []
    server.on('connection', (...args) => heard.push(...args))

    expect(server.emit('connection', 'a', 'b')).toBe(true)
    expect([subjects, heard]).toEqual([['a'], ['a', 'b']])
  })

  it('answers what the one who is asked answers', () => {
    const server = new Server()
    interceptEvents(server, { connection: (subject) => subject === 'yes' })
    expect([server.emit('connection', 'yes'), server.emit('connection', 'no')]).toEqual([true, false])
  })

  it('reaches nobody if it does not go on, neither those before nor those after', () => {
    const server = new Server()
    const heard: string[] = []
    server.prependListener('connection', () => heard.push('before'))
    interceptEvents(server, { connection: () => true })
    server.prependListener('connection', () => heard.push('prepended'))
    server.once('connection', () => heard.push('after'))

    expect(server.emit('connection')).toBe(true)
    expect(heard).toEqual([])
  })

  it('may go on later', async () => {
    const server = new Server()
    const heard: unknown[] = []
    interceptEvents(server, { connection: (_, goOn) => (setImmediate(goOn), true) })
    server.on('connection', (...args) => heard.push(...args))
    server.emit('connection', 1)
    expect(heard).toEqual([])

    await new Promise((resolve) => server.once('connection', resolve))
    expect(heard).toEqual([1])
  })

  it('keeps the `this` of whoever emits', () => {
    const server = new Server()
    interceptEvents(server, { connection: goesOn })
    const heard: unknown[] = []
    const other = Object.create(server) as Server
    server.on('connection', function listener(this: unknown) {
      heard.push(this)
    })
    other.emit('connection')
    expect(heard[0]).toBe(other)
  })
})

describe('several, stopped in any order', () => {
  /** Three layers that note who was asked. */
  function three(server: Server) {
    const asked: number[] = []
    const stops = [0, 1, 2].map((n) =>
      interceptEvents(server, { connection: (_, goOn) => (asked.push(n), goOn()) }),
    )
    return { asked, stops }
  }

  it.each(orders)('%d, %d, %d: the others go on, and at last the server is as it was', (...order) => {
    const server = new Server()
    const { asked, stops } = three(server)
    server.emit('connection')
    expect(asked.splice(0)).toEqual([2, 1, 0])

    for (const [index, stopped] of order.entries()) {
      stops[stopped]!()
      stops[stopped]!()
      server.emit('connection')
      expect(asked.splice(0)).toEqual([2, 1, 0].filter((n) => !order.slice(0, index + 1).includes(n)))
    }
    expect(Object.hasOwn(server, 'emit')).toBe(false)
    expect(emitOf(server)).toBe(emitOf(new Server()))
  })

  it.each(orders)('%d, %d, %d: around an emit of its own, which stays', (...order) => {
    const server = new Server()
    const events: unknown[] = []
    const own: Emit = (event) => events.push(event)
    Object.assign(server, { emit: own })
    const { stops } = three(server)
    for (const index of order) stops[index]!()

    expect(emitOf(server)).toBe(own)
  })
})

describe('somebody else who wraps emit', () => {
  /** Wraps as a tracer does; returns what takes it off. */
  function wrap(server: Server, seen: unknown[]): () => void {
    const below = emitOf(server) as Emit
    const wrapped: Emit = function wrapped(...args) {
      seen.push(args[0])
      return Reflect.apply(below, this, args)
    }
    Object.assign(server, { emit: wrapped })
    return () => void Object.assign(server, { emit: below })
  }

  it('outside: stays where it is, and nobody is asked any more', () => {
    const server = new Server()
    let asked = 0
    const stop = interceptEvents(server, { connection: (_, goOn) => (asked++, goOn()) })
    const seen: unknown[] = []
    const unwrap = wrap(server, seen)
    const theirs = emitOf(server)
    let heard = 0
    server.on('connection', () => heard++)
    server.emit('connection')
    stop()
    server.emit('connection')

    expect(emitOf(server)).toBe(theirs)
    expect({ asked, heard, seen }).toEqual({ asked: 1, heard: 2, seen: ['connection', 'connection'] })

    unwrap()
    server.emit('connection')
    expect({ asked, heard }).toEqual({ asked: 1, heard: 3 })
  })

  it('between two: both stop, and it goes on', () => {
    const server = new Server()
    const asked: string[] = []
    const inner = interceptEvents(server, { connection: (_, goOn) => (asked.push('inner'), goOn()) })
    const seen: unknown[] = []
    wrap(server, seen)
    const theirs = emitOf(server)
    const outer = interceptEvents(server, { connection: (_, goOn) => (asked.push('outer'), goOn()) })
    inner()
    server.emit('connection')
    expect(asked).toEqual(['outer'])

    outer()
    server.emit('connection')
    expect(emitOf(server)).toBe(theirs)
    expect({ asked, seen }).toEqual({ asked: ['outer'], seen: ['connection', 'connection'] })
  })
})

it('what waits when it is stopped still goes on', () => {
  const server = new Server()
  let goOnLater = (): boolean => false
  const stop = interceptEvents(server, { connection: (_, goOn) => ((goOnLater = goOn), true) })
  const heard: unknown[] = []
  server.on('connection', (subject) => heard.push(subject))
  server.emit('connection', 'waiting')
  stop()

  expect(goOnLater()).toBe(true)
  expect(heard).toEqual(['waiting'])
})
