/**
 * Actors with messages of all priorities, that put off what they are given while they are closed, crash, and pipe to themselves, on threads that die: each message is handled once at
 * most and in the order of its sender, each ask is settled, nothing that is piped comes to another incarnation, and what no thread took with it is handled
 * in the end.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

class Full extends Schema.TaggedError<Full>("simulate/Full")("Full", {}) {}

const visit = { sender: Schema.Int, number: Schema.Int, later: Schema.Boolean }

const Gate = Actor.make("Gate", [
  Rpc.make("Visit", { payload: visit, success: Schema.Int, error: Full }),
  Rpc.make("Turn", { payload: { isOpen: Schema.Boolean } }).annotate(Actor.Priority, "high"),
  Rpc.make("Some", { payload: { count: Schema.Int } }),
  Rpc.make("Crash"),
  Rpc.make("Fetch", { payload: { millis: Schema.Int } }).annotate(Actor.Priority, "low"),
  Rpc.make("Fetched", { payload: { build: Schema.Int } })
])

/** By actor and sender: the number that was handled last. */
const last = new Map<string, number>()
const open = new Set<string>()
let handled = 0
let refused = 0
let putOff = 0
let builds = 0
let fetched = 0
let crashed = 0
let wrong = ""

const GateLive = Gate.toLayer(
  Effect.gen(function*() {
    const { key } = yield* Actor.CurrentActor
    const stash = yield* Gate.stash({ capacity: 4 })
    const pipeToSelf = yield* Gate.pipeToSelf
    const become = yield* Gate.become
    const build = ++builds
    const enter = ({ number, sender }: { readonly number: number; readonly sender: number }) => {
      const id = `${key}:${sender}`
      const before = last.get(id) ?? 0
      if (number <= before) wrong = `${id}: ${number} after ${before}`
      last.set(id, number)
      handled++
      return number
    }
    const others = {
      Some: ({ count }: { readonly count: number }) => stash.unstash(count),
      Crash: () => {
        crashed++
        return Effect.die("told to")
      },
      Fetch: ({ millis }: { readonly millis: number }) => pipeToSelf.Fetched(Effect.sleep(millis), () => ({ build })),
      Fetched: ({ build: of }: { readonly build: number }) =>
        Effect.sync(() => {
          if (of !== build) wrong = `${build} has what ${of} had piped`
          fetched++
        })
    }
    const opened: Actor.Handlers<typeof Gate> = {
      ...others,
      Visit: (visit) => visit.later ? Effect.as(Effect.yieldNow, enter(visit)) : Effect.sync(() => enter(visit)),
      Turn: ({ isOpen }) => {
        if (isOpen) return stash.unstashAll
        open.delete(key)
        return become(closed)
      }
    }
    const closed: Actor.Handlers<typeof Gate> = {
      ...others,
      Visit: ({ later }) =>
        Effect.suspend(() => {
          putOff++
          return later ? Effect.andThen(Effect.yieldNow, stash.put) : stash.put
        }).pipe(Effect.catchTag("StashFull", () => {
          refused++
          return Effect.fail(new Full())
        })),
      Turn: ({ isOpen }) => {
        if (!isOpen) return Effect.void
        open.add(key)
        return Effect.andThen(become(opened), stash.unstashAll)
      }
    }
    // What it becomes outlives it, else its successor would be closed in front of those that the one before had let in.
    return open.has(key) ? opened : closed
  }),
  {
    mailbox: { capacity: 2 },
    supervision: { intensity: { restarts: 1_000_000, within: "1 minute" } }
  }
)

const spawn = (place: number) => Gate.spawn(`g${place}`, place === 2 ? { placement: "here" } : at(place))

const setUp = Effect.gen(function*() {
  last.clear()
  open.clear()
  handled =
    refused =
    putOff =
    builds =
    fetched =
    crashed =
      0
  wrong = ""
  yield* Invariant.always("each once and in order, and nothing of another incarnation", () => wrong === "")
  return yield* Effect.forEach([0, 1, 2], spawn)
})

const program = Effect.fnUntraced(function*(gates: ReadonlyArray<typeof Gate.ref.Type>) {
  let told = 0
  let answered = 0
  let turnedAway = 0
  let restarting = 0
  let withdrawn = 0
  let isSure = true
  const asking = Effect.fnUntraced(function*(visit: Effect.Effect<number, unknown>, number: number) {
    const exit = yield* Effect.exit(visit)
    if (Exit.isSuccess(exit)) {
      answered++
      if (exit.value !== number) return yield* Effect.die(new Error(`${exit.value} for ${number}`))
      return
    }
    const why = exit.cause.toString()
    if (why.includes("Full")) turnedAway++
    else if (why.includes("ActorRestarting")) restarting++
    else withdrawn++
  })
  const client = Effect.fnUntraced(function*(sender: number) {
    const asks: Array<Effect.Effect<void, unknown>> = []
    for (let number = 1, left = yield* Simulation.draw(24); left > 0; left--, number++) {
      const gate = gates[yield* Simulation.draw(3)]!
      const later = (yield* Simulation.draw(2)) === 1
      const way = yield* Simulation.draw(12)
      const does = way < 4
        ? gate.tell.Visit({ sender, number, later })
        : way < 7
        ? asking(gate.ask.Visit({ sender, number, later }, { timeout: yield* Simulation.pick([1, 5, 1000]) }), number)
        : way < 9
        ? gate.tell.Turn({ isOpen: way === 7 })
        : way === 9
        ? gate.tell.Some({ count: 1 + (yield* Simulation.draw(3)) })
        : way === 10
        ? gate.tell.Fetch({ millis: yield* Simulation.draw(20) })
        : (yield* Simulation.draw(3)) === 0
        ? gate.tell.Crash()
        : Effect.sleep(yield* Simulation.draw(10))
      // Whoever asks goes on: what it sends next comes behind that.
      if (way >= 4 && way < 7) {
        asks.push(
          yield* Effect.map(
            Effect.forkChild(does, { startImmediately: true }),
            (fiber) => Effect.asVoid(Fiber.await(fiber))
          )
        )
      } else if (Exit.isFailure(yield* Effect.exit(Effect.timeout(does, "10 seconds")))) isSure = false
      else if (way < 4) told++
    }
    yield* Effect.all(asks)
  })
  yield* Effect.all([0, 1, 2].map(client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  yield* Effect.forEach(gates, (gate) => gate.tell.Turn({ isOpen: true }))
  yield* Effect.sleep("10 seconds")
  const restarts = yield* Effect.map(
    ActorSystem.tree,
    ({ children }) => children.flatMap((child) => child.children).reduce((sum, { restarts }) => sum + restarts, 0)
  )
  if (restarts === 0 && isSure) {
    // Of asks some are handled although their asker has gone.
    const most = told + answered + withdrawn
    if (handled < told - refused + answered || handled > most) {
      return yield* Effect.die(new Error(`${told} were told and ${answered} answered, and ${handled} handled`))
    }
  }
  // Nothing is left anywhere, and who sends has its whole window again.
  for (const gate of gates) {
    for (let i = 0; i < 8; i++) yield* Effect.timeout(gate.tell.Turn({ isOpen: true }), "10 seconds")
    yield* Effect.sleep("1 second")
    const depth = yield* gate.depth
    if (depth !== 0) return yield* Effect.die(new Error(`${depth} are left`))
  }
  yield* Invariant.sometimes(
    "messages are put off and handled, and no thread dies",
    restarts === 0 && putOff > 3 && handled > 3
  )
  yield* Invariant.sometimes("one finds no room", refused > 0 && turnedAway > 0)
  yield* Invariant.sometimes("an ask that was put off hears of a restart", restarting > 0)
  yield* Invariant.sometimes("an actor crashes", crashed > 0)
  yield* Invariant.sometimes("something is piped", fetched > 0)
  yield* Invariant.sometimes("a thread dies", restarts > 0)
})

export const stash: Scenario = {
  name: "stash",
  worker: () => ActorThread.launch(GateLive),
  program: onThreads(2, setUp, program, GateLive)
}
