/**
 * Which job a worker takes next, whom it wakes when it has found one, and what it looks at before it sleeps.
 *
 * ```text
 *  next     its own deque, newest first; its inbox; the injector; half of what another worker has, oldest first
 *           every 61st time the injector comes first, and every 61st time the inbox
 *  found    it searches no more: if nobody else does and there is more, the next one is woken
 *  nothing  announce ─► look at everything once more ─► sleep ─► retract
 * ```
 *
 * It promises, with the structures that it asks:
 * - what was put into a queue before its sender looked whom to wake is found by somebody: by who searches, or by who is woken;
 * - as many workers as may search at once at most look into the queues of others.
 *
 * Nothing here depends on what a job is: the model runs this very text (`docs/design/proof.md`).
 */
import type { IdleSet } from "../../memory/IdleSet.ts"
import { RETRY, type StealOwner, type StealThief } from "../../memory/StealDeque.ts"

/** The injector comes first every so many jobs, so that jobs which submit jobs for ever keep nobody waiting outside. */
const INJECTOR_EVERY = 61
/** When the inbox does, for the same reason. */
const INBOX_TICK = 30
/** Rounds over all others in which a lost race is tried again. */
const ROUNDS = 2

const retry = RETRY

/** Where a worker looks. */
export interface Places {
  readonly place: number
  readonly idle: IdleSet
  readonly deque: StealOwner
  /** What is for this worker alone. */
  readonly inbox: { next(): number; hasNews(): boolean }
  readonly injector: { next(): number; isEmpty(): boolean }
  /** The deques of all workers, by place. */
  readonly thieves: ReadonlyArray<StealThief>
  /** It has taken something out of the deque of another one. */
  readonly stole: () => void
}

/** See the module. */
export class NextJob {
  declare private readonly places: Places
  declare private ticks: number
  declare private random: number
  /** Whether its bit among those that search may be up. */
  declare private maySearch: boolean

  constructor(places: Places) {
    this.places = places
    this.ticks = 0
    this.random = places.place + 1
    this.maySearch = false
  }

  /**
   * The number of a slot, -1 when there is none. `takesAny` says whether it may be what any worker could take, `isBusy` whether the worker has
   * jobs whose handlers wait.
   */
  next(takesAny: boolean, isBusy: boolean): number {
    const { deque, inbox, injector } = this.places
    const tick = ++this.ticks % INJECTOR_EVERY
    if (tick === 0 || tick === INBOX_TICK) {
      const slot = tick === INBOX_TICK ? inbox.next() : takesAny ? injector.next() : -1
      if (slot >= 0) return this.found(slot)
    }
    let slot = deque.pop()
    if (slot >= 0) return this.found(slot)
    // Nobody else takes what is for this worker, so it is taken however many wait: it may be what they wait for.
    slot = inbox.next()
    if (slot >= 0) return this.found(slot)
    if (!takesAny) return -1
    slot = injector.next()
    if (slot < 0) slot = this.stolen()
    if (slot >= 0) return this.found(slot)
    // A handler that waits may go on at any moment.
    if (isBusy) this.stopSearching()
    return -1
  }

  private found(slot: number): number {
    this.stopSearching()
    return slot
  }

  /** It does not look for work any more. The last one that did has another one woken, if there is more: who made that has left it to this one. */
  stopSearching(): void {
    if (!this.maySearch) return
    this.maySearch = false
    const { idle, place } = this.places
    if (idle.found(place) && this.hasWork()) idle.wake()
  }

  private stolen(): number {
    const { deque, idle, place, stole, thieves } = this.places
    const { length } = thieves
    if (length === 1) return -1
    this.maySearch = true
    if (!idle.search(place)) return -1
    for (let round = 0; round < ROUNDS; round++) {
      let isLost = false
      const first = this.draw(length)
      for (let i = 0; i < length; i++) {
        const victim = first + i < length ? first + i : first + i - length
        if (victim === place) continue
        const slot = thieves[victim]!.stealBatch(deque)
        if (slot >= 0) {
          stole()
          return slot
        }
        if (slot === retry) isLost = true
      }
      if (!isLost) break
    }
    return -1
  }

  // Marsaglia's xorshift: whom to begin with matters, and not how random that is.
  private draw(below: number): number {
    let x = this.random
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.random = x
    return (x >>> 0) % below
  }

  /** Announces that the worker sleeps: {@link hasNext} has to be asked once more after it. */
  announce(takesAny: boolean): void {
    const { idle, place } = this.places
    this.maySearch = false
    // Who could take nothing would be woken in vain, and others would leave the work to it.
    if (takesAny) idle.announce(place)
    else idle.announceBusy(place)
  }

  /** Whether there is something to take. */
  hasNext(takesAny: boolean): boolean {
    const { deque, idle, inbox, injector } = this.places
    if (deque.size() > 0 || inbox.hasNews()) return true
    if (!takesAny) return false
    if (!injector.isEmpty()) return true
    // What lies elsewhere is for those who search, if there are as many as may.
    return !idle.isCrowded() && this.hasWork()
  }

  private hasWork(): boolean {
    const { injector, thieves } = this.places
    if (!injector.isEmpty()) return true
    for (let i = 0; i < thieves.length; i++) if (thieves[i]!.size() > 0) return true
    return false
  }

  /** It is awake, whoever woke it. */
  retract(): void {
    const { idle, place } = this.places
    // Whoever woke it for work has put its bit up.
    this.maySearch = true
    idle.retract(place)
  }
}
