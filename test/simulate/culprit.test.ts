/** Actors that kill their thread each time: they are struck off, and their thread, their siblings and the system go on. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread, Child, ExitReason, Supervisor } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { eventually, inSimulation } from "../contract/eventually.ts"
import { elapse } from "../support/until.ts"
import { at, noThread } from "./scenario.ts"

const Worker = Actor.make("Worker", [
  Rpc.make("Ping", { success: Schema.Int }),
  /** The end of its thread, while it has that. */
  Rpc.make("Exit"),
  /** The same, after something that it has waited for: then nobody has the thread. */
  Rpc.make("ExitLater"),
  /** Somebody else ends its thread while it has that. */
  Rpc.make("Killed")
])

let builds = new Map<string, number>()
let isBuildFatal = false

const WorkerLive = Worker.toLayer(
  Effect.gen(function*() {
    const { key } = yield* Actor.CurrentActor
    const number = (builds.get(key) ?? 0) + 1
    builds.set(key, number)
    if (key === "bad" && isBuildFatal && number > 1) yield* Fault.exit("worker-0")
    return Worker.of({
      Ping: () => Effect.succeed(number),
      Exit: () => Fault.exit("worker-0"),
      ExitLater: () => Effect.andThen(elapse(5), Fault.exit("worker-0")),
      Killed: () => Fault.kill("worker-0")
    })
  }),
  { mailbox: { survives: true }, supervision: { intensity: { restarts: 2, within: "5 seconds" } } }
)

const simulated = (
  program: (
    events: PubSub.Subscription<ActorSystem.SystemEvent>
  ) => Effect.Effect<unknown, unknown, ActorSystem.ActorSystem | Scope.Scope>,
  restarts = 1
) =>
  Simulation.check(
    { seeds: 10, worker: () => ActorThread.launch(WorkerLive), faults: { portDelay: 5 } },
    Effect.suspend(() => {
      builds = new Map()
      isBuildFatal = false
      // The threads may be restarted less often than the actor kills them.
      const system = ActorSystem.layerThreads({
        spawn: noThread,
        threads: 1,
        intensity: { restarts, within: "1 hour" }
      })
      const body = Effect.gen(function*() {
        const { events } = yield* ActorSystem.ActorSystem
        return yield* program(yield* PubSub.subscribe(events))
      })
      return inSimulation(Effect.provide(Effect.scoped(body), system))
    })
  )

const builtAgain = (key: string, number: number) =>
  eventually(Effect.sync(() => builds.get(key) ?? 0), (times) => times >= number, `${key} built ${number} times`)

/** Waits until an actor answers, in the incarnation of this number. */
const answers = (ref: Actor.Ref<typeof Worker>, number: number) =>
  eventually(Effect.orElseSucceed(ref.ask.Ping(), () => 0), (pinged) => pinged === number, `incarnation ${number}`)

/** Why an actor has ended, as its event tells it. */
const endOf = (events: PubSub.Subscription<ActorSystem.SystemEvent>, actor: string) =>
  Effect.map(
    PubSub.takeUpTo(events, 1_000),
    (all) => all.flatMap((event) => event._tag === "ActorEnded" && event.actor === actor ? [event.reason] : [])
  )

describe("an actor that kills its thread", () => {
  it.effect("is struck off when its restarts are used up by that, and its siblings and the system go on", () =>
    simulated((events) =>
      Effect.gen(function*() {
        const bad = yield* Worker.spawn("bad", at(0))
        const good = yield* Worker.spawn("good", at(0))
        for (let death = 1; death <= 3; death++) {
          yield* answers(good, death)
          yield* bad.tell.Exit()
          yield* builtAgain("good", death + 1)
        }
        const { reason } = yield* bad.down
        assert.strictEqual(reason._tag === "Crashed" && reason.rule, "thread")
        assert.match(ExitReason.render(reason), /^its thread died in its hands more than 2 times within 5000 ms/)
        assert.deepStrictEqual((yield* endOf(events, "Worker/bad")).map(({ _tag }) => _tag), ["Crashed"])
        assert.strictEqual(builds.get("bad"), 3)
        yield* answers(good, 4)
        // Its name is free.
        yield* Worker.spawn("bad", at(0))
      })
    ))

  it.effect("comes back as long as it does so seldom", () =>
    simulated(() =>
      Effect.gen(function*() {
        const bad = yield* Worker.spawn("bad", at(0))
        for (let death = 1; death <= 6; death++) {
          yield* bad.tell.Exit()
          yield* builtAgain("bad", death + 1)
          yield* elapse(6_000)
        }
        yield* answers(bad, 7)
      })
    ))

  it.effect("is struck off for what its build does", () =>
    simulated(() =>
      Effect.gen(function*() {
        const bad = yield* Worker.spawn("bad", at(0))
        const good = yield* Worker.spawn("good", at(0))
        isBuildFatal = true
        yield* bad.tell.Exit()
        const { reason } = yield* bad.down
        assert.strictEqual(reason._tag === "Crashed" && reason.rule, "thread")
        yield* eventually(Effect.orElseSucceed(good.ask.Ping(), () => 0), (number) => number > 0, "the other is up")
        assert.strictEqual(builds.get("bad"), 3)
      })
    ))

  it.effect("is blamed also for what it does when it has waited for something", () =>
    simulated(() =>
      Effect.gen(function*() {
        const bad = yield* Worker.spawn("bad", at(0))
        for (let death = 1; death <= 3; death++) {
          yield* builtAgain("bad", death)
          yield* bad.tell.ExitLater()
        }
        const { reason } = yield* bad.down
        assert.strictEqual(reason._tag === "Crashed" && reason.rule, "thread")
      })
    ))

  it.effect("is not blamed for what comes from elsewhere: that is for the thread to bear", () =>
    simulated(() =>
      Effect.gen(function*() {
        const bystander = yield* Worker.spawn("bystander", at(0))
        yield* bystander.ask.Ping()
        yield* Fault.exit("worker-0")
        yield* builtAgain("bystander", 2)
        const { escalation } = yield* ActorSystem.ActorSystem
        const gaveUp = yield* Effect.forkChild(escalation, { startImmediately: true })
        yield* Fault.exit("worker-0")
        assert.strictEqual((yield* Fiber.join(gaveUp)).name, "threads")
      })
    ))

  it.effect("is not blamed when its thread is terminated while it has that", () =>
    simulated(() =>
      Effect.gen(function*() {
        const bystander = yield* Worker.spawn("bystander", at(0))
        const { escalation } = yield* ActorSystem.ActorSystem
        const gaveUp = yield* Effect.forkChild(escalation, { startImmediately: true })
        yield* bystander.tell.Killed()
        yield* builtAgain("bystander", 2)
        yield* bystander.tell.Killed()
        assert.strictEqual((yield* Fiber.join(gaveUp)).name, "threads")
      })
    ))

  it.effect("has crashed, for its supervisor, and stays down when it is struck off", () =>
    simulated(() =>
      Effect.gen(function*() {
        const spec = Child.actor(Worker, "bad", { ...at(0), intensity: { restarts: 10, within: "1 hour" } })
        const other = Child.actor(Worker, "good", at(0))
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [spec, other] })
        const [bad, good] = [yield* supervisor.get(spec), yield* supervisor.get(other)]
        for (let death = 1; death <= 3; death++) {
          yield* bad.tell.Exit()
          yield* builtAgain("good", death + 1)
        }
        yield* eventually(supervisor.child("Worker/bad"), ({ status }) => status === "stopped", "it is down")
        yield* answers(good, 4)
        yield* eventually(supervisor.count, ({ active }) => active === 1, "one is up")
      })
    ))
})
