/**
 * What the jobs of a worker say of themselves that are about to block: who has made the pool hears of the first one that does, and of the last one that does no more.
 */
import * as Effect from "effect/Effect"
import { RunningCell } from "../../actor/kernel/RunningCell.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import { benches } from "./job.ts"

/** Those of a worker. */
export class Blocking {
  private readonly tell: (isBlocked: boolean) => void
  private count = 0
  constructor(tell: (isBlocked: boolean) => void) {
    this.tell = tell
  }

  enter(): void {
    if (this.count++ === 0) this.tell(true)
  }

  leave(): void {
    if (--this.count === 0) this.tell(false)
  }
}

/** Says of a part of a job that it blocks; what is no job of a worker that anybody stands in for is what it is. */
export const blocking = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(CurrentThread, (thread) =>
    Effect.withFiber((fiber) => {
      const { blocking, lend } = thread.get(benches)
      if (blocking === undefined || lend(fiber.getRef(RunningCell)) === undefined) return work
      return Effect.acquireUseRelease(
        Effect.sync(() => blocking.enter()),
        () => work,
        () => Effect.sync(() => blocking.leave())
      )
    }))
