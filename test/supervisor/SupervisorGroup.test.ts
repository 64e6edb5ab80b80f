/** Restarts of groups, where something else happens at the same time; the plain rules are in the ported scenarios and the model. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Child from "../../src/supervisor/Child.ts"
import * as Supervisor from "../../src/supervisor/Supervisor.ts"
import { ChildNotFound, ChildNotRunning } from "../../src/supervisor/SupervisorError.ts"
import type { SupervisorEvent } from "../../src/supervisor/SupervisorEvent.ts"
import * as Stage from "./stage.ts"

const statuses = (supervisor: Supervisor.Supervisor["Service"]) =>
  Effect.map(supervisor.children, (children) => children.map(({ id, status }) => `${id} ${status}`).join(", "))

const backoff = Schedule.spaced("1 second")

/** A child that cannot be interrupted, until its gate opens. */
const deaf = (stage: Stage.Stage, id: string, options?: Child.ChildOptions) =>
  Child.effect(
    id,
    Effect.acquireUseRelease(
      Stage.open(stage, id),
      (gate) => Effect.uninterruptible(Deferred.await(gate)),
      () => Stage.close(stage, id)
    ),
    options
  )

describe("a group of children", () => {
  it.effect("that fail at the same time is restarted once", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        intensity: { restarts: 1, within: "1 hour" },
        children: ["a", "b", "c"].map((id) => Stage.child(stage, id))
      })
      for (const id of ["c", "a", "b"]) Deferred.doneUnsafe(stage.gates.get(id)!, Exit.fail("the disk is gone"))
      yield* Stage.settle
      assert.strictEqual(yield* statuses(supervisor), "a running, b running, c running")
      assert.deepStrictEqual(["a", "b", "c"].map((id) => Stage.starts(stage, id)), [2, 2, 2])
      assert.strictEqual(stage.most, 1)
    }))

  it.effect("answers queries while it waits out a backoff, and comes up without the one that is told to stay down", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "rest-for-one",
        backoff,
        children: ["a", "b", "c"].map((id) => Stage.child(stage, id))
      })
      yield* Stage.fail(stage, "b")
      assert.strictEqual(yield* statuses(supervisor), "a running, b restarting, c restarting")
      yield* supervisor.terminateChild("b")
      assert.strictEqual(yield* statuses(supervisor), "a running, b stopped, c restarting")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* statuses(supervisor), "a running, b stopped, c running")
      yield* supervisor.restartChild("b")
      assert.strictEqual(yield* statuses(supervisor), "a running, b running, c running")
    }))

  it.effect("is not brought up any more when the supervisor is stopped in the middle", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        backoff,
        children: ["a", "b"].map((id) => Stage.child(stage, id))
      })
      yield* Stage.fail(stage, "a")
      yield* supervisor.stop
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(stage.log, ["+a", "+b", "-a", "-b"])
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
    }))

  it.effect("is stopped in the middle of going down, and of coming up", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const down = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        children: [Stage.child(stage, "a"), deaf(stage, "b", { shutdown: "1 minute" })]
      })
      yield* Stage.fail(stage, "a")
      const stopping = yield* Effect.forkChild(down.stop, { startImmediately: true })
      yield* Stage.end(stage, "b")
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(stage.log, ["+a", "+b", "-a", "-b"])

      const other = Stage.make()
      let starts = 0
      const up = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        children: [
          Stage.child(other, "a"),
          Child.make("slow", {
            start: Effect.suspend(() => ++starts === 1 ? Effect.succeed({ exit: Effect.never }) : Effect.never)
          })
        ]
      })
      yield* Stage.fail(other, "a")
      assert.strictEqual(yield* statuses(up), "a running, slow restarting")
      yield* up.stop
      assert.deepStrictEqual(other.log, ["+a", "-a", "+a", "-a"])
    }))

  it.effect("goes on without a child that ignores its stop, which is never started a second time beside itself", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        children: [Stage.child(stage, "a"), deaf(stage, "b", { shutdown: "2 seconds" })]
      })
      yield* Stage.fail(stage, "a")
      yield* TestClock.adjust("2 seconds")
      yield* Stage.settle
      assert.strictEqual(yield* statuses(supervisor), "a running, b abandoned")
      yield* Stage.end(stage, "b")
      assert.strictEqual(yield* statuses(supervisor), "a running, b stopped")
      assert.strictEqual(stage.most, 1)
    }))

  it.effect("waits for the start of the supervisor: all are up before one that failed is answered", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const ready = yield* Deferred.make<void>()
      const starting = yield* Effect.forkChild(Supervisor.make("s", {
        strategy: "one-for-all",
        children: [
          Stage.child(stage, "a"),
          Child.make("slow", { start: Effect.as(Deferred.await(ready), { exit: Effect.never }) }),
          Stage.child(stage, "b")
        ]
      }))
      yield* Stage.settle
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
      yield* Deferred.succeed(ready, undefined)
      const supervisor = yield* Fiber.join(starting)
      yield* Stage.settle
      assert.strictEqual(yield* statuses(supervisor), "a running, slow running, b running")
      assert.deepStrictEqual(stage.log, ["+a", "-a", "+b", "-b", "+a", "+b"])
    }))

  it.effect("stays down behind a child that does not come up, until it does", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      let fails = 0
      const supervisor = yield* Supervisor.make("s", {
        strategy: "rest-for-one",
        children: [
          Stage.child(stage, "a"),
          Child.make("b", {
            start: Effect.suspend(() => fails-- > 0 ? Effect.fail("not yet") : Effect.succeed({ exit: Effect.never }))
          }),
          Stage.child(stage, "c")
        ]
      })
      fails = 2
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual(stage.log, ["+a", "+c", "-a", "-c", "+a", "+c"])
      assert.strictEqual(yield* statuses(supervisor), "a running, b running, c running")
    }))

  it.effect("is told of by events: who went down because of whom, and who came up", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        children: ["a", "b"].map((id) => Stage.child(stage, id))
      })
      const events: Array<SupervisorEvent> = []
      yield* Effect.forkChild(
        Stream.runForEach(supervisor.events, (event) => Effect.sync(() => void events.push(event))),
        { startImmediately: true }
      )
      yield* Stage.settle
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual(
        events.map((event) => [event._tag, event.child, "sibling" in event ? event.sibling : undefined]),
        [
          ["ChildEnded", "a", undefined],
          ["ChildTakenDown", "b", "a"],
          ["ChildRestarted", "a", undefined],
          ["ChildRestarted", "b", undefined]
        ]
      )
    }))
})

describe("a child that keeps its identity", () => {
  /** Counts what its renewal is asked to do; its scope is its identity. */
  const lasting = (stage: Stage.Stage, id: string, log: Array<string>, options?: Child.ChildOptions) =>
    Child.make(id, {
      ...options,
      start: Effect.gen(function*() {
        yield* Effect.acquireRelease(Effect.sync(() => log.push("born")), () => Effect.sync(() => log.push("gone")))
        const up: Effect.Effect<Child.Running<string>> = Effect.map(Stage.open(stage, id), (gate) => ({
          value: "the reference",
          exit: Effect.ensuring(Effect.exit(Deferred.await(gate)), Effect.sync(() => log.push("down"))),
          stop: Deferred.succeed(gate, undefined),
          renewal: { isPossible: () => true, down: () => Deferred.succeed(gate, undefined), up }
        }))
        return yield* up
      })
    })

  it.effect("keeps it over its own failure and over that of a sibling, and gives it up when it is stopped", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const log: Array<string> = []
      const Lasting = lasting(stage, "l", log)
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        children: [Lasting, Stage.child(stage, "a")]
      })
      assert.strictEqual(yield* supervisor.get(Lasting), "the reference")
      yield* Stage.fail(stage, "l")
      yield* Stage.fail(stage, "a")
      assert.strictEqual(Stage.starts(stage, "l"), 3)
      assert.deepStrictEqual(log, ["born", "down", "down"])
      yield* supervisor.stop
      assert.deepStrictEqual(log, ["born", "down", "down", "down", "gone"])
    }))

  it.effect("gives it up when it is terminated while it waits for its restart", () =>
    Effect.gen(function*() {
      for (const strategy of ["one-for-one", "one-for-all"] as const) {
        const stage = Stage.make()
        const log: Array<string> = []
        const supervisor = yield* Supervisor.make("s", { strategy, backoff, children: [lasting(stage, "l", log)] })
        yield* Stage.fail(stage, "l")
        assert.deepStrictEqual(log, ["born", "down"])
        yield* supervisor.terminateChild("l")
        assert.deepStrictEqual(log, ["born", "down", "gone"], strategy)
        yield* supervisor.restartChild("l")
        assert.deepStrictEqual(log.at(-1), "born")
      }
    }))
})

describe("Supervisor.get", () => {
  it.effect("answers what a child is to its users, or why it cannot", () =>
    Effect.gen(function*() {
      class Journal extends Context.Service<Journal, string>()("Journal") {}
      const Layered = Child.layer("journal", Layer.succeed(Journal, "the journal"))
      const Sessions = Child.dynamic("sessions")
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [Layered, Sessions] })
      assert.strictEqual(Context.get(yield* supervisor.get(Layered), Journal), "the journal")
      const sessions = yield* supervisor.get(Sessions)
      assert.strictEqual(
        yield* sessions.startChild(Child.make("x", { start: Effect.succeed({ exit: Effect.never, value: 7 }) })),
        7
      )
      yield* supervisor.terminateChild("sessions")
      assert.instanceOf(yield* Effect.flip(supervisor.get(Sessions)), ChildNotRunning)
      yield* supervisor.deleteChild("sessions")
      assert.instanceOf(yield* Effect.flip(supervisor.get(Sessions)), ChildNotFound)
    }))
})
