/**
 * What becomes of a program when something that it stands on gives up after it has come up: a supervisor, a pool, or a system of actors, whose
 * restarts are used up. A layer cannot fail any more by then.
 *
 * Whoever has asked to be told decides. When nobody has, the program ends: the fiber that the layer was built on is interrupted, all
 * scopes are closed, and the layer dies as it is released, so that `Layer.launch`, and a program that the layer is provided to,
 * fail with that.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

/**
 * Whether a system of actors, a pool, or the supervisor of a layer that gives up ends its program where nobody has asked. Default `true`: the fiber that the layer
 * is built on is the program, as it is with `Effect.provide`, `Layer.provide` and `Layer.launch`. A fiber is the program itself.
 *
 * **Gotchas** It is read where the layer is built. Below `Layer.mergeAll` and for a `ManagedRuntime` layers are built on fibers of their own, which have ended by
 * the time, and no fiber knows who has forked it: the error in the log is all, unless the program says who it is. Of a `ManagedRuntime` that is
 * the fiber that is to end with it; those that run on the runtime are known to nobody. A `Child.layer` says it for all of its layer: what gives up in that ends the child, and its supervisor decides.
 *
 * **Example** (A program whose layers are built side by side)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { ActorSystem } from "shared-nothing"
 *
 * declare const Threads: Layer.Layer<ActorSystem.ActorSystem>
 * declare const Web: Layer.Layer<never>
 *
 * export const program = Effect.withFiber((fiber) =>
 *   Effect.provideService(Layer.launch(Layer.mergeAll(Threads, Web)), ActorSystem.EndsProgram, fiber)
 * )
 * ```
 */
export const EndsProgram: Context.Reference<boolean | Fiber.Fiber<unknown, unknown>> = Context.Reference(
  "shared-nothing/supervisor/EndsProgram",
  { defaultValue: (): boolean | Fiber.Fiber<unknown, unknown> => true }
)

/** How the end of what the program stands on is told. */
export interface Ending {
  /** What the layer dies with. */
  readonly failure: Error
  readonly cause: Cause.Cause<unknown>
  /** How whoever wants to decide would have asked. */
  readonly unasked: string
}

/**
 * Ends the program when `told` completes and nobody waits for what this answers, which is the same to those who ask.
 */
export const endingProgram = <A>(
  told: Effect.Effect<A>,
  endingOf: (value: A) => Ending | undefined
): Effect.Effect<Effect.Effect<A>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const ends = yield* EndsProgram
    if (ends === false) return told
    const program = ends === true ? yield* Effect.withFiber((fiber) => Effect.succeed(fiber)) : ends
    let asking = 0
    let isTold = false
    let failure: Error | undefined
    yield* Effect.addFinalizer(() => failure === undefined ? Effect.void : Effect.die(failure))
    yield* Effect.forkScoped(Effect.flatMap(told, (value) =>
      Effect.suspend(() => {
        const ending = asking > 0 || isTold ? undefined : endingOf(value)
        if (ending === undefined) return Effect.void
        failure = ending.failure
        const text = `${failure.message}; ${ending.unasked}, so the program ends`
        return Effect.onExit(
          Effect.ignoreCause(Effect.logFatal(text, ending.cause)),
          () => Effect.sync(() => program.interruptUnsafe())
        )
      })))
    return Effect.suspend(() => {
      asking++
      const asked = Effect.tap(told, () => Effect.sync(() => void (isTold = true)))
      return Effect.ensuring(asked, Effect.sync(() => void asking--))
    })
  })
