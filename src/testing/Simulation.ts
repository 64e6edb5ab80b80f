/**
 * A whole program, its worker threads included, in one thread and one virtual time: the same program every time for the same
 * seed, and another one for each seed.
 *
 * The rings, links, codecs, supervisors and channels are the real ones. What is not: a worker is an object with lanes of tasks
 * of its own instead of a `Worker`, its port a pair of queues, its time the run's. One oracle decides which task is next, how
 * long things take, and what goes wrong.
 *
 * **Example**
 *
 * ```ts
 * import { Simulation } from "shared-nothing/testing"
 * import * as Effect from "effect/Effect"
 *
 * declare const transfers: Effect.Effect<void> // the program, with its ActorSystem.layerThreads
 *
 * declare const worker: () => Promise<unknown> // () => import("./bank.worker.ts")
 *
 * const check = Simulation.check({ name: "transfers", seeds: 1000, faults: "swarm", worker }, transfers)
 * ```
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { textOf } from "../runtime/Text.ts"
import { durationMillis } from "../supervisor/kernel/Millis.ts"
import type { Setup } from "../thread/kernel/Entry.ts"
import type { Place } from "../thread/SpawnedWorker.ts"
import { runtime } from "../thread/ThreadRuntime.ts"
import type { FaultsInput } from "./Faults.ts"
import { attempt, type Settings } from "./internal/attempt.ts"
import * as Environment from "./internal/environment.ts"
import { type Choices, decisions } from "./internal/oracle.ts"
import type { Policy } from "./internal/policy.ts"
import { hashOf } from "./internal/random.ts"
import { type About, type Attempt, render } from "./internal/report.ts"
import { next } from "./internal/search.ts"
import { shrink } from "./internal/shrink.ts"
import { CurrentStage } from "./internal/stage.ts"
import { setupOf, type WorkerProgram } from "./internal/workerProgram.ts"
import * as Recording from "./Recording.ts"
import { type InvalidRecording, SimulationFailed, SimulationMisused } from "./SimulationError.ts"

export type { Policy } from "./internal/policy.ts"
export type { WorkerProgram } from "./internal/workerProgram.ts"

/** How a program is simulated. */
export interface Options {
  /** The name of the test, for the command line that runs a failing seed again. */
  readonly name?: string | undefined
  /**
   * What each worker runs, in place of the file that the program's `spawn` names: `() => import("./worker.ts")`, or what such a
   * file does. By the name of the worker where they differ.
   */
  readonly worker?: WorkerProgram | Readonly<Record<string, WorkerProgram>> | undefined
  /** What goes wrong by itself; nothing unless told. */
  readonly faults?: FaultsInput | undefined
  /** How the next task is chosen; for each seed another way unless told. */
  readonly policy?: Policy | undefined
  /** How many tasks a run may have; 100 000 unless told. */
  readonly maxSteps?: number | undefined
  /** Whether fibers and threads may outlive the program. Refused unless told; what is done within ten seconds is no leak. */
  readonly leaks?: "refuse" | "allow" | undefined
  /** Whether real time, real chance and timers may be used: the run answers them then. Refused unless told. */
  readonly ambient?: "refuse" | "answer" | undefined
  /**
   * How long one step may take really; 30 seconds unless told. A program that blocks its thread for longer is named with its stack and
   * its seed, and the process ends: nothing else ends it.
   */
  readonly blockedAfter?: Duration.Input | undefined
}

/** One run. */
export interface RunOptions extends Options {
  /** A number, or any text; 1 unless told. */
  readonly seed?: number | string | undefined
  /** A run as it was recorded. */
  readonly replay?: Recording.Recording | string | undefined
}

/** A run that has passed. */
export interface Passed<A> {
  readonly value: A
  readonly seed: number
  readonly steps: number
  /** How long it took, in its own time. */
  readonly millis: number
  /** Two runs that are the same have the same. */
  readonly digest: number
  /** The marks of {@link Invariant.sometimes}, and whether they held. */
  readonly marks: ReadonlyMap<string, boolean>
}

const settingsOf = (options: Options): Effect.Effect<Settings, SimulationMisused> =>
  Effect.gen(function*() {
    const {
      ambient = "refuse",
      blockedAfter = "30 seconds",
      faults,
      leaks = "refuse",
      maxSteps = 100_000,
      name = "simulation",
      policy = "any",
      worker
    } = options
    const patienceMillis = durationMillis(blockedAfter)
    if (!(patienceMillis >= 1)) {
      return yield* new SimulationMisused({ problem: `blockedAfter is ${textOf(blockedAfter)}, and no duration` })
    }
    const setups = new Map<string, Setup>()
    if (typeof worker === "function") setups.set("*", yield* setupOf(worker))
    else for (const [of, program] of Object.entries(worker ?? {})) setups.set(of, yield* setupOf(program))
    const setupFor = (place: Place): Setup => {
      const setup = setups.get(place.name) ?? setups.get("*")
      if (setup !== undefined) return setup
      throw new SimulationMisused({
        problem: `the program starts a worker "${place.name}", and \`worker\` does not say what it runs`
      })
    }
    return {
      name,
      setupOf: setupFor,
      faults,
      policy,
      maxSteps,
      refusesEscapes: ambient === "refuse",
      refusesLeaks: leaks === "refuse",
      patienceMillis
    }
  })

const passed = <A>({ seed, stage, value }: Attempt<A>): Passed<A> => ({
  value: value as A,
  seed,
  steps: stage.world.steps,
  millis: stage.world.now,
  digest: stage.world.trace.reduce((hash, step) => Math.imul(hash ^ step, 0x01000193), 0x811c9dc5) >>> 0,
  marks: stage.marks
})

const recordingOf = (run: Attempt<unknown>): string =>
  Recording.render({ seed: run.seed, kind: run.failure?.kind ?? "", choices: run.choices })

const failed = (run: Attempt<unknown>, about: About): SimulationFailed =>
  new SimulationFailed({
    kind: run.failure?.kind ?? "",
    seed: run.seed,
    steps: run.stage.world.steps,
    decisions: decisions(run.choices),
    report: render(run, about),
    recording: recordingOf(run),
    cause: run.failure?.cause
  })

const parsed = (text: string): Effect.Effect<Recording.Recording, InvalidRecording> =>
  Effect.try({ try: () => Recording.parse(text), catch: (error) => error as InvalidRecording })

/**
 * Runs a program once.
 *
 * **Errors** {@link SimulationFailed} when something did not hold, {@link SimulationMisused} for options that make no sense, and
 * `InvalidRecording` for a `replay` that is none.
 */
export const run = <A, E>(
  options: RunOptions,
  program: Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<Passed<A>, SimulationFailed | SimulationMisused | InvalidRecording> =>
  Effect.gen(function*() {
    const settings = yield* settingsOf(options)
    const { replay, seed } = options
    const recording = typeof replay === "string" ? yield* parsed(replay) : replay
    const made = yield* attempt(settings, recording?.seed ?? seedOf(seed ?? 1), program, recording?.choices)
    if (made.failure === undefined) return passed(made)
    return yield* failed(made, { name: settings.name, before: undefined, file: undefined })
  })

/** Many runs. */
export interface CheckOptions extends Options {
  /** How many seeds; 100 unless told. `SIM_SEEDS` in the environment overrules it. */
  readonly seeds?: number | undefined
  /** The first of them, or a text that they follow from, such as a commit; 1 unless told. */
  readonly seed?: number | string | undefined
  /**
   * Instead of random runs those whose schedules part from the plain one (who has waited longest is next) in at most so many places, one
   * after the other, without faults; at most `seeds` of them.
   */
  readonly search?: number | undefined
  /** One in so many seeds is run twice, and both must be the same step by step; 25 unless told, 0 for none. */
  readonly repeatEvery?: number | undefined
  /** Whether a mark that held in no run fails the check; it does unless told, and in a single run it never does. */
  readonly marks?: "require" | "report" | undefined
  /** How much work it may be to make a failing run simpler; 500 runs and 10 seconds unless told. */
  readonly shrink?: { readonly runs?: number | undefined; readonly seconds?: number | undefined } | undefined
}

/** What has passed. */
export interface Checked {
  readonly seeds: number
  readonly steps: number
  /** How long the runs took in their own time, all of them together. */
  readonly millis: number
  /** How long it took really. */
  readonly realMillis: number
  readonly marks: ReadonlyMap<string, boolean>
  /** Whether a `search` has run all there are. */
  readonly isExhausted: boolean
}

/**
 * Runs a program by many seeds. A failing one is run again, made simpler, and reported with the command that replays it.
 *
 * **Details** `SIM_SEED` in the environment runs that seed alone, `SIM_REPLAY` a recording from its file.
 *
 * **Errors** {@link SimulationFailed} for the first seed that does not pass; with the kind `Nondeterministic` for one that does not
 * do the same twice, and `Mark: …` when an `Invariant.sometimes` held in no run.
 */
export const check = <A, E>(
  options: CheckOptions,
  program: Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<Checked, SimulationFailed | SimulationMisused | InvalidRecording> =>
  Effect.gen(function*() {
    const settings = yield* settingsOf(options)
    const given = Environment.read()
    if (given.replay !== undefined) {
      const passed = yield* run({ ...options, replay: given.replay }, program)
      return {
        seeds: 1,
        steps: passed.steps,
        millis: passed.millis,
        realMillis: 0,
        marks: passed.marks,
        isExhausted: false
      }
    }
    const { repeatEvery = 25, search } = options
    const first = seedOf(given.seed ?? options.seed ?? 1)
    const seeds = given.seed === undefined ? given.seeds ?? options.seeds ?? 100 : 1
    const began = runtime.nowMillis()
    const marks = new Map<string, boolean>()
    const total = { steps: 0, millis: 0 }
    // Where schedules are searched for, that of the next run; the first one is the plain one.
    let schedule: Choices | undefined = search === undefined ? undefined : new Map()
    let runs = 0
    for (let goesOn = true; goesOn;) {
      const seed = schedule === undefined ? first + runs : first
      const made = yield* attempt(settings, seed, program, schedule)
      if (made.failure !== undefined) return yield* simplest(settings, made, program, options)
      if (repeatEvery > 0 && runs % repeatEvery === 0) {
        yield* compare(settings, made, yield* attempt(settings, seed, program, schedule))
      }
      for (const [mark, held] of made.stage.marks) marks.set(mark, held || marks.get(mark) === true)
      total.steps += made.stage.world.steps
      total.millis += made.stage.world.now
      runs++
      if (search !== undefined) schedule = next(made.choices, made.bounds, search)
      goesOn = runs < seeds && (search === undefined || schedule !== undefined)
    }
    const realMillis = runtime.nowMillis() - began
    for (const [mark, held] of marks) {
      if (!held && seeds > 1 && options.marks !== "report") {
        return yield* neverMarked(settings, first, runs, total.steps, mark)
      }
    }
    return { seeds: runs, ...total, realMillis, marks, isExhausted: search !== undefined && schedule === undefined }
  })

const neverMarked = ({ name }: Settings, first: number, seeds: number, steps: number, mark: string): SimulationFailed =>
  new SimulationFailed({
    kind: `Mark: ${mark}`,
    seed: first,
    steps,
    decisions: 0,
    report: `FAIL  ${name}: "${mark}" came true in none of ${seeds} runs from seed ${Recording.seedText(first)} on`,
    recording: "",
    cause: undefined
  })

/** Runs a failing seed again, and what is left of it until nothing more can be left out. */
const simplest = <A, E>(
  settings: Settings,
  failing: Attempt<A>,
  program: Effect.Effect<A, E, Scope.Scope>,
  { shrink: effort }: CheckOptions
): Effect.Effect<never, SimulationFailed> =>
  Effect.gen(function*() {
    const again = (choices: Choices) => attempt(settings, failing.seed, program, choices)
    yield* compare(settings, failing, yield* again(failing.choices))
    const best = yield* shrink(failing, again, {
      runs: effort?.runs ?? 500,
      millis: 1000 * (effort?.seconds ?? 10)
    })
    const before = { decisions: decisions(failing.choices), steps: failing.stage.world.steps }
    const file = Environment.write(failing.seed, recordingOf(best))
    return yield* failed(best, { name: settings.name, before, file })
  })

/** Two runs of one seed, step by step. */
const compare = <A>(settings: Settings, one: Attempt<A>, other: Attempt<A>): Effect.Effect<void, SimulationFailed> => {
  const [a, b] = [one.stage.world.trace, other.stage.world.trace]
  const length = Math.max(a.length, b.length)
  let at = 0
  while (at < length && a[at] === b[at]) at++
  if (at === length && one.failure?.kind === other.failure?.kind) return Effect.void
  const failure = {
    kind: "Nondeterministic",
    detail: [
      `two runs of this seed part in step ${
        at + 1
      }: something that outlives a run, or comes from outside of it, decides there`,
      `once:  ${one.failure?.kind ?? "passed"} after ${a.length} steps`,
      `again: ${other.failure?.kind ?? "passed"} after ${b.length} steps`
    ]
  }
  return Effect.fail(failed({ ...one, failure }, { name: settings.name, before: undefined, file: undefined }))
}

const seedOf = (seed: number | string): number => {
  if (typeof seed === "number") return seed >>> 0
  const number = Number(seed)
  return Number.isInteger(number) && seed !== "" ? number >>> 0 : hashOf(seed)
}

// ---- inside of a run

/** A number from 0 to `n - 1`, drawn by the run; the smaller, the simpler. Outside of a simulation it is 0. */
export const draw = (n: number): Effect.Effect<number> =>
  Effect.map(CurrentStage, (stage) => stage === undefined ? 0 : stage.oracle.below("program", n))

/** One of several values, drawn by the run; the first is the simplest. */
export const pick = <A>(values: readonly [A, ...ReadonlyArray<A>]): Effect.Effect<A> =>
  Effect.map(draw(values.length), (at) => values[at]!)

/** Writes a line into the journal of the run. */
export const log = (text: string): Effect.Effect<void> => Effect.map(CurrentStage, (stage) => stage?.world.log(text))

/**
 * Ends the phase of faults: whoever was stalled goes on, nothing goes wrong any more, and all that was to be true
 * {@link Invariant.eventually} has to become so, else the run fails with its name.
 */
export const converge = (within: Duration.Input = "5 minutes"): Effect.Effect<void> =>
  Effect.flatMap(CurrentStage, (stage) => {
    if (stage === undefined) return Effect.void
    const { world } = stage
    stage.heal()
    const until = world.now + Duration.toMillis(Duration.fromInputUnsafe(within))
    const look: Effect.Effect<void> = Effect.suspend(() => {
      const { missing } = stage
      if (missing.length === 0) return Effect.void
      if (world.now < until) return Effect.andThen(Effect.sleep("100 millis"), look)
      world.fail(`Never: ${missing[0]}`, [
        `not true ${Duration.format(Duration.fromInputUnsafe(within))} after the last fault:`,
        ...missing
      ])
      return Effect.never
    })
    return look
  })
