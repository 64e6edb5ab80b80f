/** Fibers that pause where the test says: where they are interrupted and go on no more, or each time they are let go on. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"

class Pausing implements Scheduler.Scheduler {
  readonly executionMode = "async"
  private readonly base: Scheduler.Scheduler
  private readonly at: number
  private first: unknown
  looks = 0

  constructor(base: Scheduler.Scheduler, at: number) {
    this.base = base
    this.at = at
  }

  // Before each step of a fiber. What it forks has this scheduler, too, and is let alone.
  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    this.first ??= fiber
    if (fiber !== this.first || ++this.looks !== this.at) return this.base.shouldYield(fiber)
    // In front of what lets it go on.
    fiber.currentDispatcher.scheduleTask(() => fiber.interruptUnsafe(), 0)
    return true
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return this.base.makeDispatcher()
  }
}

/** What comes of an effect that is interrupted in front of its step of this number, the first one being 1; `undefined` once it has fewer. */
export const interruptedAt = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  at: number
): Effect.Effect<Exit.Exit<A, E> | undefined, never, R> =>
  Effect.gen(function*() {
    const pausing = new Pausing(yield* Scheduler.Scheduler, at)
    const fiber = yield* Effect.forkChild(Effect.provideService(effect, Scheduler.Scheduler, pausing))
    const exit = yield* Fiber.await(fiber)
    return pausing.looks < at ? undefined : exit
  })

class PausingFirst implements Scheduler.Scheduler {
  readonly executionMode = "async"
  private readonly base: Scheduler.Scheduler
  private readonly paused = new WeakSet<object>()

  constructor(base: Scheduler.Scheduler) {
    this.base = base
  }

  // The end of a pause lets a fiber go on, too.
  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    if (fiber.currentOpCount > 1 || this.paused.delete(fiber)) return this.base.shouldYield(fiber)
    this.paused.add(fiber)
    return true
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return this.base.makeDispatcher()
  }
}

/** An effect whose fiber pauses whenever it is let go on, in front of all else that it would do then. */
export const pausingFirst = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Scheduler.Scheduler,
    (base) => Effect.provideService(effect, Scheduler.Scheduler, new PausingFirst(base))
  )
