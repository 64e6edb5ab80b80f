/**
 * When a thread looks at its rings: at once while there is traffic, less and less after, and not at all when idle.
 *
 * A turn reads the rings until they are empty or its time is up, spins for a moment when that has paid lately, gives the event
 * loop its turn, and after {@link YIELD_NANOS} without traffic parks on the thread's doorbell, or at once when it has slept and waits for a thread that was asleep, too. The loop lives in callbacks of
 * its {@link Runtime}, so timers, sockets and the fibers of this thread run in between. Whatever throws in a turn, the next one
 * comes.
 */
import { AdaptiveWait } from "../../memory/AdaptiveWait.ts"
import type { Doorbell } from "../../memory/Doorbell.ts"
import { PARK, pause, SPIN } from "../../memory/WaitStrategy.ts"
import type { Runtime } from "../../runtime/Runtime.ts"
import type { Turn } from "../../runtime/Turn.ts"

/** How long a thread goes on looking after the last record. */
const YIELD_NANOS = 150_000

/** A thread that has slept for so long was not in the middle of a conversation. */
const LONG_MILLIS = 1

/** Passes over the rings in one turn, whatever its time: what else is ready on this thread waits for the end of the turn. */
const MAX_PASSES = 16

/** What a loop looks after. */
export interface Polled {
  /** Reads what is there, runs what is ready, makes visible what was written; answers how much it did. */
  pass(): number
  /** The loop is about to rest: pays what can be paid without waking anybody. */
  rest(): void
  /** Whether there is nothing to read and nothing that waits for room which has appeared meanwhile. */
  isQuiet(): boolean
  /** Whether looking again at once may be worth a moment of this core. */
  maySpin(): boolean
  /** Whether what is expected comes from a thread that has just been woken, perhaps on the core of this one; told once. */
  isFar(): boolean
  /** The loop has no turn until it is woken, or never any more: what it would have run in the next one is left to others. */
  parked(): void
  /** Something in a turn has thrown. */
  failed(error: unknown): void
}

/** See the module. */
export class Loop {
  declare private readonly polled: Polled
  declare private readonly bell: Doorbell
  declare private readonly runtime: Runtime
  declare private readonly turn: Turn
  declare private readonly wait: AdaptiveWait
  declare private readonly next: () => void
  declare private readonly rung: () => void
  declare private isScheduled: boolean
  declare private isParked: boolean
  /** When it has parked last, in milliseconds. */
  declare private parkedAt: number
  declare private isInTurn: boolean
  declare private isClosed: boolean
  /** Whether a wait on the doorbell is pending. */
  declare private hasWait: boolean
  constructor(polled: Polled, bell: Doorbell, maxSpins: number, runtime: Runtime, turn: Turn) {
    this.polled = polled
    this.bell = bell
    this.runtime = runtime
    this.turn = turn
    this.wait = new AdaptiveWait({ maxSpins, yieldNanos: YIELD_NANOS, now: () => runtime.nowMillis() * 1e6 })
    this.next = () => {
      this.isScheduled = false
      this.run()
    }
    this.rung = () => {
      this.hasWait = false
      if (!this.isParked) return
      this.isParked = false
      this.bell.retract()
      this.run()
    }
    this.isScheduled = false
    this.isParked = false
    this.parkedAt = -Infinity
    this.isInTurn = false
    this.isClosed = false
    this.hasWait = false
    bell.cancel()
    this.schedule()
  }

  /** Whether it has a turn soon, or is in the middle of one after which it looks again or says that it has {@link Polled.parked}. */
  get isComing(): boolean {
    return (this.isScheduled || this.isInTurn) && !this.isClosed
  }

  /** Looks again soon, also when the loop rests: for who expects something to arrive. */
  wake(): void {
    this.wait.restart()
    if (this.isScheduled || this.isInTurn) return
    if (this.isParked) {
      this.isParked = false
      this.bell.retract()
    }
    this.schedule()
  }

  /** Has a loop that rests take one more turn: something is to be paid before it may. */
  nudge(): void {
    if (!this.isParked) return
    this.isParked = false
    this.bell.retract()
    this.schedule()
  }

  /** Ends the loop. */
  close(): void {
    this.isClosed = true
    this.bell.cancel()
    this.polled.parked()
  }

  private schedule(): void {
    this.isScheduled = true
    this.runtime.immediate(this.next)
  }

  private run(): void {
    if (this.isClosed) return
    // Until this returns the loop looks again or has made sure that it need not: nobody has to wake it.
    this.isInTurn = true
    this.turn.begin()
    try {
      if (this.work() === PARK) this.rest()
    } catch (error) {
      this.isParked = false
      this.bell.retract()
      this.polled.failed(error)
    } finally {
      this.turn.end()
      this.isInTurn = false
      if (!this.isParked && !this.isClosed) this.schedule()
      else this.polled.parked()
    }
  }

  private work(): number {
    const { polled, turn, wait } = this
    let passes = 0
    do {
      if (polled.pass() > 0) {
        wait.success()
        if (++passes === MAX_PASSES) return SPIN
        continue
      }
      if (polled.isFar() && this.hasSlept()) {
        wait.restart()
        return PARK
      }
      const decision = wait.empty()
      if (decision !== SPIN) return decision
      if (polled.maySpin()) pause()
    } while (!turn.isOver())
    return SPIN
  }

  // Two threads that fall asleep between one question and the next would never be awake together again if neither looked.
  private hasSlept(): boolean {
    return this.runtime.nowMillis() - this.parkedAt > LONG_MILLIS
  }

  private rest(): void {
    const { bell, polled } = this
    polled.rest()
    // Announced first, looked second: who writes after the look sees the announcement.
    bell.prepare()
    if (polled.isQuiet() && this.isWaiting()) {
      this.isParked = true
      this.parkedAt = this.runtime.nowMillis()
    } else bell.retract()
  }

  // A wait that an earlier park has left pending serves this one too: ending it would cost as much as waking a thread.
  private isWaiting(): boolean {
    this.hasWait ||= this.bell.waitWith(this.runtime.waitAsync, this.rung)
    return this.hasWait
  }
}
