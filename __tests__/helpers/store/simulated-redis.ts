import { beatScript, cellScript, leaveScript } from '../../../lib/store/scripts.ts'

/** What one process has under one key. */
export interface StoredCell {
  readonly count: number
  readonly number: number
  readonly expiryMs: number
}

const scripts = new Map([
  [cellScript.sha, 'cells'],
  [beatScript.sha, 'beat'],
  [leaveScript.sha, 'leave'],
])
const texts = new Map([cellScript, beatScript, leaveScript].map(({ sha, text }) => [text, sha]))

/** Does what Redis does with the commands of a zone: in memory, by a clock that it is given. */
export class SimulatedRedis {
  /** Is told after each command that has written cells. */
  wrote: () => void = () => undefined
  readonly cells = new Map<string, Map<string, StoredCell>>()
  /** Until when each process is there, of each zone. */
  readonly instances = new Map<string, Map<string, number>>()
  /** When a key is forgotten with all its cells. */
  readonly #untilMs = new Map<string, number>()
  readonly #loaded = new Set<string>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** It knows the scripts, as after their first use. */
  load(): void {
    for (const sha of scripts.keys()) this.#loaded.add(sha)
  }

  /** It comes back and has nothing. */
  restart(): void {
    this.#loaded.clear()
    this.flush()
  }

  flush(): void {
    this.cells.clear()
    this.instances.clear()
    this.wrote()
  }

  /** Answers a command, or throws what Redis answers. */
  call([name, which, count, ...rest]: readonly string[]): unknown {
    const sha = name === 'EVAL' ? texts.get(which!)! : which!
    if (name === 'EVAL') this.#loaded.add(sha)
    if (!this.#loaded.has(sha)) throw new Error('NOSCRIPT No matching script.')

    const [keys, args] = [rest.slice(0, Number(count)), rest.slice(Number(count))]
    const script = scripts.get(sha)
    if (script === 'cells') return this.#writeCells(keys, args[0]!.split(' '))
    return script === 'beat' ? this.#beat(keys[0]!, args) : this.#leave(keys[0]!, args[0]!)
  }

  /** Cells that have not lapsed, under a key. */
  standing(key: string): Map<string, number> {
    const now = this.#now()
    const cells = [...(this.cells.get(key) ?? [])].filter(([, { expiryMs }]) => expiryMs > now)
    return new Map(cells.map(([id, { count }]) => [id, count]))
  }

  #writeCells(
    all: readonly string[],
    [id, first, number, ttl, stands, ...rest]: readonly string[],
  ): number[] {
    const expiryMs = this.#now() + Number(ttl)
    const answer: number[] = []
    if (stands === '1' && !this.#stands(all.at(-1)!, id!)) return answer
    const keys = stands === '1' ? all.slice(0, -1) : all
    let at = 0
    for (const key of keys) {
      if ((this.#untilMs.get(key) ?? 0) <= this.#now()) this.cells.delete(key)
      const [own, wishes] = [Number(rest[at]), Number(rest[at + 1])]
      const mine = this.cells.get(key)?.get(id!)
      const isFault = mine && (mine.number >= Number(number) || mine.number < Number(first))
      this.#lapse(key, id!)
      const others = [...this.standing(key)].reduce((sum, [each, n]) => (each === id ? sum : sum + n), 0)

      const [count, over] = decide([own, others], rest.slice(at + 2, at + 2 + wishes))
      answer.push(isFault ? -mine.number : others, ...over)
      if (!isFault) this.#write(key, id!, { count, number: Number(number), expiryMs })
      if (!isFault && count > 0) this.#untilMs.set(key, this.#now() + 2 * Number(ttl))
      at += 2 + wishes
    }
    this.wrote()
    return answer
  }

  #stands(key: string, id: string): boolean {
    if ((this.#untilMs.get(key) ?? 0) <= this.#now()) return false
    return (this.instances.get(key)?.get(id) ?? 0) > this.#now()
  }

  #lapse(key: string, own: string): void {
    const cells = this.cells.get(key) ?? new Map<string, StoredCell>()
    for (const [id, { expiryMs }] of cells) if (id !== own && expiryMs <= this.#now()) cells.delete(id)
  }

  #write(key: string, id: string, cell: StoredCell): void {
    const cells = this.cells.get(key) ?? new Map<string, StoredCell>()
    if (cell.count > 0) this.cells.set(key, cells.set(id, cell))
    else cells.delete(id)
    if (cells.size === 0) this.cells.delete(key)
  }

  #beat(key: string, [id, before, ttl, isUnsure]: readonly string[]): [number, string, number] {
    const now = this.#now()
    if ((this.#untilMs.get(key) ?? 0) <= now) this.instances.delete(key)
    const there = this.instances.get(key) ?? new Map<string, number>()
    for (const [each, untilMs] of there) if (untilMs <= now) there.delete(each)
    const state = stateOf([before!, isUnsure === '1'], there.get(id!))
    if (state === 1) {
      there.delete(id!)
      return [there.size + 1, before!, state]
    }
    this.#untilMs.set(key, now + 2 * Number(ttl))
    this.instances.set(key, there.set(id!, now + Number(ttl)))
    return [there.size, String(now + Number(ttl)), state]
  }

  #leave(key: string, id: string): number {
    const there = this.instances.get(key)
    const wasThere = there?.delete(id) === true
    if (there?.size === 0) this.instances.delete(key)
    return Number(wasThere)
  }
}

/** 1 where what it wrote is lost, 2 where somebody else uses its id. */
function stateOf([before, isUnsure]: readonly [string, boolean], stood: number | undefined): number {
  if (before === 'new') return stood === undefined || isUnsure ? 0 : 2
  if (stood === undefined || stood < Number(before)) return 1
  return stood > Number(before) && !isUnsure ? 2 : 0
}

/** How many slots it has then, and 1 for each wish that found no room. */
function decide([own, others]: [number, number], wishes: readonly string[]): [number, number[]] {
  let count = own
  const over = wishes.map((wish) => {
    const kind = wish[0]
    const isOver = count + others + (kind === '=' ? 0 : 1) > Number(wish.slice(1))
    if (kind === '!' || (kind === '+' && !isOver)) count++
    return Number(isOver)
  })
  return [count, over]
}
