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

/** Completes when a pool gives up. */
export type Escalation = Deferred.Deferred<GaveUp>

export const make = (): Escalation => Deferred.makeUnsafe()

export const tell = (escalation: Escalation, pool: string, reason: ExitReason, cause: Cause.Cause<unknown>): void => {
  Deferred.doneUnsafe(escalation, Exit.succeed({ failure: new PoolGaveUp(pool, reason, cause), cause }))
}

/** Ends the program when it is told and nobody waits for what this answers. */
export const ending = (escalation: Escalation): Effect.Effect<Effect.Effect<PoolGaveUp>, never, Scope.Scope> =>
  Effect.map(
    endingProgram(
      Deferred.await(escalation),
      (gaveUp) => ({ ...gaveUp, unasked: "nobody has asked for Pool.escalation" })
    ),
    (told) => Effect.map(told, ({ failure }) => failure)
  )
