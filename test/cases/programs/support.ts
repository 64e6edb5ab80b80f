/** What the programs of this folder share: each is run by itself, and says in its opening comment what it must print. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { textOf } from "../../../src/runtime/Text.ts"

/** The value of a success, the tag of an error, or `Die` and `Interrupt`. */
export const tagOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return exit.value === undefined ? "done" : textOf(exit.value)
  if (Cause.hasInterruptsOnly(exit.cause)) return "Interrupt"
  if (Cause.hasDies(exit.cause)) return "Die"
  const error = Cause.squash(exit.cause)
  return typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : "an error without a tag"
}

/** How an effect ends, as one word. */
export const outcome = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<string, never, R> =>
  Effect.map(Effect.exit(effect), tagOf)

/** How an effect ends, or that it has not ended after a time that is long for it. */
export const outcomeSoon = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<string, never, R> =>
  outcome(effect).pipe(
    Effect.timeoutOption("10 seconds"),
    Effect.map((ended) => ended._tag === "Some" ? ended.value : "still waits")
  )

/** Tries again while the thread or the actor is being started again. */
export const whenUp = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.retry(effect, {
    while: (error) =>
      Effect.as(Effect.sleep("5 millis"), error._tag === "ActorRestarting" || error._tag === "ThreadLost"),
    times: 4000
  })

/** Waits until it is so, a long time if need be. */
export const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    for (let tries = 0; tries < 6000 && !(yield* condition); tries++) yield* Effect.sleep("5 millis")
  })

/** A system whose workers run the file of the program itself. */
export const threads = (file: string, options: Partial<ActorSystem.ThreadsOptions> = {}) =>
  ActorSystem.layerThreads({
    // What workers print is not what the program says.
    spawn: () => new Worker(new URL(file), { stdout: true, stderr: true }),
    threads: 1,
    readyTimeout: "1 minute",
    intensity: { restarts: 1000, within: "1 minute" },
    ...options
  })

/** Runs a program to its end in a system, without a log. */
export const runIn = <A, E, RIn, E2>(
  layer: Layer.Layer<RIn, E2>,
  program: Effect.Effect<A, E, RIn | Scope.Scope>
): Promise<A> =>
  Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Layer.provideMerge(layer, Logger.layer([])))))

/** The same on one thread. */
export const runLocal = <A, E, RIn, E2>(
  live: Layer.Layer<RIn, E2, ActorSystem.ActorSystem>,
  program: Effect.Effect<A, E, RIn | ActorSystem.ActorSystem | Scope.Scope>
): Promise<A> => runIn(Layer.provideMerge(live, ActorSystem.layer), program)
