/**
 * Knows which workers of a pool sleep and which look for work, so that who has made work wakes one worker at most, and none where
 * one is about to find it.
 *
 * ```text
 *  who makes work                                   worker
 *    makes it visible                                 announce: searching &= ~bit
 *    wake:  load searching; somebody? done                      parked, sleeping |= bit
 *           take a bit of sleeping                    looks at everything once more
 *           searching |= bit                          sleeps while it is parked
 *           ring its doorbell ── it was awake? ──► searching &= ~bit, next one
 * ```
 *
 * Promises no lost wake-up: no worker sleeps for good while there is work and everybody who made it has returned from `wake`. A
 * bit in `searching` is of a worker that will look at everything after the bit has gone, before it sleeps; or of one that is being
 * woken, by somebody who goes on with the next when it turns out to be awake. So who sees a bit there may leave the work to it. A bit
 * that is missing costs a wake-up too many, and no more: all doubts are settled by clearing bits.
 *
 * A woken worker counts as one that searches from before it is rung, so a burst of jobs wakes one worker, who finds work and wakes the next
 * ({@link IdleSet.found}), and so on. At most half of the workers search: more would disturb those that work, and find no more.
 *
 * A thread that dies inside of `wake` may leave a bit in `searching` of a worker that sleeps, and its bit in `sleeping` taken. Whoever hears of a
 * death calls `wakeForDead`.
 *
 * Never does: look at queues, spin, or keep a thread alive. Each worker sleeps on its `Doorbell`, which others may ring for reasons of
 * their own.
 *
 * Source: the idle sets of Go's and Tokio's schedulers ("spinning" and "searching"), with sets in place of counts: a count that a dead thread
 * has raised is nobody's.
 *
 * Hot path: `wake`; changes only together with `test/model`.
 */
import type { Doorbell } from "./Doorbell.ts"
import { idleSet as layout } from "./JobLayouts.ts"
import { identify, inscribe } from "./Layout.ts"
import { InvalidCapacity, InvalidMemory } from "./MemoryError.ts"

/** Most workers of a set. */
export const MAX_WORKERS = 64

const searchingCell = layout.cells.searching0
const sleepingCell = layout.cells.sleeping0

const isWorkers = (workers: number): boolean => Number.isInteger(workers) && workers >= 1 && workers <= MAX_WORKERS

const bitsIn = (word: number): number => {
  let count = 0
  for (let bits = word; bits !== 0; bits &= bits - 1) count++
  return count
}

/**
 * Makes the shared memory of a set in which nobody sleeps or searches.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (workers: number): SharedArrayBuffer => {
  if (!isWorkers(workers)) {
    throw new InvalidCapacity(layout.name, "workers", workers, `a whole number from 1 to ${MAX_WORKERS}`)
  }
  const sab = new SharedArrayBuffer(layout.descriptorBytes)
  inscribe(layout, sab)[layout.cells.workers] = workers
  return sab
}

/**
 * The set, seen from any thread.
 *
 * **Errors**: {@link InvalidMemory} when the buffer is not a set, or when there is not one doorbell for each worker.
 */
export class IdleSet {
  declare readonly workers: number
  declare private readonly cells: Int32Array
  declare private readonly bells: ReadonlyArray<Doorbell>
  /** Words of each of the two sets. */
  declare private readonly words: number
  /** How many may search at once. */
  declare private readonly most: number

  /** `bells` are those of the workers, by place. */
  constructor(sab: SharedArrayBuffer, bells: ReadonlyArray<Doorbell>) {
    const cells = identify(layout, sab)
    const workers = cells[layout.cells.workers]!
    if (!isWorkers(workers) || bells.length !== workers) {
      throw new InvalidMemory(layout.name, `it says ${workers} workers, and there are ${bells.length} doorbells`)
    }
    this.workers = workers
    this.cells = cells
    this.bells = bells
    this.words = (workers + 31) >> 5
    this.most = Math.max(1, workers >> 1)
  }

  /** Who has made work, after it is visible: wakes one worker unless one looks for work already; `true` when it woke one. */
  wake(): boolean {
    return !this.isSearched() && this.wakeNext()
  }

  /** Whether somebody looks for work. */
  private isSearched(): boolean {
    const { cells } = this
    if (Atomics.load(cells, searchingCell) !== 0) return true
    return this.words > 1 && Atomics.load(cells, searchingCell + 1) !== 0
  }

  private wakeNext(): boolean {
    const { cells, words } = this
    for (let word = 0; word < words; word++) {
      for (
        let bits = Atomics.load(cells, sleepingCell + word);
        bits !== 0;
        bits = Atomics.load(cells, sleepingCell + word)
      ) {
        // The lowest first: what is warm stays warm.
        const bit = bits & -bits
        if ((Atomics.and(cells, sleepingCell + word, ~bit) & bit) === 0) continue
        // Before it is rung: who looks from now on leaves the work to it.
        Atomics.or(cells, searchingCell + word, bit)
        if (this.bells[(word << 5) + 31 - Math.clz32(bit)]!.ring()) return true
        // It was awake, and looks at everything before it sleeps; who has seen the bit has left the work to this loop.
        Atomics.and(cells, searchingCell + word, ~bit)
        if (this.isSearched()) return false
      }
    }
    return false
  }

  /** Worker: wants to look for work everywhere; `false` when as many do as may. */
  search(worker: number): boolean {
    const { cells } = this
    const cell = searchingCell + (worker >> 5)
    const bit = 1 << (worker & 31)
    for (;;) {
      const bits = Atomics.load(cells, cell)
      if ((bits & bit) !== 0) return true
      const others = this.words > 1 ? Atomics.load(cells, cell === searchingCell ? cell + 1 : searchingCell) : 0
      if (bitsIn(bits) + bitsIn(others) >= this.most) return false
      if (Atomics.compareExchange(cells, cell, bits, bits | bit) === bits) return true
    }
  }

  /**
   * Worker: has found work after it has searched, or was awake again after it had announced that it sleeps. `true` when nobody searches now: if there is
   * more work, somebody has to be woken for it, because who made it has perhaps left it to this worker.
   */
  found(worker: number): boolean {
    Atomics.and(this.cells, searchingCell + (worker >> 5), ~(1 << (worker & 31)))
    return !this.isSearched()
  }

  /** Worker: announces that it sleeps. Look at everything once more after it, then wait on the doorbell, or `retract`. */
  announce(worker: number): void {
    const cell = worker >> 5
    const bit = 1 << (worker & 31)
    Atomics.and(this.cells, searchingCell + cell, ~bit)
    this.bells[worker]!.prepare()
    // Last: whoever takes the bit finds it parked.
    Atomics.or(this.cells, sleepingCell + cell, bit)
  }

  /** Worker: sleeps, and is not to be woken for work, because it could take none. */
  announceBusy(worker: number): void {
    Atomics.and(this.cells, searchingCell + (worker >> 5), ~(1 << (worker & 31)))
    this.bells[worker]!.prepare()
  }

  /** Worker: is awake, whoever woke it. One that was woken for work is one that searches. */
  retract(worker: number): void {
    this.bells[worker]!.retract()
    Atomics.and(this.cells, sleepingCell + (worker >> 5), ~(1 << (worker & 31)))
  }

  /** Anybody: a thread has died that may have been about to wake somebody, or was a worker. All look for themselves. */
  wakeForDead(): void {
    for (let word = 0; word < this.words; word++) Atomics.store(this.cells, searchingCell + word, 0)
    for (const bell of this.bells) bell.ringForDead()
  }

  /**
   * Whether as many look for work as may: then others can leave it to them, and sleep in its sight. Whoever of them finds work wakes the next one if
   * there is more.
   */
  isCrowded(): boolean {
    return this.searching() >= this.most
  }

  /** Whether a worker has announced that it sleeps, and nobody has taken it up; for tests and for those who count. */
  isSleeping(worker: number): boolean {
    return (Atomics.load(this.cells, sleepingCell + (worker >> 5)) & (1 << (worker & 31))) !== 0
  }

  /** How many have not announced that they sleep, those without a thread among them. */
  awake(): number {
    let count = this.workers
    for (let word = 0; word < this.words; word++) count -= bitsIn(Atomics.load(this.cells, sleepingCell + word))
    return count
  }

  /** How many look for work. */
  searching(): number {
    let count = 0
    for (let word = 0; word < this.words; word++) count += bitsIn(Atomics.load(this.cells, searchingCell + word))
    return count
  }
}
