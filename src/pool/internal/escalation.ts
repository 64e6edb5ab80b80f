/** How the end of a pool is told that comes before the end of its scope. */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { ExitReason } from "../../actor/ExitReason.ts"
import { endingProgram } from "../../supervisor/EndsProgram.ts"
import { PoolGaveUp } from "../PoolGaveUp.ts"

interface GaveUp {
  readonly failure: PoolGaveUp
  readonly cause: Cause.Cause<unknown>
}

/** Whether a pool has given up. */
export interface Escalation {
  readonly told: Deferred.Deferred<GaveUp>
  gaveUp: GaveUp | undefined
}

export const make = (): Escalation => ({ told: Deferred.makeUnsafe(), gaveUp: undefined })

/** The pool gives up; nobody is told yet. */
export const giveUp = (self: Escalation, pool: string, reason: ExitReason, cause: Cause.Cause<unknown>): void => {
  self.gaveUp = { failure: new PoolGaveUp(pool, reason, cause), cause }
}

/** Whoever has asked is told, if it has given up. */
export const tell = ({ gaveUp, told }: Escalation): void => {
  if (gaveUp !== undefined) Deferred.doneUnsafe(told, Exit.succeed(gaveUp))
}

/** Ends the program when the pool has given up and nobody waits for what this answers. */
export const ending = (self: Escalation): Effect.Effect<Effect.Effect<PoolGaveUp>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const told = yield* endingProgram(
      Deferred.await(self.told),
      (gaveUp) => ({ ...gaveUp, unasked: "nobody has asked for Pool.escalation" })
    )
    // Those whose jobs the end has settled may have come to the end of the program meanwhile.
    yield* Effect.addFinalizer(() => Effect.sync(() => tell(self)))
    return Effect.map(told, ({ failure }) => failure)
  })
