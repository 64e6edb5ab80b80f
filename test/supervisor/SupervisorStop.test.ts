/** How a supervisor and its children end, and what is told of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Child from "../../src/supervisor/Child.ts"
import * as Supervisor from "../../src/supervisor/Supervisor.ts"
import type { SupervisorEvent } from "../../src/supervisor/SupervisorEvent.ts"
import * as Tree from "../../src/supervisor/Tree.ts"
import { collector } from "../support/collector.ts"
import * as Stage from "./stage.ts"

/** A child whose release waits for a gate; `releasing` names those at it. */
const held = (id: string, gate: Deferred.Deferred<void>, releasing: Array<string> = []): Child.ChildSpec => {
  const release = Effect.andThen(Effect.sync(() => releasing.push(id)), Deferred.await(gate))
  return Child.make(id, {
    shutdown: "infinity",
    start: Effect.as(Effect.acquireRelease(Effect.void, () => release), { exit: Effect.never })
  })
}

/** Everything a supervisor tells from now on. */
const listen = Effect.fnUntraced(function*(supervisor: Supervisor.Supervisor["Service"]) {
  const events: Array<SupervisorEvent> = []
  yield* Effect.forkScoped(Stream.runForEach(supervisor.events, (event) => Effect.sync(() => events.push(event))))
  yield* Stage.settle
  return events
})

describe("the stop of a supervisor", () => {
  for (const [stopOrder, first] of [["reverse", ["c"]], ["together", ["c", "b", "a"]]] as const) {
    it.effect(`"${stopOrder}" begins with ${stopOrder === "reverse" ? "the last child" : "all children"}`, () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const gate = yield* Deferred.make<void>()
        const releasing: Array<string> = []
        const children = ["a", "b", "c"].map((id) => held(id, gate, releasing))
        yield* Scope.provide(Supervisor.make("s", { strategy: "one-for-one", stopOrder, children }), scope)
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* Stage.settle
        assert.deepStrictEqual(releasing, [...first])
        assert.isUndefined(closing.pollUnsafe())
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(closing)
        assert.deepStrictEqual(releasing, ["c", "b", "a"])
      }))
  }

  it.effect("refuses a stop order that there is not", () =>
    Effect.gen(function*() {
      const options = { strategy: "one-for-one", stopOrder: "sideways" as never } as const
      const error = yield* Effect.flip(Supervisor.make("s", options))
      assert.strictEqual(error.message, `supervisor "s": stopOrder is "sideways", expected "reverse" or "together"`)
    }))

  it.effect("reports a child that fails by itself meanwhile", () =>
    Effect.scoped(Effect.gen(function*() {
      const stage = Stage.make()
      const gate = yield* Deferred.make<void>()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [Stage.child(stage, "early"), held("late", gate)]
      })
      const events = yield* listen(supervisor)
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true })
      yield* Stage.settle
      yield* Stage.fail(stage, "early", "on its own")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(stopping)
      yield* Stage.settle
      const ended = events.find((event) => event._tag === "ChildEnded")
      assert.strictEqual(ended?.child, "early")
      assert.deepStrictEqual(ended?._tag === "ChildEnded" && ended.exit, Exit.fail("on its own"))
      assert.strictEqual((yield* supervisor.child("early")).lastCause?.reasons.length, 1)
      assert.deepStrictEqual(Stage.starts(stage, "early"), 1)
    })))

  it.effect("reports a child whose finalizer fails when it is terminated", () =>
    Effect.scoped(Effect.gen(function*() {
      const start = Effect.as(Effect.acquireRelease(Effect.void, () => Effect.die("cannot close")), {
        exit: Effect.never
      })
      const children = [Child.make("a", { start })]
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children })
      const events = yield* listen(supervisor)
      yield* supervisor.terminateChild("a")
      yield* Stage.settle
      assert.deepStrictEqual(events.map((event) => event._tag), ["ChildEnded", "ChildStopped"])
      assert.match(Cause.pretty((yield* supervisor.child("a")).lastCause!), /cannot close/)
    })))

  it.effect("says nothing of a child that ends as it was told to", () =>
    Effect.scoped(Effect.gen(function*() {
      const stage = Stage.make()
      const children = [Stage.child(stage, "a")]
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children })
      const events = yield* listen(supervisor)
      yield* supervisor.terminateChild("a")
      yield* Stage.settle
      assert.deepStrictEqual(events.map((event) => event._tag), ["ChildStopped"])
      assert.isUndefined((yield* supervisor.child("a")).lastCause)
    })))
})

describe("what user code does to a supervisor", () => {
  it.effect("goes on with a logger that throws", () =>
    Effect.scoped(Effect.gen(function*() {
      const stage = Stage.make()
      const children = [Stage.child(stage, "a")]
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children })
      for (let round = 1; round <= 3; round++) yield* Stage.fail(stage, "a")
      assert.strictEqual(Stage.starts(stage, "a"), 4)
      yield* Stage.fail(stage, "a")
      assert.isTrue(Exit.isFailure(yield* supervisor.exit))
    })).pipe(Effect.provide(Logger.layer([
      Logger.make(() => {
        throw new Error("the logger is broken")
      })
    ]))))

  it.effect("escalates what a decider answers that is no directive", () =>
    Effect.scoped(Effect.gen(function*() {
      const stage = Stage.make()
      const children = [Stage.child(stage, "a", { decide: () => "retry" as never })]
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children })
      yield* Stage.fail(stage, "a")
      const exit = yield* supervisor.exit
      assert.match(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", /a decider answered retry, expected restart/)
    })))

  it.effect("hears everything in a subscriber that keeps up, although another stands still", () =>
    Effect.scoped(Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 1_000, within: "1 minute" },
        children: [Stage.child(stage, "a")]
      })
      const still = yield* Deferred.make<void>()
      yield* Effect.forkScoped(Stream.runForEach(supervisor.events, () => Deferred.await(still)))
      const events = yield* listen(supervisor)
      for (let round = 0; round < 400; round++) yield* Stage.fail(stage, "a")
      assert.strictEqual(events.filter((event) => event._tag === "ChildRestarted").length, 400)
    })))

  it.effect("calls a child unknown whose picture fails, asks all at once, and draws the others", () =>
    Effect.scoped(Effect.gen(function*() {
      const below = (children: Child.Running["children"]) => ({
        start: Effect.succeed({ exit: Effect.never, children })
      })
      const inner = { name: "x", kind: "actor", status: "running", restarts: 0, children: [] } as const
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [
          Child.make("dies", below(Effect.die("no picture"))),
          Child.make("silent", below(Effect.delay(Effect.undefined, 100))),
          Child.make("mute", below(Effect.never)),
          Child.make("slow", below(Effect.delay(Effect.succeed([inner]), 100)))
        ]
      })
      const drawing = yield* Effect.forkChild(supervisor.tree, { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(
        Tree.render(yield* Fiber.join(drawing)),
        [
          "s (supervisor) running",
          "├─ dies (effect) unknown",
          "├─ silent (effect) unknown",
          "├─ mute (effect) unknown",
          "└─ slow (effect) running",
          "   └─ x (actor) running"
        ].join("\n")
      )
    })))

  for (const [answer, nonsense] of Object.entries({ nothing: undefined, "no exit": {} })) {
    it.effect(`releases what a start held that answers ${answer}, says so, and keeps the others`, () =>
      Effect.scoped(Effect.gen(function*() {
        const log: Array<string> = []
        const supervisor = yield* Supervisor.make("s", {
          strategy: "one-for-one",
          children: [Child.make("good", { start: Effect.succeed({ exit: Effect.never }) })]
        })
        const start = Effect.as(
          Effect.addFinalizer(() => Effect.sync(() => log.push("released"))),
          nonsense as unknown as Child.Running
        )
        const error = yield* Effect.flip(supervisor.startChild(Child.make("bad", { start })))
        assert.match(error.message, /its start answered .*, which has no exit/)
        assert.deepStrictEqual(log, ["released"])
        assert.strictEqual((yield* supervisor.child("good")).status, "running")
      })))
  }

  it.effect("takes an exit that is none for a defect of its child", () =>
    Effect.scoped(Effect.gen(function*() {
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 1, within: "1 minute" },
        children: [
          Child.make("odd", { restart: "temporary", start: Effect.succeed({ exit: Effect.succeed(7 as never) }) })
        ]
      })
      const events = yield* listen(supervisor)
      yield* supervisor.startChild(
        Child.make("odder", { restart: "temporary", start: Effect.succeed({ exit: Effect.succeed(7 as never) }) })
      )
      yield* Stage.settle
      const ended = events.find((event) => event._tag === "ChildEnded" && event.child === "odder")
      assert.match(
        String(ended?._tag === "ChildEnded" && Exit.isFailure(ended.exit) && ended.exit.cause),
        /its exit was 7/
      )
      assert.deepStrictEqual(yield* supervisor.count, { specs: 0, active: 0, supervisors: 0, workers: 0 })
    })))

  it.effect("lets go of what only the start of a temporary child needs", () =>
    Effect.scoped(Effect.gen(function*() {
      const collect = yield* collector
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one" })
      const add = (id: string, restart: "temporary" | "permanent") =>
        Effect.suspend(() => {
          const large = { id }
          const start = Effect.as(Effect.sync(() => large.id), { exit: Effect.never })
          return Effect.as(supervisor.startChild(Child.make(id, { restart, start })), new WeakRef(large))
        })
      const temporary = yield* add("t", "temporary")
      const permanent = yield* add("p", "permanent")
      yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
      collect()
      assert.isDefined(permanent.deref())
      assert.isUndefined(temporary.deref())
      assert.strictEqual((yield* supervisor.child("t")).status, "running")
    })))
})
