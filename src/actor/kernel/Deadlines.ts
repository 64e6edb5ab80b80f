/**
 * Ends asks whose time is over, with one sleeping fiber for all of them.
 *
 * A binary heap has the next one to expire in front; each knows its place in it. Asks of equal timeout, the common case,
 * are added behind the last in one step. Time is the `Clock` of the layer that built the system, so deadlines follow
 * `TestClock`; {@link LINGER_MILLIS} after the last one was removed there is no timer, and nothing keeps the process alive.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Runtime } from "../../runtime/Runtime.ts"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import type { Turn } from "../../runtime/Turn.ts"

/** How long the fiber sleeps at a time while asks come and go, so that one that is answered leaves no timer for long. */
export const LINGER_MILLIS = 100

/** Something that must have ended by a time. */
export abstract class Deadline {
  /** When it expires, in milliseconds of the system's clock. */
  declare expiresAt: number
  /** Its number: of two that expire at once the older one is first. */
  declare order: number
  /** Its place in the heap; -1 when it is not watched. */
  declare place: number
  constructor() {
    this.expiresAt = 0
    this.order = 0
    this.place = -1
  }
  /** Called when the time is over and it has not been removed. */
  abstract expire(): void
}

const isBefore = (a: Deadline, b: Deadline): boolean =>
  a.expiresAt < b.expiresAt || a.expiresAt === b.expiresAt && a.order < b.order

/** See the module. */
export class Deadlines {
  declare private readonly clock: Clock.Clock
  declare private readonly runtime: Runtime
  declare private readonly turn: Turn
  declare private readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  declare private readonly failed: (defect: unknown) => void
  declare private readonly heap: Array<Deadline>
  declare private orders: number
  /** The fiber that sleeps, and until when. */
  declare private sleeper: Fiber.Fiber<void> | undefined
  declare private wakesAt: number
  /** Whether it sleeps for one that was there when it last woke, and which number was the last then. */
  declare private isSleepingLong: boolean
  declare private seen: number
  declare private isClosed: boolean
  /** `failed` hears of what an `expire` has thrown. */
  constructor(
    context: Context.Context<never>,
    clock: Clock.Clock,
    thread: Pick<ThreadContext, "runtime" | "turn">,
    failed: (defect: unknown) => void
  ) {
    this.clock = clock
    this.runtime = thread.runtime
    this.turn = thread.turn
    this.fork = Effect.runForkWith(context)
    this.failed = failed
    this.heap = []
    this.orders = 0
    this.sleeper = undefined
    this.wakesAt = Infinity
    this.isSleepingLong = false
    this.seen = 0
    this.isClosed = false
  }

  /** Monotonic milliseconds of the system's clock. */
  now(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe()) / 1e6
  }

  /** How many are watched. */
  get size(): number {
    return this.heap.length
  }

  /** Starts the time of `deadline`. An infinite timeout is not watched. */
  add(deadline: Deadline, timeoutMillis: number): void {
    if (timeoutMillis === Infinity || this.isClosed) return
    const { heap } = this
    deadline.expiresAt = this.now() + timeoutMillis
    deadline.order = ++this.orders
    heap.push(deadline)
    this.rise(deadline, heap.length - 1)
    if (deadline.place === 0 && deadline.expiresAt < this.wakesAt) this.sleep()
  }

  /** Forgets `deadline`; harmless when it is not watched. */
  remove(deadline: Deadline): void {
    const { place } = deadline
    if (place < 0) return
    deadline.place = -1
    const { heap } = this
    const last = heap.pop()!
    if (last !== deadline) {
      if (place > 0 && isBefore(last, heap[(place - 1) >> 1]!)) this.rise(last, place)
      else this.sink(last, place)
    } else if (heap.length === 0 && this.isSleepingLong) this.sleepNoMore()
  }

  /** Ends all watching; nothing expires any more. */
  close(): void {
    this.isClosed = true
    for (const deadline of this.heap) deadline.place = -1
    this.heap.length = 0
    this.sleepNoMore()
  }

  private rise(deadline: Deadline, from: number): void {
    const { heap } = this
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]!
      if (!isBefore(deadline, parent)) break
      heap[at] = parent
      parent.place = at
      at = above
    }
    heap[at] = deadline
    deadline.place = at
  }

  private sink(deadline: Deadline, from: number): void {
    const { heap } = this
    const { length } = heap
    let at = from
    while (true) {
      let below = 2 * at + 1
      if (below >= length) break
      if (below + 1 < length && isBefore(heap[below + 1]!, heap[below]!)) below++
      const child = heap[below]!
      if (!isBefore(child, deadline)) break
      heap[at] = child
      child.place = at
      at = below
    }
    heap[at] = deadline
    deadline.place = at
  }

  private sleepNoMore(): void {
    const { sleeper } = this
    this.sleeper = undefined
    this.wakesAt = Infinity
    this.isSleepingLong = false
    sleeper?.interruptUnsafe()
  }

  private sleep(): void {
    this.sleepNoMore()
    this.seen = 0
    this.runtime.detached(() => {
      const fiber = this.fork(this.watching())
      if (fiber.pollUnsafe() === undefined) this.sleeper = fiber
    })
  }

  // One sleep after the other until nothing is left to wait for.
  private watching(): Effect.Effect<void> {
    return Effect.whileLoop({
      while: () => {
        if (this.heap.length > 0) return true
        this.sleeper = undefined
        this.wakesAt = Infinity
        this.isSleepingLong = false
        return false
      },
      body: () => {
        const [first] = this.heap
        const now = this.now()
        this.isSleepingLong = first!.order <= this.seen
        this.seen = this.orders
        this.wakesAt = this.isSleepingLong ? first!.expiresAt : Math.min(first!.expiresAt, now + LINGER_MILLIS)
        const left = Math.ceil(this.wakesAt - now)
        return left > 0 ? this.clock.sleep(Duration.millis(left)) : Effect.yieldNow
      },
      step: () => this.expire()
    })
  }

  private expire(): void {
    const now = this.now()
    const { heap, turn } = this
    turn.enter()
    // While they expire the sleeper is awake: what is added now is seen before it sleeps again.
    this.wakesAt = -Infinity
    this.isSleepingLong = false
    while (heap.length > 0 && heap[0]!.expiresAt <= now) {
      const due = heap[0]!
      this.remove(due)
      try {
        due.expire()
      } catch (defect) {
        this.failed(defect)
      }
      if (turn.isOver()) return
    }
  }
}
