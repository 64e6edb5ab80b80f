/**
 * Ends asks whose time is over, with one sleeping fiber per distinct timeout instead of one timer per ask.
 *
 * Asks of equal timeout expire in the order in which they started, so each distinct timeout is a lane: a linked list with
 * the next one to expire in front. Adding and removing is a few pointer writes. Time is the `Clock` of the layer that
 * built the system, so deadlines follow `TestClock`.
 *
 * **Source** The timing lanes of hashed and hierarchical timing wheels (Varghese and Lauck, 1987), scheme 2 per distinct
 * interval.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** Something that must have ended by a time. */
export abstract class Deadline {
  /** When it expires, in milliseconds of the system's clock. */
  declare expiresAt: number
  declare previous: Deadline | undefined
  declare next: Deadline | undefined
  declare lane: Lane | undefined
  constructor() {
    this.expiresAt = 0
    this.previous = undefined
    this.next = undefined
    this.lane = undefined
  }
  /** Called when the time is over and it has not been removed. */
  abstract expire(): void
}

class Lane {
  declare readonly timeoutMillis: number
  declare first: Deadline | undefined
  declare last: Deadline | undefined
  constructor(timeoutMillis: number) {
    this.timeoutMillis = timeoutMillis
    this.first = undefined
    this.last = undefined
  }
}

/** See the module. */
export class Deadlines {
  declare private readonly clock: Clock.Clock
  declare private readonly lanes: Map<number, Lane>
  declare private readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  declare private readonly fibers: Set<Fiber.Fiber<void>>
  constructor(context: Context.Context<never>, clock: Clock.Clock) {
    this.clock = clock
    this.lanes = new Map()
    this.fork = Effect.runForkWith(context)
    this.fibers = new Set()
  }

  /** Monotonic milliseconds of the system's clock. */
  now(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe()) / 1e6
  }

  /** Starts the time of `deadline`. An infinite timeout is not watched. */
  add(deadline: Deadline, timeoutMillis: number): void {
    if (timeoutMillis === Infinity) return
    const known = this.lanes.get(timeoutMillis)
    const lane = known ?? new Lane(timeoutMillis)
    deadline.expiresAt = this.now() + timeoutMillis
    deadline.lane = lane
    deadline.previous = lane.last
    if (lane.last === undefined) lane.first = deadline
    else lane.last.next = deadline
    lane.last = deadline
    if (known === undefined) this.watch(lane)
  }

  /** Forgets `deadline`; harmless when it is not watched. */
  remove(deadline: Deadline): void {
    const lane = deadline.lane
    if (lane === undefined) return
    deadline.lane = undefined
    if (deadline.previous === undefined) lane.first = deadline.next
    else deadline.previous.next = deadline.next
    if (deadline.next === undefined) lane.last = deadline.previous
    else deadline.next.previous = deadline.previous
    deadline.previous = undefined
    deadline.next = undefined
  }

  /** Ends all watching; nothing expires any more. */
  close(): void {
    for (const fiber of this.fibers) fiber.interruptUnsafe()
    this.fibers.clear()
  }

  private watch(lane: Lane): void {
    this.lanes.set(lane.timeoutMillis, lane)
    const fiber = this.fork(this.watching(lane))
    if (fiber.pollUnsafe() !== undefined) return
    this.fibers.add(fiber)
    fiber.addObserver(() => this.fibers.delete(fiber))
  }

  // A lane that is found empty after a sleep is forgotten, so that timeouts that are all different do not pile up and
  // the program may end.
  private watching(lane: Lane): Effect.Effect<void> {
    return Effect.whileLoop({
      while: () => {
        if (lane.first !== undefined) return true
        this.lanes.delete(lane.timeoutMillis)
        return false
      },
      body: () => this.clock.sleep(Duration.millis(Math.max(0, Math.ceil(lane.first!.expiresAt - this.now())))),
      step: () => {
        const now = this.now()
        while (lane.first !== undefined && lane.first.expiresAt <= now) {
          const due = lane.first
          this.remove(due)
          due.expire()
        }
      }
    })
  }
}
