/**
 * One budget of time for all that a thread does in one turn of its event loop, shared by links, actors and channels.
 *
 * Work is handed out by time and not by count, since one message may take nanoseconds and the next one milliseconds: whoever
 * has handled one asks {@link Turn.isOver} and leaves the rest to the next turn. Timers, sockets, control and other actors
 * are served in between.
 *
 * The clock is read at every message while messages are slow, and at every sixteenth while they are quick: the distance
 * follows what was seen last, so a turn lasts at most fifteen messages longer than its budget.
 *
 * Those who share a turn are given a part of it each: while one lasts, {@link Turn.isOver} speaks of that.
 */
import type { Runtime } from "./Runtime.ts"

/** How long a turn lasts unless told otherwise. */
export const BUDGET_MILLIS = 5

/** How much of a turn one of those who share it has, before the next one. */
export const PART_MILLIS = 1

const MAX_STRIDE = 16
const QUICK_MILLIS = 0.1

/** See the module. */
export class Turn {
  declare private readonly runtime: Runtime
  declare private readonly budgetMillis: number
  declare private readonly leave: () => void
  declare private isOpen: boolean
  declare private isSpent: boolean
  declare private endsAt: number
  /** When the time is up of whoever has it: that of the turn, or of a part. */
  declare private limitAt: number
  /** When the clock was read last, after how many messages it is read again, and how many of them are left. */
  declare private readAt: number
  declare private stride: number
  declare private left: number
  /** How many turns have begun: a thread whose number moves is alive. */
  declare count: number
  declare private words: Int32Array | undefined
  declare private cell: number
  /** Who has it, by the number that other threads know it by; 0 for nobody in particular. */
  declare private owner: number
  constructor(runtime: Runtime, budgetMillis: number = BUDGET_MILLIS) {
    this.runtime = runtime
    this.budgetMillis = budgetMillis
    this.isOpen = false
    this.isSpent = false
    this.endsAt = -Infinity
    this.limitAt = -Infinity
    this.readAt = -Infinity
    this.stride = 1
    this.left = 1
    this.count = 0
    this.words = undefined
    this.cell = 0
    this.owner = 0
    this.leave = () => this.end()
  }

  /** Begins a turn; for the callback of an event loop, which also ends it. */
  begin(): void {
    this.isOpen = true
    this.isSpent = false
    this.readAt = this.runtime.nowMillis()
    this.endsAt = this.readAt + this.budgetMillis
    this.limitAt = this.endsAt
    this.left = this.stride
    this.count++
    if (this.words !== undefined) Atomics.store(this.words, this.cell, this.count << 1 | 1)
  }

  /** Begins a turn unless one is under way; answers whether it did, and then the caller ends it. */
  tryBegin(): boolean {
    if (this.isOpen) return false
    this.begin()
    return true
  }

  /** Ends the turn. */
  end(): void {
    this.isOpen = false
    this.isSpent = false
    if (this.words === undefined) return
    this.handOver(0)
    Atomics.store(this.words, this.cell, this.count << 1)
  }

  /**
   * Hands the thread over to somebody, for this turn at most; answers who had it. A thread that dies shows who had it then.
   *
   * A plain store: whoever reads it has heard of the end of the thread, or finds it standing still.
   */
  handOver(to: number): number {
    const { owner } = this
    this.owner = to
    if (this.words !== undefined) this.words[this.cell + 1] = to
    return owner
  }

  /** Whether other threads see how this one gets on. */
  get isShown(): boolean {
    return this.words !== undefined
  }

  /** Shows nothing any more. */
  hide(): void {
    this.words = undefined
  }

  /**
   * Shows other threads how this one gets on, from the next turn on.
   *
   * **Shape** `words[cell]` is twice the number of the turn, and one more while it is under way; it wraps. `words[cell + 1]` is who
   * has the thread in that turn, as {@link handOver} says.
   */
  show(words: Int32Array, cell: number): void {
    this.words = words
    this.cell = cell
  }

  /** For code that runs on a stack that is not ours: begins a turn unless one is under way; the event loop ends it. */
  enter(): void {
    if (this.isOpen) return
    this.begin()
    this.runtime.immediate(this.leave)
  }

  /** Begins a part of a turn whose time is not up, for one of those who share it. */
  beginPart(): void {
    this.limitAt = Math.min(this.endsAt, this.readAt + PART_MILLIS)
  }

  /** Ends the part; answers whether the time of the turn is up. */
  endPart(): boolean {
    const { isSpent } = this
    this.limitAt = this.endsAt
    this.isSpent = this.isOpen && this.readAt >= this.endsAt
    // Of one that was used up the clock has just been read.
    return isSpent ? this.isSpent : this.isOver()
  }

  /** When the clock was read last, in milliseconds of the runtime. */
  get seenMillis(): number {
    return this.readAt
  }

  /** Whether the time is up, of the part that was begun or of the turn; asked after each message. Outside of a turn it never is. */
  isOver(): boolean {
    if (--this.left > 0) return this.isSpent
    return this.look()
  }

  private look(): boolean {
    const now = this.runtime.nowMillis()
    const perMessage = (now - this.readAt) / this.stride
    this.stride = perMessage < QUICK_MILLIS ? Math.min(this.stride * 2, MAX_STRIDE) : 1
    this.readAt = now
    this.left = this.stride
    this.isSpent = this.isOpen && now >= this.limitAt
    return this.isSpent
  }
}
