/** A fiber that is interrupted at a place of which the test says how manieth it is: where it may pause, and goes on no more. */
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
