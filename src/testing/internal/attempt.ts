/**
 * One run of a program, from its options to its outcome.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Setup } from "../../thread/kernel/Entry.ts"
import type { Place } from "../../thread/SpawnedWorker.ts"
import { drawn, type FaultsInput } from "../Faults.ts"
import { type Choices, Oracle } from "./oracle.ts"
import { policies, type Policy } from "./policy.ts"
import { type Attempt, render } from "./report.ts"
import { drive, type Outcome } from "./runner.ts"
import { Stage } from "./stage.ts"

/** How the runs of a check are made. */
export interface Settings {
  readonly name: string
  readonly setupOf: (place: Place) => Setup
  readonly faults: FaultsInput | undefined
  readonly policy: Policy | "any"
  readonly maxSteps: number
  readonly refusesEscapes: boolean
  readonly refusesLeaks: boolean
  readonly patienceMillis: number
}

/** Runs a program once: by its seed, or as it was recorded. */
export const attempt = <A, E>(
  settings: Settings,
  seed: number,
  program: Effect.Effect<A, E, Scope.Scope>,
  given?: Choices
): Effect.Effect<Attempt<A>> =>
  Effect.suspend(() => {
    const { maxSteps, setupOf } = settings
    const oracle = new Oracle(seed, given)
    // Drawn from the seed in a replay too: what happens is in the choices.
    const faults = drawn(settings.faults, oracle)
    const policy = settings.policy === "any"
      ? policies[oracle.stream("policy").random.below(policies.length)]!
      : settings.policy
    const stage = new Stage({ oracle, policy, faults, maxSteps, setupOf })
    const drawnFor = (outcome: Outcome<A>): Attempt<A> => ({
      ...outcome,
      seed,
      faults,
      policy,
      choices: oracle.choices,
      bounds: oracle.bounds("schedule")
    })
    const blocked = (frames: ReadonlyArray<string>): string => {
      const { current, currentLane } = stage.world
      const failure = {
        kind: `Blocked: ${current?.name ?? "main"}: ${currentLane?.what ?? "between two steps"}`,
        detail: [`a step takes longer than ${settings.patienceMillis} ms; it is here, and the process ends:`, ...frames]
      }
      const about = { name: settings.name, before: undefined, file: undefined }
      return render(drawnFor({ stage, value: undefined, failure }), about)
    }
    return Effect.map(drive(stage, program, { ...settings, blocked }), drawnFor)
  })
