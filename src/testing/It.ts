/**
 * Tests of actors and of simulated programs, in the words of `@effect/vitest`: `it.actors` and `it.simulated` beside its `it.effect`.
 *
 * **Example**
 *
 * ```ts
 * import { it as effectIt } from "@effect/vitest"
 * import { It, Probe } from "shared-nothing/testing"
 *
 * const it = It.withActors(effectIt)
 * ```
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ActorSystem } from "../actor/ActorSystem.ts"
import * as Simulation from "./Simulation.ts"
import * as TestSystem from "./TestSystem.ts"

// As `@effect/vitest` has it; the context of a test is its own business.
/** Adds a test that is an effect, under the clock of the test. */
export interface EffectTest {
  <A, E>(name: string, test: (context: any) => Effect.Effect<A, E, Scope.Scope>, timeout?: number): void
}

/** What `@effect/vitest` calls `it`, as far as it matters here. */
export interface EffectIt {
  readonly effect: EffectTest & { readonly only: EffectTest; readonly skip: EffectTest }
}

/** Adds a test on a {@link TestSystem} of its own with these behaviours. */
export interface ActorsTest {
  <A, E, LE>(
    name: string,
    behaviours: Layer.Layer<never, LE, ActorSystem>,
    test: () => Effect.Effect<A, E, ActorSystem | TestSystem.TestSystem | Scope.Scope>,
    timeoutMillis?: number
  ): void
}

/** Adds a test that is a program in {@link Simulation.check}; its name is that of the command line that runs a failing seed again. */
export interface SimulatedTest {
  <A, E>(
    name: string,
    options: Omit<Simulation.CheckOptions, "name">,
    program: () => Effect.Effect<A, E, Scope.Scope>,
    timeoutMillis?: number
  ): void
}

/** What {@link withActors} adds. */
export interface Tests {
  readonly actors: ActorsTest & { readonly only: ActorsTest; readonly skip: ActorsTest }
  readonly simulated: SimulatedTest & { readonly only: SimulatedTest; readonly skip: SimulatedTest }
}

const actors = (add: EffectTest): ActorsTest => (name, behaviours, test, timeoutMillis) =>
  add(name, () => Effect.provide(test(), TestSystem.layer(behaviours)), timeoutMillis)

const simulated = (add: EffectTest): SimulatedTest => (name, options, program, timeoutMillis) =>
  add(name, () => Simulation.check({ ...options, name }, Effect.suspend(program)), timeoutMillis)

const variants = <T extends object>(of: (add: EffectTest) => T, { effect }: EffectIt) =>
  Object.assign(of(effect), { only: of(effect.only), skip: of(effect.skip) })

/** The same `it`, with tests of actors and of simulated programs, each with `only` and `skip`. */
export const withActors = <It extends EffectIt>(it: It): It & Tests => {
  const added: Tests = { actors: variants(actors, it), simulated: variants(simulated, it) }
  return new Proxy(it, {
    get: (target, key, receiver) =>
      Object.hasOwn(added, key) ? Reflect.get(added, key) : Reflect.get(target, key, receiver)
  }) as It & Tests
}
