/**
 * Stands in for workers that block: as many more as do, up to the most that there may be, and as many less when they do no more.
 *
 * ```text
 *  a worker blocks ──► one more ── it does no more, and for `cooldown` no other one ──► one less
 * ```
 *
 * Where the process has too little memory left nobody comes; it is looked again when another worker blocks.
 *
 * It never undoes what was decided or asked for otherwise: it takes back what it has added and no more, and what was asked for by hand is as it was asked for.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { ThreadDown } from "../../thread/ThreadError.ts"
import type { SizeSignal } from "../PoolEvent.ts"
import * as Crew from "./crew.ts"

/** The incarnations that block, by their numbers. */
export class Blocked {
  private readonly numbers = new Set<number>()
  /** Open when that has changed. */
  readonly changed = Latch.makeUnsafe(false)

  get count(): number {
    return this.numbers.size
  }

  set(number: number, isBlocked: boolean): void {
    if (isBlocked === this.numbers.has(number)) return
    if (isBlocked) this.numbers.add(number)
    else this.numbers.delete(number)
    this.changed.openUnsafe()
  }
}

/** Whose workers they are. */
export interface Compensated {
  readonly crew: Crew.Crew
  readonly blocked: Blocked
  readonly cooldownMillis: number
  readonly look: () => SizeSignal
  /** Whether there is no memory for another worker, as a signal says. */
  readonly isShort: (signal: SizeSignal) => boolean
  /** There is none, and one was wanted. */
  readonly held: (wanted: number, signal: SizeSignal) => void
  /** A worker has not come up. */
  readonly failed: (error: ThreadDown) => void
}

/** Does so, for ever. */
export const compensate = (
  { blocked, cooldownMillis, crew, failed, held, isShort, look }: Compensated
): Effect.Effect<never> => {
  const step = (by: 1 | -1, why: "blocking" | "unblocked"): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const { size } = crew
      const [least, most] = [crew.least, crew.workers.length]
      if (size + by < least || size + by > most) return Effect.succeed(false)
      const signal = look()
      if (by > 0 && isShort(signal)) {
        held(size + by, signal)
        return Effect.succeed(false)
      }
      return Effect.match(Crew.change(crew, size + by, { why, signal }), {
        onFailure: (error) => {
          failed(error)
          return false
        },
        onSuccess: () => {
          if (crew.size === size + by) crew.compensated += by
          // Where somebody else was there first it is looked again.
          return crew.size !== size
        }
      })
    })
  return Effect.forever(Effect.gen(function*() {
    yield* blocked.changed.await
    blocked.changed.closeUnsafe()
    while (blocked.count > crew.compensated) if (!(yield* step(1, "blocking"))) break
    while (blocked.count < crew.compensated) {
      const isOther = yield* Effect.raceFirst(
        Effect.as(blocked.changed.await, true),
        Effect.as(Effect.sleep(cooldownMillis), false)
      )
      if (isOther || !(yield* step(-1, "unblocked"))) break
    }
  }))
}
