/**
 * What a program ends with whose system gives up: its threads, or a behaviour on the main thread, have used up their restarts, and nobody
 * has asked for `ActorSystem.escalation`.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ActorSystem } from "../actor/ActorSystem.ts"
import { causeText } from "../actor/ExitReason.ts"
import type { Escalation } from "../actor/kernel/Host.ts"
import { endingProgram } from "../supervisor/EndsProgram.ts"

export { EndsProgram } from "../supervisor/EndsProgram.ts"

/**
 * The system has given up, and nobody had asked for `ActorSystem.escalation`: a defect, which ends the program.
 *
 * **Errors** `cause` is the crash, or the end of a thread, that was one too many. A program that goes on without its actors races itself against
 * `ActorSystem.escalation`, or provides {@link EndsProgram} with `false`.
 */
export class SystemGaveUp extends Error {
  readonly _tag = "SystemGaveUp"
  /** The behaviour, or `"threads"`. */
  readonly who: string
  constructor({ cause, name }: Escalation) {
    super(`${name} has given up: ${causeText(cause)}`, { cause: Cause.squash(cause) })
    this.name = "SystemGaveUp"
    this.who = name
  }
}

/** The service of a system that ends its program when it gives up and nobody has asked. */
export const endingIts = (
  system: ActorSystem["Service"]
): Effect.Effect<ActorSystem["Service"], never, Scope.Scope> =>
  Effect.map(
    endingProgram(system.escalation, (escalation) => ({
      failure: new SystemGaveUp(escalation),
      cause: escalation.cause,
      unasked: "nobody has asked for ActorSystem.escalation"
    })),
    (escalation) => ({ ...system, escalation })
  )
