/**
 * What becomes of an actor on another thread, whatever goes wrong wherever in its life: each cell is one program. What the cells mean
 * stands in `docs/reference/semantics.md`.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { at, onThreads } from "./scenario.ts"

class Refused extends Schema.TaggedError<Refused>("matrix/Refused")("Refused", {}) {}

const Patient = Actor.make("Patient", [
  Rpc.make("Work", { success: Schema.Int, error: Refused }),
  Rpc.make("Tick", { success: Schema.Int, error: Refused }),
  Rpc.make("Count", { success: Schema.Int })
])

type Place = "init" | "handle" | "tick" | "stop" | "finalizer"
type Trouble = "a defect" | "a typed failure" | "an interruption" | "the death of its thread" | "no end"

/** What goes wrong next, once. */
let plan: { readonly place: Place; readonly trouble: Trouble } | undefined

const trouble = (place: Place): Effect.Effect<void, Refused> =>
  Effect.suspend(() => {
    if (plan?.place !== place) return Effect.void
    const { trouble } = plan
    plan = undefined
    switch (trouble) {
      case "a defect":
        return Effect.die(new Error("trouble"))
      case "a typed failure":
        return Effect.fail(new Refused())
      case "an interruption":
        return Effect.interrupt
      case "the death of its thread":
        return Effect.andThen(Fault.kill("worker-0"), Effect.never)
      case "no end":
        return Effect.never
    }
  })

const PatientLive = Patient.toLayer(
  Effect.gen(function*() {
    const { incarnation } = yield* Actor.CurrentActor
    yield* Effect.addFinalizer(() => Effect.orDie(trouble("finalizer")))
    yield* trouble("init")
    let ticks = 0
    yield* Patient.tick("Tick", "100 millis")
    return Patient.of({
      // One that is told to end meets its trouble while it handles what it has accepted.
      Work: () => Effect.as(Effect.andThen(trouble("handle"), trouble("stop")), incarnation),
      Tick: () => Effect.map(trouble("tick"), () => ++ticks),
      Count: () => Effect.succeed(ticks)
    })
  }),
  { initTimeout: "1 second", shutdown: "2 seconds" }
)

const nameOf = (cause: Cause.Cause<unknown>): string => {
  if (Cause.hasInterruptsOnly(cause)) return "interrupted"
  const error = Cause.squash(cause) as { readonly _tag?: string; readonly message?: string }
  return error._tag ?? `defect: ${error.message}`
}

const outcome = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isSuccess(exit) ? String(exit.value) : nameOf(exit.cause))

const spawn = Patient.spawn("p", at(0))
type Ref = Effect.Success<typeof spawn>

/** How it is a while later: the incarnation, on its thread, and whether it ticks. */
const afterwards = Effect.fnUntraced(function*(ref: Ref) {
  yield* Effect.sleep("10 seconds")
  const before = yield* Effect.exit(ref.ask.Count(undefined, { timeout: "1 second" }))
  if (Exit.isFailure(before)) return "hangs"
  yield* Effect.sleep("1 second")
  const ticks = (yield* ref.ask.Count()) > before.value
  return `incarnation ${(yield* ActorControl.ping(ref)).restarts + 1}, ${ticks ? "ticks" : "does not tick"}`
})

const run: Record<Place, () => Effect.Effect<string, unknown, Effect.Services<typeof spawn>>> = {
  init: () =>
    Effect.gen(function*() {
      const first = yield* outcome(Effect.scoped(spawn))
      yield* Effect.sleep("10 seconds")
      return `${first}; again: ${yield* outcome(Effect.as(spawn, "up"))}`
    }),
  handle: () =>
    Effect.gen(function*() {
      const ref = yield* spawn
      const first = yield* outcome(ref.ask.Work(undefined, { timeout: "1 second" }))
      return `${first}; ${yield* afterwards(ref)}`
    }),
  tick: () => Effect.flatMap(spawn, afterwards),
  stop: () =>
    Effect.gen(function*() {
      const ref = yield* spawn
      yield* ActorControl.pause(ref)
      yield* ref.tell.Work()
      return `${(yield* ActorControl.stop(ref))._tag}; again: ${yield* outcome(Effect.as(spawn, "up"))}`
    }),
  finalizer: () =>
    Effect.gen(function*() {
      const ref = yield* spawn
      return `${(yield* ActorControl.stop(ref))._tag}; again: ${yield* outcome(Effect.as(spawn, "up"))}`
    })
}

const troubles: ReadonlyArray<Trouble> = [
  "a defect",
  "a typed failure",
  "an interruption",
  "the death of its thread",
  "no end"
]

const expected: Record<Place, ReadonlyArray<string>> = {
  init: [
    "SpawnFailed; again: up",
    "SpawnFailed; again: up",
    "SpawnFailed; again: up",
    "SpawnLost; again: up",
    "SpawnFailed; again: up"
  ],
  handle: [
    "defect: trouble; incarnation 2, ticks",
    "Refused; incarnation 1, ticks",
    "interrupted; incarnation 1, ticks",
    "ThreadLost; incarnation 1, ticks",
    "AskTimeout; incarnation 1, ticks"
  ],
  tick: ["incarnation 2, ticks", "incarnation 1, ticks", "incarnation 1, ticks", "incarnation 1, ticks", "hangs"],
  stop: ["Stopped; again: up", "Stopped; again: up", "Stopped; again: up", "Stopped; again: up", "Stopped; again: up"],
  finalizer: [
    "Stopped; again: up",
    "Stopped; again: up",
    "Stopped; again: up",
    "Stopped; again: up",
    "Stopped; again: NameTaken"
  ]
}

/** What goes wrong, where, and what comes of it. */
export const cells = (Object.keys(run) as Array<Place>).flatMap((place) =>
  troubles.map((trouble, i) => [trouble, place, expected[place][i]!] as const)
)

/** The program of one cell, which answers what has come of it. */
export const program = (trouble: Trouble, place: Place) =>
  onThreads(1, Effect.sync(() => void (plan = { place, trouble })), () => run[place]())

/** What its thread runs. */
export const worker = () => ActorThread.launch(PatientLive)
