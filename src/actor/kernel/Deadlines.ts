/**
 * Ends asks whose time is over, with one sleeping fiber for all of them.
 *
 * Asks of equal timeout expire in the order in which they started: they form a lane, a linked list. A binary heap of lanes
 * has the next one to expire in front. So adding and removing is a few pointer writes where asks have a timeout in common, and
 * never more than a heap where they do not. Time is the `Clock` of the layer that built the system, so deadlines follow
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
  /** The lane it stands in while it is watched, and its neighbours there. */
  declare lane: Lane | undefined
  declare previous: Deadline | undefined
  declare next: Deadline | undefined
  constructor() {
    this.expiresAt = Infinity
    this.order = 0
    this.lane = undefined
    this.previous = undefined
    this.next = undefined
  }
  /** Called when the time is over and it has not been removed. */
  abstract expire(): void
}

/** Those of one timeout, the oldest first; it stands in the heap, at `place`, while there are any. */
class Lane {
  declare readonly timeoutMillis: number
  declare first: Deadline | undefined
  declare last: Deadline | undefined
  declare place: number
  constructor(timeoutMillis: number) {
    this.timeoutMillis = timeoutMillis
    this.first = undefined
    this.last = undefined
    this.place = -1
  }
}

const isBefore = (one: Lane, other: Lane): boolean => {
  const a = one.first!
  const b = other.first!
  return a.expiresAt < b.expiresAt || a.expiresAt === b.expiresAt && a.order < b.order
}

/** See the module. */
export class Deadlines {
  declare private readonly clock: Clock.Clock
  declare private readonly runtime: Runtime
  declare private readonly turn: Turn
  declare private readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  declare private readonly failed: (defect: unknown) => void
  declare private readonly heap: Array<Lane>
  declare private readonly lanes: Map<number, Lane>
  /** The lane that was added to last: it is kept when it runs empty, for the next ask is often like the one before. */
  declare private latest: Lane
  declare private watched: number
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
    this.lanes = new Map()
    this.latest = new Lane(Infinity)
    this.watched = 0
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
    return this.watched
  }

  /** Starts the time of `deadline`. An infinite timeout is not watched. */
  add(deadline: Deadline, timeoutMillis: number): void {
    if (timeoutMillis === Infinity || this.isClosed) return
    const lane = this.laneOf(timeoutMillis)
    const { last } = lane
    const expiresAt = this.now() + timeoutMillis
    // Also where somebody has set the clock back: who came first is the first to expire.
    deadline.expiresAt = last === undefined ? expiresAt : Math.max(expiresAt, last.expiresAt)
    deadline.order = ++this.orders
    deadline.lane = lane
    deadline.previous = last
    lane.last = deadline
    this.watched++
    if (last !== undefined) {
      last.next = deadline
      return
    }
    lane.first = deadline
    this.heap.push(lane)
    this.rise(lane, this.heap.length - 1)
    if (lane.place === 0 && deadline.expiresAt < this.wakesAt) this.sleep()
  }

  private laneOf(timeoutMillis: number): Lane {
    const { lanes, latest } = this
    if (latest.timeoutMillis === timeoutMillis) return latest
    if (latest.first === undefined) lanes.delete(latest.timeoutMillis)
    const known = lanes.get(timeoutMillis)
    if (known !== undefined) return this.latest = known
    const lane = new Lane(timeoutMillis)
    lanes.set(timeoutMillis, lane)
    return this.latest = lane
  }

  /** Forgets `deadline`; harmless when it is not watched. */
  remove(deadline: Deadline): void {
    const { lane, next, previous } = deadline
    if (lane === undefined) return
    deadline.lane = undefined
    deadline.previous = undefined
    deadline.next = undefined
    this.watched--
    if (next === undefined) lane.last = previous
    else next.previous = previous
    if (previous !== undefined) previous.next = next
    else {
      lane.first = next
      if (next === undefined) this.leave(lane)
      else this.sink(lane, lane.place)
    }
  }

  // Takes a lane out of the heap that has run empty.
  private leave(lane: Lane): void {
    const { heap, latest } = this
    const { place } = lane
    if (lane !== latest) this.lanes.delete(lane.timeoutMillis)
    const last = heap.pop()!
    if (last !== lane) {
      if (place > 0 && isBefore(last, heap[(place - 1) >> 1]!)) this.rise(last, place)
      else this.sink(last, place)
    } else if (heap.length === 0 && this.isSleepingLong) this.sleepNoMore()
  }

  /** Ends all watching; nothing expires any more. */
  close(): void {
    this.isClosed = true
    while (this.heap.length > 0) this.remove(this.heap[0]!.first!)
    this.sleepNoMore()
  }

  private rise(lane: Lane, from: number): void {
    const { heap } = this
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]!
      if (!isBefore(lane, parent)) break
      heap[at] = parent
      parent.place = at
      at = above
    }
    heap[at] = lane
    lane.place = at
  }

  private sink(lane: Lane, from: number): void {
    const { heap } = this
    const { length } = heap
    let at = from
    while (true) {
      let below = 2 * at + 1
      if (below >= length) break
      if (below + 1 < length && isBefore(heap[below + 1]!, heap[below]!)) below++
      const child = heap[below]!
      if (!isBefore(child, lane)) break
      heap[at] = child
      child.place = at
      at = below
    }
    heap[at] = lane
    lane.place = at
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
        const first = this.heap[0]!.first!
        const now = this.now()
        this.isSleepingLong = first.order <= this.seen
        this.seen = this.orders
        this.wakesAt = this.isSleepingLong ? first.expiresAt : Math.min(first.expiresAt, now + LINGER_MILLIS)
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
    while (heap.length > 0 && heap[0]!.first!.expiresAt <= now) {
      const due = heap[0]!.first!
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
