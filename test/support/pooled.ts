/** Tests of pools in simulations: each by several seeds, with wake-ups and turns as they come. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Scope from "effect/Scope"
import { type Actor, Pool } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "./effort.ts"

/** How a simulation of a test is made, beside its name. */
export type Options = Partial<Simulation.CheckOptions>

type Body = () => Effect.Effect<unknown, unknown, Scope.Scope>

/** Two workers, which may die as often as they like. */
export const poolOf = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor.Actor<Name, Rpcs>,
  options: Partial<Pool.PoolOptions> = {}
): Effect.Effect<Pool.PoolRef<Rpcs>, unknown, Scope.Scope> =>
  Fault.calm(Pool.make(actor, {
    spawn: noThread,
    threads: 2,
    intensity: { restarts: 1_000_000, within: "1 minute" },
    ...options
  }))

/** A test by several seeds; `worker` is what its threads run. */
export const simulated = (worker: () => unknown) => (name: string, body: Body, options: Options = {}) =>
  it.effect(name, () =>
    Simulation.check({
      name,
      maxSteps: 1_000_000,
      seeds: tries(8),
      // No spurious wake-ups: they would hide those that are lost.
      faults: { portDelay: 2, lateWake: 10 },
      worker,
      ...options
    }, Effect.suspend(() => Effect.scoped(body()))))
