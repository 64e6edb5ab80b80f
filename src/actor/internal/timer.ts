/**
 * Messages that an actor is told by the clock: once, again and again, or when no other has come for a while.
 *
 * What is due stands in the mailbox like an ask whose asker is the timer: it is handled in its turn, one at a time with all others, needs no
 * room, and can be taken back while it waits. It belongs to its incarnation, and of one timer never two wait.
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import type { Cell } from "../kernel/Cell.ts"
import { Deadline } from "../kernel/Deadlines.ts"
import { IDLE, STOPPING } from "../kernel/Phase.ts"
import { Ask } from "../kernel/Word.ts"
import { revoked } from "./admission.ts"

/** It comes once. */
export const ONCE = 0
/** Each comes so long after the one before was handled. */
export const FIXED_DELAY = 1
/** They come at times that are so far apart; those at which one waits, or is being handled, are left out. */
export const FIXED_RATE = 2

/** Each comes when no message has come for so long. */
export const WHEN_QUIET = 3

/** When a timer tells. */
export type Rhythm = typeof ONCE | typeof FIXED_DELAY | typeof FIXED_RATE | typeof WHEN_QUIET

/** What is told, and when. */
export interface Told {
  readonly index: number
  readonly payload: unknown
  readonly millis: number
  readonly rhythm: Rhythm
}

/** See the module. */
export class Timer extends Deadline {
  declare private readonly cell: Cell
  declare private readonly told: Told
  /** The scope of its incarnation, which the actor has until that ends. */
  declare private readonly scope: Cell["scope"]
  /** Called when it tells nothing any more. */
  declare private readonly over: () => void
  /** The message that was told last, until it is handled. */
  declare private due: Due | undefined
  /** When the next one comes. */
  declare private nextAt: number
  declare private isOver: boolean
  constructor(cell: Cell, told: Told, over: () => void) {
    super()
    this.cell = cell
    this.told = told
    this.scope = cell.scope
    this.over = over
    this.due = undefined
    this.nextAt = -Infinity
    this.isOver = false
  }

  /** Begins to wait. */
  begin(): void {
    const { cell: { host: { deadlines } }, told: { millis } } = this
    this.nextAt = deadlines.now() + millis
    this.wait(millis)
  }

  // Not for an actor that ends, nor for an incarnation that has ended.
  private wait(millis: number): void {
    if (this.isWanted) this.cell.host.deadlines.add(this, millis)
  }

  private get isWanted(): boolean {
    const { cell } = this
    return !this.isOver && cell.scope === this.scope && cell.phase < STOPPING && !cell.isDraining
  }

  expire(): void {
    if (!this.isWanted) return
    const { cell, due, told: { index, payload, rhythm } } = this
    if (rhythm === FIXED_RATE) this.waitForNext()
    if (rhythm === WHEN_QUIET && this.waitsOn()) return
    if (due !== undefined) return
    this.due = new Due(this, index)
    cell.deliver(this.due, payload)
  }

  // The times stay where they are, however late this one comes.
  private waitForNext(): void {
    const { cell: { host: { deadlines } }, told: { millis } } = this
    const now = deadlines.now()
    const missed = Math.max(0, Math.floor((now - this.nextAt) / millis))
    this.nextAt += (missed + 1) * millis
    this.wait(this.nextAt - now)
  }

  /** A message has come, which puts off what is told when none comes. */
  note(): void {
    this.nextAt = this.cell.host.deadlines.now() + this.told.millis
  }

  // Looked at only when its time seems to be over: a message costs no more than its note.
  private waitsOn(): boolean {
    const { cell: { host: { deadlines }, phase }, told: { millis } } = this
    const left = phase === IDLE ? this.nextAt - deadlines.now() : millis
    if (left > 0) this.wait(left)
    return left > 0
  }

  /** The message was handled. Nobody else hears of what that failed with; a crash is told where it is decided. */
  handled(exit: Exit.Exit<unknown, unknown>): void {
    const { cell, told: { millis, rhythm } } = this
    this.due = undefined
    if (exit._tag === "Failure" && !Cause.hasDies(exit.cause) && !Cause.hasInterruptsOnly(exit.cause)) {
      cell.host.unheard(cell, exit.cause)
    }
    if (rhythm === FIXED_DELAY || rhythm === WHEN_QUIET) this.wait(millis)
    if (rhythm === ONCE && !this.isOver) this.over()
  }

  /** It tells nothing any more; what waits is taken back, also from a mailbox that survives its incarnation. */
  end(): void {
    this.isOver = true
    this.cell.host.deadlines.remove(this)
    if (this.due !== undefined) revoked(this.cell, this.due)
  }
}

class Due extends Ask {
  declare private readonly timer: Timer
  constructor(timer: Timer, index: number) {
    super(index, undefined, false)
    this.timer = timer
  }

  settle(exit: Exit.Exit<unknown, unknown>): void {
    this.timer.handled(exit)
  }

  // Its incarnation has ended, and all timers with it.
  restarting(): void {}

  stopped(): void {}
}

/** The timers of one incarnation, by their keys. */
export class Timers {
  declare private readonly cell: Cell
  declare private readonly timers: Map<string, Timer>
  declare private isClosed: boolean
  constructor(cell: Cell) {
    this.cell = cell
    this.timers = new Map()
    this.isClosed = false
  }

  /** Starts a timer in place of the one that has its key, of which nothing is told any more. */
  start(key: string, told: Told): void {
    if (this.isClosed) return
    this.cancel(key)
    const timer: Timer = new Timer(this.cell, told, () => {
      if (this.timers.get(key) === timer) this.timers.delete(key)
    })
    this.timers.set(key, timer)
    timer.begin()
  }

  has(key: string): boolean {
    return this.timers.has(key)
  }

  cancel(key: string): void {
    const timer = this.timers.get(key)
    this.timers.delete(key)
    timer?.end()
  }

  cancelAll(): void {
    for (const key of Array.from(this.timers.keys())) this.cancel(key)
  }

  /** The incarnation has ended. */
  close(): void {
    this.isClosed = true
    this.cancelAll()
  }
}
