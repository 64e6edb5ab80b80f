/** A program of this project that runs in simulations, by thousands of seeds. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { ActorSystem } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"

export interface Scenario extends Pick<Simulation.CheckOptions, "worker" | "ambient" | "maxSteps" | "faults"> {
  readonly name: string
  /** Has to fail: it shows that the gate bites, and is run only by its name. */
  readonly isPlanted?: boolean | undefined
  readonly program: Effect.Effect<unknown, unknown, Scope.Scope>
}

/** The workers of a scenario are simulated. */
export const noThread = (): never => {
  throw new Error("no real thread is started in a simulation")
}

/** Where an actor is placed. */
export const at = (thread: number) => ({ placement: { thread } }) as const

/**
 * Runs a program on a system of so many threads, with rings that are often as small as can be. The system and what `setUp` makes come
 * up undisturbed.
 */
export const onThreads = <A, B, E, F>(
  threads: number,
  setUp: Effect.Effect<A, E, Scope.Scope | ActorSystem.ActorSystem>,
  program: (made: A) => Effect.Effect<B, F, Scope.Scope | ActorSystem.ActorSystem>,
  here: Layer.Layer<never, never, ActorSystem.ActorSystem> = Layer.empty
) =>
  Effect.scoped(Effect.gen(function*() {
    const capacityBytes = yield* Simulation.pick([1 << 16, 4096])
    const system = ActorSystem.layerThreads({
      spawn: noThread,
      threads,
      ring: { capacityBytes },
      standby: yield* Simulation.draw(2),
      intensity: { restarts: 1_000_000, within: "1 minute" }
    })
    const up = Effect.gen(function*() {
      const context = yield* Layer.build(Layer.provideMerge(here, system))
      return { context, made: yield* Effect.provideContext(setUp, context) }
    })
    const { context, made } = yield* Fault.calm(up)
    return yield* Effect.provideContext(program(made), context)
  }))
