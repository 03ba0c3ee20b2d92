/** One direction of a network: what is sent arrives in its order, late if so wished, and not while it is held. */
export class Lane {
  /** How long bytes are under way, in milliseconds. */
  delayMs = 0
  #isHeld = false
  #timer: NodeJS.Timeout | undefined
  readonly #underWay: { readonly dueMs: number; readonly arrive: () => void }[] = []

  send(arrive: () => void): void {
    this.#underWay.push({ dueMs: performance.now() + this.delayMs, arrive })
    this.#deliver()
  }

  /** Nothing arrives while it is held; what was sent meanwhile arrives afterwards, as TCP sends it again. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld
    this.#deliver()
  }

  /** Takes out what is under way: it is lost, unless it is made to arrive another time. */
  lose(): readonly (() => void)[] {
    clearTimeout(this.#timer)
    return this.#underWay.splice(0).map(({ arrive }) => arrive)
  }

  #deliver(): void {
    clearTimeout(this.#timer)
    while (!this.#isHeld && this.#underWay.length > 0) {
      const leftMs = this.#underWay[0]!.dueMs - performance.now()
      if (leftMs > 0) return void (this.#timer = setTimeout(() => this.#deliver(), Math.ceil(leftMs)))
      this.#underWay.shift()!.arrive()
    }
  }
}
