/**
 * What becomes of a program whose system gives up: its threads, or a behaviour on the main thread, have used up their restarts.
 *
 * Whoever has asked for `ActorSystem.escalation` decides. When nobody has, the program ends: the fiber that the layer was built on is
 * interrupted, all scopes are closed, and the layer fails as it is released, so that `Layer.launch` and a program that the layer is
 * provided to fail with the defect {@link SystemGaveUp}.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ActorSystem } from "../actor/ActorSystem.ts"
import { causeText } from "../actor/ExitReason.ts"
import type { Escalation } from "../actor/kernel/Host.ts"

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

/**
 * Whether a system that gives up ends its program where nobody has asked for `ActorSystem.escalation`. Default `true`.
 *
 * **Gotchas** It is read where the layer of the system is built. The program can be ended when it runs on the fiber that has built the
 * layer, as with `Effect.provide`, `Layer.provide` and `Layer.launch`; a layer below `Layer.mergeAll`, or of a `ManagedRuntime`, is built on a fiber of
 * its own: then the error in the log is all.
 */
export const EndsProgram: Context.Reference<boolean> = Context.Reference("shared-nothing/system/EndsProgram", {
  defaultValue: () => true
})

/** The service of a system that ends its program when it gives up and nobody has asked. */
export const endingProgram = (
  system: ActorSystem["Service"]
): Effect.Effect<ActorSystem["Service"], never, Scope.Scope> =>
  Effect.gen(function*() {
    if (!(yield* EndsProgram)) return system
    const program = yield* Effect.withFiber((fiber) => Effect.succeed(fiber))
    let asking = 0
    let isTold = false
    let failure: SystemGaveUp | undefined
    yield* Effect.addFinalizer(() => failure === undefined ? Effect.void : Effect.die(failure))
    yield* Effect.forkScoped(Effect.flatMap(system.escalation, (escalation) =>
      Effect.suspend(() => {
        if (asking > 0 || isTold) return Effect.void
        failure = new SystemGaveUp(escalation)
        const text = `${failure.message}; nobody has asked for ActorSystem.escalation, so the program ends`
        return Effect.onExit(
          Effect.ignoreCause(Effect.logFatal(text, escalation.cause)),
          () => Effect.sync(() => program.interruptUnsafe())
        )
      })))
    const asked = Effect.suspend(() => {
      asking++
      const told = Effect.tap(system.escalation, () => Effect.sync(() => void (isTold = true)))
      return Effect.ensuring(told, Effect.sync(() => void asking--))
    })
    return { ...system, escalation: asked }
  })
