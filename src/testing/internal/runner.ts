/**
 * Drives a stage to its end: tasks one after the other, with what they leave to promises in between, and the process's own
 * work whenever the clock moves.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { textOf } from "../../runtime/Text.ts"
import { piece } from "../../runtime/ThreadContext.ts"
import { thread } from "../../thread/kernel/CurrentThread.ts"
import { runtime } from "../../thread/ThreadRuntime.ts"
import { Guards } from "./guards.ts"
import { Lane } from "./lane.ts"
import type { Stage } from "./stage.ts"
import { waiting } from "./waiting.ts"
import { type Describe, Watchdog } from "./watchdog.ts"
import type { Failure } from "./world.ts"

/** How a run has ended. */
export interface Outcome<A> {
  readonly stage: Stage
  readonly value: A | undefined
  readonly failure: Failure | undefined
}

// That of the moment in which this module is loaded, and without a change of async context: it comes after every task.
const microtask = globalThis.queueMicrotask

/** What a program may do on its way out, once it has answered. */
const AFTERWARDS_MILLIS = 10_000
/** Steps between two turns of the process's own event loop. */
const STEPS_A_TURN = 512
/** Turns of the real event loop in which something that comes from outside may still come. */
const OUTSIDE_TURNS = 20

/** Runs of this process take turns: while one is under way the names that it guards are its own. */
const turns = piece(() => ({ last: Promise.resolve(), watchdog: new Watchdog() }))

/** What a run is told. */
export interface RunnerOptions {
  readonly refusesEscapes: boolean
  readonly refusesLeaks: boolean
  /** How long one step may take really. */
  readonly patienceMillis: number
  /** What is printed when one takes longer. */
  readonly blocked: Describe
}

const causeLines = (cause: Cause.Cause<unknown>): ReadonlyArray<string> =>
  cause.reasons.map((reason) =>
    reason._tag === "Fail"
      ? textOf(reason.error)
      : reason._tag === "Die"
      ? `died: ${textOf(reason.defect)}`
      : "interrupted"
  )

class Run<A> {
  declare readonly stage: Stage
  declare private readonly guards: Guards
  declare private readonly ended: (outcome: Outcome<A>) => void
  declare private readonly options: RunnerOptions
  declare private readonly watchdog: Watchdog
  declare private value: A | undefined
  declare private isDone: boolean
  declare private doneAt: number
  declare private inTurn: number
  declare private outside: number
  constructor(stage: Stage, options: RunnerOptions, watchdog: Watchdog, ended: (outcome: Outcome<A>) => void) {
    this.stage = stage
    this.options = options
    this.watchdog = watchdog
    this.guards = new Guards(stage)
    this.ended = ended
    this.value = undefined
    this.isDone = false
    this.doneAt = 0
    this.inTurn = 0
    this.outside = 0
  }

  begin<E>(program: Effect.Effect<A, E, Scope.Scope>, context: Context.Context<never>): void {
    const { main, world } = this.stage
    this.watchdog.begin(this.options.patienceMillis, this.options.blocked)
    world.add(new Lane(main, "program"), () => {
      const fiber = Effect.runForkWith(context)(Effect.scoped(program))
      fiber.addObserver((exit) => this.answered(exit))
    })
    runtime.immediate(() => this.turn())
  }

  private answered(exit: Exit.Exit<A, unknown>): void {
    const { stage } = this
    const { world } = stage
    this.isDone = true
    this.doneAt = world.now
    if (Exit.isSuccess(exit)) this.value = exit.value
    else {
      const [first = "interrupted"] = causeLines(exit.cause)
      world.fail(`Program: ${first}`, causeLines(exit.cause).slice(1), exit.cause)
    }
    world.log("the program has ended")
  }

  // One turn of the real event loop: nothing from outside comes before it is over.
  private turn(): void {
    this.inTurn = 0
    this.guards.enter()
    this.go()
  }

  private go(): void {
    const { world } = this.stage
    this.watchdog.step()
    let goesOn: "now" | "later" | "never"
    try {
      goesOn = this.step()
    } catch (error) {
      world.fail("Simulation", [textOf(error)], error)
      goesOn = "never"
    }
    // What a task leaves to promises comes before the next task.
    if (goesOn === "now") return microtask(() => this.go())
    this.guards.leave()
    if (goesOn === "later") runtime.immediate(() => this.turn())
    else this.end()
  }

  private step(): "now" | "later" | "never" {
    const { stage } = this
    const { world } = stage
    if (world.failure !== undefined) return "never"
    const before = world.now
    switch (world.step()) {
      case "ran":
        this.outside = 0
        return ++this.inTurn < STEPS_A_TURN ? "now" : "later"
      case "moved":
        if (this.isDone && world.now - this.doneAt > AFTERWARDS_MILLIS) return "never"
        return world.now === before ? "now" : "later"
      case "stuck":
        return this.isDone || ++this.outside > OUTSIDE_TURNS ? "never" : "later"
    }
  }

  private end(): void {
    this.watchdog.end()
    const { guards, stage } = this
    const { world } = stage
    if (world.failure === undefined && !this.isDone) {
      world.fail("Deadlock", ["nothing can run, and nothing is due:", ...waiting(stage)])
    }
    const [escape] = guards.escapes
    if (escape !== undefined && this.options.refusesEscapes) {
      world.fail(`Outside: ${escape.what}`, [
        `${escape.what} was used on ${escape.thread}; take it from Effect (Clock, Random, Effect.sleep):`,
        ...escape.stack.split("\n").slice(0, 8)
      ])
    }
    if (this.options.refusesLeaks) this.leaks()
    for (const name of stage.missing) world.fail(`Never: ${name}`, ["it never came true, to the end of the program"])
    this.ended({ stage, value: this.value, failure: world.failure })
  }

  private leaks(): void {
    const { stage } = this
    const { world } = stage
    for (const { thread } of stage.workers) world.fail(`Leak: thread ${thread.name}`, ["it outlives the program"])
    const left = waiting(stage)
    if (left.length > 0) world.fail("Leak: fiber", ["fibers that outlive the program:", ...left])
  }
}

/** Runs a program on a stage, when the runs before it are over. */
export const drive = <A, E>(
  stage: Stage,
  program: Effect.Effect<A, E, Scope.Scope>,
  options: RunnerOptions
): Effect.Effect<Outcome<A>> =>
  Effect.promise(async () => {
    const line = thread.get(turns)
    const before = line.last
    let leave = () => {}
    line.last = new Promise((resolve) => {
      leave = resolve
    })
    await before
    const outcome = await new Promise<Outcome<A>>((resolve) => {
      new Run(stage, options, line.watchdog, resolve).begin(program, stage.main.services)
    })
    leave()
    return outcome
  })
