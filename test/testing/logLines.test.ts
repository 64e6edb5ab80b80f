/** Lines that actors log say who they are and where, on whatever thread. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { CurrentLogAnnotations } from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorSystem, ActorThread } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"

const Talker = Actor.make("Talker", [
  Rpc.make("Say", { payload: { text: Schema.String }, success: Schema.Void }),
  Rpc.make("Fork", { success: Schema.Void }),
  Rpc.make("Die", {})
])

let lines: Array<Record<string, unknown>> = []

const listening = Logger.layer([
  Logger.make<unknown, void>(({ fiber, message }) => {
    lines.push({ message: String(message), ...fiber.getRef(CurrentLogAnnotations) })
  })
])

const TalkerLive = Talker.toLayer(
  Effect.gen(function*() {
    yield* Effect.log("built")
    yield* Effect.addFinalizer(() => Effect.log("released"))
    return Talker.of({
      Say: ({ text }) => Effect.annotateLogs(Effect.log(text), "room", 7),
      Fork: () => Effect.flatMap(Effect.forkChild(Effect.log("forked")), Fiber.join),
      Die: () => Effect.die(new Error("hoarse"))
    })
  })
)

const program = Effect.fnUntraced(function*(options: ActorSystem.SpawnOptions, thread: string) {
  lines = []
  const where = { thread, actor: "Talker/t" }
  const talker = yield* Talker.spawn("t", options)
  yield* talker.ask.Say({ text: "hello" })
  yield* talker.ask.Fork()
  yield* ActorControl.stop(talker)
  assert.deepStrictEqual(lines.filter(({ message }) => message !== ""), [
    { message: "built", ...where },
    { message: "hello", ...where, room: 7 },
    { message: "forked", ...where },
    { message: "released", ...where }
  ])
})

describe("what an actor logs", () => {
  it.effect("says which one it is, while it is built, in its handlers and their fibers, and at its end", () =>
    program({}, "main").pipe(
      Effect.scoped,
      Effect.provide(TalkerLive.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(listening)))
    ))

  it.effect("stands beside what the program has annotated, and what the system logs of it says where", () =>
    Effect.gen(function*() {
      lines = []
      const talker = yield* Talker.spawn("t")
      yield* talker.ask.Say({ text: "hello" })
      assert.deepInclude(lines, { message: "hello", app: "choir", thread: "main", actor: "Talker/t", room: 7 })
      yield* talker.tell.Die()
      yield* Effect.retry(talker.ask.Fork(), { while: ({ _tag }) => _tag === "ActorRestarting" })
      const told = lines.find(({ message }) => String(message).includes("ActorRestarted Talker/t"))
      assert.deepInclude(told, { app: "choir", thread: "main" })
    }).pipe(
      Effect.scoped,
      Effect.provide(TalkerLive.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(listening))),
      Effect.annotateLogs("app", "choir")
    ))

  it.effect("says on which thread", () =>
    Effect.asVoid(Simulation.check(
      { seeds: 20, worker: () => ActorThread.launch(Layer.provideMerge(TalkerLive, listening)) },
      program({ placement: { thread: 1 } }, "worker-1").pipe(
        Effect.scoped,
        Effect.provide(ActorSystem.layerThreads({ spawn: noThread, threads: 2 }))
      )
    )))
})
