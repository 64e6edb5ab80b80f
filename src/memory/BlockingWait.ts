/**
 * Waits in a thread that does nothing else: spins, yields and parks as its strategy says, and blocks the thread meanwhile.
 *
 * ```text
 *  until(condition)   isReady? ── yes ──► true
 *                       └─ no ─► strategy: SPIN   pause                                      ─┐
 *                                          YIELD  sleep on a word that nobody ever rings      ├─► isReady? …
 *                                          PARK   announce, isReady?, wait for the wake-up, cancel ─┘
 * ```
 *
 * A thread without an event loop has nothing to yield to but the other threads of the machine, and JavaScript has no call that
 * offers the core to them. What comes nearest is the shortest sleep that the system grants, a tenth of a millisecond: longer than
 * being woken takes, but nobody has to wake a thread that sleeps like this. A wait of 0 does not let go of the core.
 *
 * Promises no lost wake-up, as its {@link ParkingPlace} does: the condition is looked at between announcing and
 * sleeping. When `until` returns, or the condition throws, the announcement is taken back.
 *
 * Never does: run anything else of this thread. Timers, messages and promises stand still.
 */
import type { Doorbell } from "./Doorbell.ts"
import type { WaitList } from "./WaitList.ts"
import { PARK, pause, SPIN, type WaitStrategy } from "./WaitStrategy.ts"

/** Where a thread parks. */
export interface ParkingPlace {
  /** From here on, who makes the condition true wakes the thread. */
  announce(): void
  /** Sleeps until it is woken, at most so long. */
  waitBlocking(timeoutMillis?: number): "ok" | "not-equal" | "timed-out"
  /** Takes the announcement back. */
  cancel(): void
}

/** What a thread waits for. */
export interface Condition {
  /** Whether it holds; looked at over and over, so it should be quick. */
  isReady(): boolean
}

/** What a {@link BlockingWait} goes by. */
export interface BlockingWaitOptions {
  readonly strategy: WaitStrategy
  readonly place: ParkingPlace
  /** A monotonic clock in milliseconds: `performance.now`. Read only by waits with a timeout. */
  readonly nowMillis: () => number
}

/** Sleeps of this length take about 0.08 ms on Linux, which adds 0.05 ms to every timer of a thread. */
const YIELD_MILLIS = 0.001
/** Looks at the condition between two of the clock while it spins. */
const LOOKS_PER_CLOCK = 64

/** One thread's way to wait. */
export class BlockingWait {
  declare private readonly strategy: WaitStrategy
  declare private readonly place: ParkingPlace
  declare private readonly nowMillis: () => number
  /** A word that nobody notifies. */
  declare private readonly nobody: Int32Array

  constructor(options: BlockingWaitOptions) {
    this.strategy = options.strategy
    this.place = options.place
    this.nowMillis = options.nowMillis
    this.nobody = new Int32Array(new SharedArrayBuffer(4))
  }

  /**
   * Waits until the condition holds; `false` when it did not within `timeoutMillis`.
   *
   * **Details**: looks at it at least once, with a timeout of 0 exactly once. Whoever makes the condition true must wake the
   * {@link ParkingPlace} afterwards: `Doorbell.ring`, `WaitList.wake`.
   *
   * **Gotchas**: on a list whose waiters are woken with `wakeOne`, follow its rule after this has returned, whatever it returned.
   */
  until(condition: Condition, timeoutMillis = Infinity): boolean {
    if (condition.isReady()) {
      this.strategy.success()
      return true
    }
    if (timeoutMillis === Infinity) return this.wait(condition, Infinity)
    return timeoutMillis > 0 && this.wait(condition, this.nowMillis() + timeoutMillis)
  }

  private wait(condition: Condition, deadline: number): boolean {
    for (let looks = 1;; looks++) {
      const decision = this.strategy.empty()
      if (decision === SPIN) pause()
      else if (decision === PARK) this.park(condition, deadline)
      else Atomics.wait(this.nobody, 0, 0, YIELD_MILLIS)
      if (condition.isReady()) {
        this.strategy.success()
        return true
      }
      if (deadline === Infinity || (decision === SPIN && looks % LOOKS_PER_CLOCK !== 0)) continue
      if (this.nowMillis() >= deadline) return false
    }
  }

  private park(condition: Condition, deadline: number): void {
    const { place } = this
    place.announce()
    try {
      // Announced first, looked second: who makes it true after the look sees the announcement.
      if (condition.isReady()) return
      if (deadline === Infinity) place.waitBlocking()
      else place.waitBlocking(Math.max(0, deadline - this.nowMillis()))
    } finally {
      place.cancel()
    }
  }
}

/** A thread's own doorbell as the place where it parks. */
export class DoorbellPlace implements ParkingPlace {
  declare private readonly bell: Doorbell
  constructor(bell: Doorbell) {
    this.bell = bell
  }
  announce(): void {
    this.bell.prepare()
  }
  waitBlocking(timeoutMillis?: number): "ok" | "not-equal" | "timed-out" {
    return this.bell.waitBlocking(timeoutMillis)
  }
  cancel(): void {
    this.bell.cancel()
  }
}

/** A row of a list of waiters as the place where a thread parks. */
export class RowPlace implements ParkingPlace {
  declare private readonly list: WaitList
  declare private readonly row: number
  constructor(list: WaitList, row: number) {
    this.list = list
    this.row = row
  }
  announce(): void {
    this.list.announce(this.row)
  }
  waitBlocking(timeoutMillis?: number): "ok" | "not-equal" | "timed-out" {
    return this.list.waitBlocking(this.row, timeoutMillis)
  }
  cancel(): void {
    this.list.cancel(this.row)
  }
}
