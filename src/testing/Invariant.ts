/**
 * What must hold in a simulated run: at each step, at its end, or at least once in all runs of a check.
 *
 * Outside of a simulation these do nothing but look once, so the body of a test also runs on real threads.
 */
import * as Effect from "effect/Effect"
import { CurrentStage } from "./internal/stage.ts"

const isBroken = (name: string): Effect.Effect<never> => Effect.die(new Error(`the invariant "${name}" does not hold`))

/** Looked at after each step from here on: the run fails at the first one after which it is not true. */
export const always = (name: string, check: () => boolean): Effect.Effect<void> =>
  Effect.flatMap(CurrentStage, (stage) => {
    if (stage === undefined) return Effect.suspend(() => check() ? Effect.void : isBroken(name))
    return Effect.sync(() => void stage.world.always.push({ name, check }))
  })

/** Must have been true once by the end of the run, or by {@link Simulation.converge}, which waits for it. */
export const eventually = (name: string, check: () => boolean): Effect.Effect<void> =>
  Effect.map(CurrentStage, (stage) => void stage?.eventually.push({ name, check, holds: false }))

/**
 * Must have been true here in at least one run of a check: what the check is about really happened.
 *
 * **When to use**: where a test would pass as well if its case never came up.
 */
export const sometimes = (name: string, isTrue: boolean): Effect.Effect<void> =>
  Effect.map(CurrentStage, (stage) => {
    if (stage !== undefined) stage.marks.set(name, isTrue || stage.marks.get(name) === true)
  })
