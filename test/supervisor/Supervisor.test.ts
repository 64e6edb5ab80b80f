import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Child from "../../src/supervisor/Child.ts"
import * as Supervisor from "../../src/supervisor/Supervisor.ts"
import { ChildStartFailed, InvalidSupervision, RestartLimitReached } from "../../src/supervisor/SupervisorError.ts"
import type { SupervisorEvent } from "../../src/supervisor/SupervisorEvent.ts"
import * as Tree from "../../src/supervisor/Tree.ts"
import * as Stage from "./stage.ts"

/** The typed failure in an exit, or a failed test. */
const failureOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  assert.isTrue(Exit.isFailure(exit))
  return Cause.squash((exit as Exit.Failure<unknown, unknown>).cause)
}

const statuses = (supervisor: Supervisor.Supervisor["Service"]) =>
  Effect.map(supervisor.children, (children) => Object.fromEntries(children.map((child) => [child.id, child.status])))

const startFails = (id: string, error: unknown = "no") => Child.make(id, { start: Effect.fail(error) })

describe("Supervisor start and stop", () => {
  it.effect("starts in order and stops in reverse", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const scope = yield* Scope.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [Stage.child(stage, "c"), Stage.child(stage, "a"), Stage.child(stage, "b")]
      }).pipe(Scope.provide(scope))
      assert.deepStrictEqual(yield* statuses(supervisor), { c: "running", a: "running", b: "running" })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(stage.log, ["+c", "+a", "+b", "-b", "-a", "-c"])
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
    }))

  it.effect("waits for a child to be ready before it starts the next", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const ready = yield* Deferred.make<void>()
      const slow = Child.make("slow", {
        start: Effect.as(Deferred.await(ready), { exit: Effect.never })
      })
      const fiber = yield* Effect.forkChild(Supervisor.make("s", {
        strategy: "one-for-one",
        children: [slow, Stage.child(stage, "a")]
      }))
      yield* Stage.settle
      assert.deepStrictEqual(stage.log, [])
      yield* Deferred.succeed(ready, undefined)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(stage.log, ["+a"])
    }))

  it.effect("stops what was started, in reverse, when a child does not come up", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const error = yield* Effect.flip(Supervisor.make("s", {
        strategy: "one-for-one",
        children: [
          Stage.child(stage, "a"),
          Stage.child(stage, "b"),
          startFails("c", "no port"),
          Stage.child(stage, "d")
        ]
      }))
      assert.instanceOf(error, ChildStartFailed)
      assert.strictEqual(error.child, "c")
      assert.strictEqual(Cause.squash(error.cause), "no port")
      assert.strictEqual(error.message, `supervisor "s": child "c" did not start: no port`)
      assert.deepStrictEqual(stage.log, ["+a", "+b", "-b", "-a"])
    }))

  it.effect("leaves nothing behind when its start is interrupted", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const hanging = Child.make("hanging", {
        start: Effect.andThen(
          Effect.acquireRelease(Stage.open(stage, "hanging"), () => Stage.close(stage, "hanging")),
          Effect.never
        )
      })
      const fiber = yield* Effect.forkChild(Supervisor.make("s", {
        strategy: "one-for-one",
        children: [Stage.child(stage, "a"), hanging]
      }))
      yield* Stage.settle
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(stage.log, ["+a", "+hanging", "-hanging", "-a"])
    }))

  it.effect("fails to start when it gives up on a child while others start", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const error = yield* Effect.flip(Supervisor.make("s", {
        strategy: "one-for-one",
        children: [
          Stage.child(stage, "a"),
          Child.effect("broken", Effect.die("bug")),
          Child.make("slow", { start: Effect.never })
        ]
      }))
      assert.instanceOf(error, ChildStartFailed)
      assert.strictEqual(error.child, "broken")
      assert.instanceOf(Cause.squash(error.cause), RestartLimitReached)
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))

  it.effect("fails to start when it gives up on its last child", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const error = yield* Effect.flip(Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 0, within: "1 second" },
        children: [Stage.child(stage, "a"), Child.effect("broken", Effect.fail("boom"))]
      }))
      assert.instanceOf(error, ChildStartFailed)
      assert.strictEqual(error.child, "broken")
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))

  it.effect("reports an id used twice and an unknown strategy", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const twice = yield* Effect.flip(Supervisor.make("s", {
        strategy: "one-for-one",
        children: [Stage.child(stage, "a"), Stage.child(stage, "a")]
      }))
      assert.instanceOf(twice, InvalidSupervision)
      const strategy = yield* Effect.flip(Supervisor.make("s", { strategy: "all-for-all" as "one-for-one" }))
      assert.instanceOf(strategy, InvalidSupervision)
      assert.strictEqual(
        strategy.message,
        `supervisor "s": strategy is "all-for-all", expected "one-for-one" or "one-for-all" or "rest-for-one"`
      )
      assert.deepStrictEqual(stage.log, [])
    }))

  it.effect("is a layer whose children live as long as it does", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const layer = Supervisor.layer("s", { strategy: "one-for-one", children: [Stage.child(stage, "a")] })
      yield* Effect.gen(function*() {
        const supervisor = yield* Supervisor.Supervisor
        assert.strictEqual((yield* supervisor.count).active, 1)
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))

  it.effect("gives its children the services of the place it was made in, again at each restart", () =>
    Effect.gen(function*() {
      class Name extends Context.Service<Name, string>()("test/Name") {}
      const seen: Array<string> = []
      const child = Child.effect(
        "a",
        Effect.flatMap(Name, (name) => Effect.suspend(() => Effect.fail(seen.push(name))))
      )
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 2, within: "1 minute" },
        children: [child]
      }).pipe(Effect.provideService(Name, "outer"), Effect.exit)
      yield* Stage.settle
      assert.isTrue(Exit.isExit(supervisor))
      assert.deepStrictEqual(seen, ["outer", "outer", "outer"])
    }))

  it.effect("ends when told, once, whoever tells it", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [Stage.child(stage, "a")]
      })
      yield* Effect.all([supervisor.stop, supervisor.stop], { concurrency: "unbounded" })
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
      const error = yield* Effect.flip(supervisor.startChild(Stage.child(stage, "b")))
      assert.strictEqual(error._tag, "SupervisorStopped")
      assert.strictEqual((yield* Effect.flip(supervisor.restartChild("a")))._tag, "SupervisorStopped")
    }))
})

describe("Supervisor stop times", () => {
  it.effect("abandons a child that ignores interruption, and never starts a second one beside it", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const gate = yield* Deferred.make<void>()
      const deaf = Child.effect(
        "deaf",
        Effect.acquireUseRelease(
          Stage.open(stage, "deaf"),
          () => Effect.uninterruptible(Deferred.await(gate)),
          () => Stage.close(stage, "deaf")
        ),
        { shutdown: "2 seconds", restart: "transient" }
      )
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [deaf] })
      const fiber = yield* Effect.forkChild(supervisor.terminateChild("deaf"))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      assert.strictEqual((yield* supervisor.child("deaf")).status, "stopping")
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* supervisor.child("deaf")).status, "abandoned")
      const refused = yield* Effect.flip(supervisor.restartChild("deaf"))
      assert.strictEqual(refused._tag, "ChildRunning")
      yield* supervisor.terminateChild("deaf")
      yield* Deferred.succeed(gate, undefined)
      yield* Stage.settle
      assert.strictEqual((yield* supervisor.child("deaf")).status, "stopped")
      yield* supervisor.restartChild("deaf")
      assert.deepStrictEqual(stage.log, ["+deaf", "-deaf", "+deaf", "-deaf"])
      assert.strictEqual(stage.most, 1)
    }))

  it.effect("gives each child its own time, one after the other", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const slow = (id: string, millis: number) =>
        Child.effect(
          id,
          Effect.acquireUseRelease(
            Stage.open(stage, id),
            Deferred.await,
            () => Effect.andThen(Effect.sleep(millis), Stage.close(stage, id))
          ),
          { shutdown: "3 seconds" }
        )
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [slow("a", 2_000), slow("b", 2_000)]
      })
      const fiber = yield* Effect.forkChild(supervisor.stop)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(stage.log, ["+a", "+b", "-b"])
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(stage.log, ["+a", "+b", "-b", "-a"])
    }))

  const asked = (stage: Stage.Stage, { obey, ...options }: Child.ChildOptions & { readonly obey: boolean }) =>
    Child.make("a", {
      ...options,
      start: Effect.gen(function*() {
        const gate = yield* Effect.acquireRelease(Stage.open(stage, "a"), () => Stage.close(stage, "a"))
        return {
          exit: Effect.exit(Deferred.await(gate)),
          stop: Effect.sync(() => {
            stage.log.push("?a")
            if (obey) Deferred.doneUnsafe(gate, Exit.void)
          })
        }
      })
    })

  it.effect("asks a child that can be asked, and releases it when it has ended", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [asked(stage, { obey: true })]
      })
      yield* supervisor.stop
      assert.deepStrictEqual(stage.log, ["+a", "?a", "-a"])
    }))

  it.effect("closes over a child that was asked and did not end within its time", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [asked(stage, { obey: false, shutdown: "2 seconds" })]
      })
      const events = yield* collect(supervisor)
      const fiber = yield* Effect.forkChild(supervisor.stop)
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(stage.log, ["+a", "?a"])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(stage.log, ["+a", "?a", "-a"])
      assert.deepInclude(events, { _tag: "ChildStopped", supervisor: "s", child: "a", how: "forced" })
    }))

  it.effect("closes over a child at once when it cannot be asked", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const broken = Child.make("a", {
        start: Effect.gen(function*() {
          yield* Effect.acquireRelease(Stage.open(stage, "a"), () => Stage.close(stage, "a"))
          return { exit: Effect.never, stop: Effect.fail("channel closed") }
        })
      })
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [broken] })
      yield* supervisor.stop
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))

  it.effect("does not ask a brutally killed child", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [asked(stage, { obey: true, shutdown: "brutalKill" })]
      })
      yield* supervisor.stop
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))

  it.effect.each<[shutdown: Child.Shutdown, millis: number]>([
    ["2 seconds", 3_000],
    ["brutalKill", 1_000]
  ])(
    "gives a child one more second to release what it holds after its time of %s",
    ([shutdown, millis]) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        const stuck = Child.make("a", {
          shutdown,
          start: Effect.gen(function*() {
            yield* Effect.addFinalizer(() => Deferred.await(gate))
            return { exit: Effect.never, stop: Effect.void }
          })
        })
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [stuck] })
        const fiber = yield* Effect.forkChild(supervisor.terminateChild("a"))
        yield* TestClock.adjust(millis - 1)
        assert.strictEqual((yield* supervisor.child("a")).status, "stopping")
        yield* TestClock.adjust(1)
        yield* Fiber.join(fiber)
        assert.strictEqual((yield* supervisor.child("a")).status, "abandoned")
        yield* Deferred.succeed(gate, undefined)
      })
  )

  it.effect("finishes a stop whose caller lost patience", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [asked(stage, { obey: false, shutdown: "2 seconds" })]
      })
      const fiber = yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* supervisor.child("a")).status, "stopped")
      assert.deepStrictEqual(stage.log, ["+a", "?a", "-a"])
    }))

  it.effect("lets a child stop its own supervisor", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const own = yield* Deferred.make<Supervisor.Supervisor["Service"]>()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [
          Stage.child(stage, "a"),
          Child.effect("b", Effect.flatMap(Deferred.await(own), (supervisor) => supervisor.stop))
        ]
      })
      yield* Deferred.succeed(own, supervisor)
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))
})

/** Everything the supervisor says from now on. */
const collect = Effect.fnUntraced(function*(supervisor: Supervisor.Supervisor["Service"]) {
  const events: Array<SupervisorEvent> = []
  yield* Effect.forkChild(
    Stream.runForEach(supervisor.events, (event) => Effect.sync(() => void events.push(event))),
    { startImmediately: true }
  )
  yield* Stage.settle
  return events
})

describe("Supervisor restarts", () => {
  it.effect("replaces the child that failed and touches no other", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [Stage.child(stage, "a"), Stage.child(stage, "b"), Stage.child(stage, "c")]
      })
      yield* Stage.fail(stage, "b")
      assert.deepStrictEqual(stage.log, ["+a", "+b", "+c", "-b", "+b"])
      const b = yield* supervisor.child("b")
      assert.strictEqual(b.restarts, 1)
      assert.strictEqual(Cause.squash(b.lastCause!), "boom")
    }))

  it.effect("releases an incarnation before it starts the next, however long that takes", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const slow = Child.make("a", {
        start: Effect.map(
          Effect.acquireRelease(
            Stage.open(stage, "a"),
            () => Effect.andThen(Effect.sleep("1 minute"), Stage.close(stage, "a"))
          ),
          (gate) => ({ exit: Effect.exit(Deferred.await(gate)) })
        ),
        shutdown: "1 minute"
      })
      const scope = yield* Scope.make()
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [slow] }).pipe(
        Scope.provide(scope)
      )
      yield* Stage.die(stage, "a")
      assert.strictEqual((yield* supervisor.child("a")).status, "stopping")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(stage.log, ["+a", "-a", "+a"])
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(closing)
    }))

  it.effect("ends with the one restart too many, naming child, limit and cause", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 2, within: "10 seconds" },
        children: [Stage.child(stage, "a"), Stage.child(stage, "b"), Stage.child(stage, "c")]
      })
      const events = yield* collect(supervisor)
      yield* Stage.fail(stage, "b", "one")
      yield* Stage.fail(stage, "c", "two")
      yield* Stage.fail(stage, "b", "three")
      const error = failureOf(yield* supervisor.exit)
      assert.instanceOf(error, RestartLimitReached)
      assert.deepInclude({ ...error }, {
        supervisor: "s",
        child: "b",
        reason: "intensity",
        restarts: 2,
        withinMillis: 10_000
      })
      assert.strictEqual(Cause.squash(error.cause), "three")
      assert.strictEqual(
        error.message,
        `supervisor "s" gave up on child "b": more than 2 restarts within 10000 ms; last: three`
      )
      assert.deepStrictEqual(stage.log.slice(-3), ["-b", "-c", "-a"])
      yield* Stage.settle
      assert.deepStrictEqual(
        events.map((event) => `${event._tag} ${event.child}`),
        [
          "ChildEnded b",
          "ChildRestarted b",
          "ChildEnded c",
          "ChildRestarted c",
          "ChildEnded b",
          "LimitReached b",
          "ChildStopped c",
          "ChildStopped b",
          "ChildStopped a"
        ]
      )
    }))

  it.effect("counts restarts exactly as far back as the window, its edge included", () =>
    Effect.gen(function*() {
      const run = Effect.fnUntraced(function*(gapMillis: number) {
        const stage = Stage.make()
        const supervisor = yield* Supervisor.make("s", {
          strategy: "one-for-one",
          intensity: { restarts: 1, within: "5 seconds" },
          children: [Stage.child(stage, "a")]
        })
        yield* Stage.fail(stage, "a")
        yield* TestClock.adjust(gapMillis)
        yield* Stage.fail(stage, "a")
        return (yield* supervisor.child("a")).status
      })
      assert.strictEqual(yield* run(5_000), "stopped")
      assert.strictEqual(yield* run(5_001), "running")
    }))

  it.effect("counts each child apart when told so, and still ends as a whole", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 1, within: "5 seconds", per: "child" },
        children: [Stage.child(stage, "a"), Stage.child(stage, "b")]
      })
      yield* Stage.fail(stage, "a")
      yield* Stage.fail(stage, "b")
      assert.strictEqual((yield* supervisor.count).active, 2)
      yield* Stage.fail(stage, "a")
      assert.instanceOf(failureOf(yield* supervisor.exit), RestartLimitReached)
      assert.strictEqual((yield* supervisor.count).active, 0)
    }))

  it.effect("lets one child have a limit of its own", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 1, within: "5 seconds" },
        children: [Stage.child(stage, "a", { intensity: { restarts: 3, within: "1 minute" } }), Stage.child(stage, "b")]
      })
      for (let i = 0; i < 3; i++) yield* Stage.fail(stage, "a")
      yield* Stage.fail(stage, "b")
      assert.strictEqual((yield* supervisor.count).active, 2)
      yield* Stage.fail(stage, "a")
      const error = failureOf(yield* supervisor.exit) as RestartLimitReached
      assert.deepInclude({ ...error }, { child: "a", restarts: 3, withinMillis: 60_000 })
    }))

  it.effect("counts a start that fails as one more end", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      let broken = false
      const flaky = Child.make("a", {
        start: Effect.suspend(() =>
          broken
            ? Effect.fail("no port")
            : Effect.map(
              Effect.acquireRelease(Stage.open(stage, "a"), () => Stage.close(stage, "a")),
              (gate) => ({ exit: Effect.exit(Deferred.await(gate)) })
            )
        )
      })
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [flaky] })
      broken = true
      yield* Stage.fail(stage, "a")
      const error = failureOf(yield* supervisor.exit) as RestartLimitReached
      assert.strictEqual(Cause.squash(error.cause), "no port")
      assert.strictEqual((yield* supervisor.child("a")).restarts, 3)
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))

  it.effect("makes a failure of a finalizer the end of the child", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const child = Child.make("a", {
        restart: "transient",
        start: Effect.map(
          Effect.acquireRelease(Stage.open(stage, "a"), () =>
            Effect.andThen(
              Stage.close(stage, "a"),
              Effect.suspend(() => Stage.starts(stage, "a") === 1 ? Effect.die("leak") : Effect.void)
            )),
          (gate) => ({ exit: Effect.exit(Deferred.await(gate)) })
        )
      })
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [child] })
      yield* Stage.end(stage, "a")
      assert.deepStrictEqual(stage.log, ["+a", "-a", "+a"])
      assert.strictEqual(Cause.squash((yield* supervisor.child("a")).lastCause!), "leak")
    }))
})

describe("Supervisor directives", () => {
  const one = (
    stage: Stage.Stage,
    options: Child.ChildOptions,
    intensity = { restarts: 1, within: "1 minute" } as const
  ) =>
    Supervisor.make("s", {
      strategy: "one-for-one",
      intensity,
      children: [Stage.child(stage, "z"), Stage.child(stage, "a", options)]
    })

  it.effect("stops a child when the decider says so, keeping its spec and the supervisor", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* one(stage, { decide: () => "stop" })
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual(yield* statuses(supervisor), { z: "running", a: "stopped" })
    }))

  it.effect("ends with the child's cause when the decider escalates", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* one(stage, {
        decide: (cause) => Cause.hasDies(cause) ? "escalate" : "restart"
      })
      yield* Stage.fail(stage, "a")
      yield* Stage.die(stage, "a", "corrupt")
      assert.strictEqual(failureOf(yield* supervisor.exit), "corrupt")
      assert.deepStrictEqual(stage.log.slice(-1), ["-z"])
    }))

  it.effect("ends with both causes when the decider throws", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* one(stage, {
        decide: () => {
          throw new Error("bad decider")
        }
      })
      yield* Stage.fail(stage, "a")
      const exit = yield* supervisor.exit
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual((exit as Exit.Failure<void, unknown>).cause.reasons.length, 2)
    }))

  it.effect("does not count a resumed child against the limit", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* one(stage, { decide: () => "resume" })
      for (let i = 0; i < 5; i++) yield* Stage.fail(stage, "a")
      assert.strictEqual((yield* supervisor.child("a")).restarts, 5)
      yield* Stage.fail(stage, "z")
      assert.strictEqual((yield* supervisor.count).active, 2)
    }))

  it.effect("asks the child's decider before the supervisor's, and neither about a normal end", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const asked: Array<string> = []
      const decider = (name: string) => () => {
        asked.push(name)
        return "restart" as const
      }
      yield* Supervisor.make("s", {
        strategy: "one-for-one",
        decide: decider("supervisor"),
        children: [Stage.child(stage, "a", { decide: decider("a") }), Stage.child(stage, "b")]
      })
      yield* Stage.fail(stage, "a")
      yield* Stage.fail(stage, "b")
      yield* Stage.end(stage, "b")
      assert.deepStrictEqual(asked, ["a", "supervisor"])
      assert.strictEqual(Stage.starts(stage, "b"), 3)
    }))
})

describe("Supervisor backoff", () => {
  const backingOff = (stage: Stage.Stage) =>
    Supervisor.make("s", {
      strategy: "one-for-one",
      intensity: { restarts: 10, within: "1 hour" },
      backoff: { schedule: Schedule.exponential("1 second"), resetAfter: "1 minute" },
      children: [Stage.child(stage, "a"), Stage.child(stage, "b")]
    })

  it.effect("waits as long as the schedule says, from its beginning again after a quiet time", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      yield* backingOff(stage)
      const restartsAfter = Effect.fnUntraced(function*(millis: number) {
        const before = Stage.starts(stage, "a")
        yield* Stage.fail(stage, "a")
        yield* TestClock.adjust(millis - 1)
        assert.strictEqual(Stage.starts(stage, "a"), before)
        yield* TestClock.adjust(1)
        assert.strictEqual(Stage.starts(stage, "a"), before + 1)
      })
      yield* restartsAfter(1_000)
      yield* restartsAfter(2_000)
      yield* TestClock.adjust("59 seconds")
      yield* restartsAfter(4_000)
      yield* TestClock.adjust("60 seconds")
      yield* restartsAfter(1_000)
    }))

  it.effect("is that of the child where it has one, and that of the supervisor where it has none", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const own = Stage.child(stage, "a", { backoff: Schedule.spaced("5 seconds") })
      yield* Supervisor.make("s", {
        strategy: "one-for-one",
        backoff: Schedule.spaced("1 second"),
        children: [own, Stage.child(stage, "b")]
      })
      yield* Stage.fail(stage, "a")
      yield* Stage.fail(stage, "b")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([Stage.starts(stage, "a"), Stage.starts(stage, "b")], [1, 2])
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual([Stage.starts(stage, "a"), Stage.starts(stage, "b")], [2, 2])
    }))

  it.effect("answers, works on other children and can be told to stop while a child waits", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* backingOff(stage)
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual(yield* statuses(supervisor), { a: "restarting", b: "running" })
      assert.deepStrictEqual(yield* supervisor.count, { specs: 2, active: 1, supervisors: 0, workers: 2 })
      assert.strictEqual((yield* Effect.flip(supervisor.restartChild("a")))._tag, "ChildRunning")
      assert.strictEqual((yield* Effect.flip(supervisor.deleteChild("a")))._tag, "ChildRunning")
      yield* Stage.fail(stage, "b")
      yield* supervisor.startChild(Stage.child(stage, "c"))
      yield* supervisor.stop
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(stage.log, ["+a", "+b", "-a", "-b", "+c", "-c"])
    }))

  it.effect("leaves the loop of a child that is terminated", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* backingOff(stage)
      yield* Stage.fail(stage, "a")
      yield* supervisor.terminateChild("a")
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* statuses(supervisor), { a: "stopped", b: "running" })
      yield* supervisor.restartChild("a")
      assert.strictEqual(Stage.starts(stage, "a"), 2)
    }))

  it.effect("begins the schedule again for a child that was restarted by hand", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* backingOff(stage)
      yield* Stage.fail(stage, "a")
      yield* supervisor.terminateChild("a")
      yield* supervisor.restartChild("a")
      yield* Stage.fail(stage, "a")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Stage.starts(stage, "a"), 3)
    }))

  it.effect("gives up when the schedule ends", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 10, within: "1 hour" },
        backoff: Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 2 })),
        children: [Stage.child(stage, "a")]
      })
      for (let i = 0; i < 2; i++) {
        yield* Stage.fail(stage, "a")
        yield* TestClock.adjust("1 second")
      }
      yield* Stage.fail(stage, "a")
      const error = failureOf(yield* supervisor.exit) as RestartLimitReached
      assert.deepInclude({ ...error }, { reason: "backoff", restarts: 2 })
    }))

  it.effect("can be told to stop while a schedule thinks about the next delay", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        backoff: Schedule.forever.pipe(Schedule.addDelay(() => Effect.never)),
        children: [Stage.child(stage, "a")]
      })
      yield* Stage.fail(stage, "a")
      yield* supervisor.stop
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
    }))

  it.effect("ends with both causes when the schedule dies", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        backoff: Schedule.forever.pipe(Schedule.addDelay(() => Effect.die("bad schedule"))),
        children: [Stage.child(stage, "a")]
      })
      yield* Stage.fail(stage, "a")
      const exit = yield* supervisor.exit
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual((exit as Exit.Failure<void, unknown>).cause.reasons.length, 2)
    }))

  it.effect("answers and can be told to stop in a loop without delays", () =>
    Effect.gen(function*() {
      let starts = 0
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 1_000_000, within: "1 hour" },
        children: [Child.effect("a", Effect.suspend(() => Effect.fail(starts++)))]
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
      yield* Stage.settle
      assert.strictEqual((yield* supervisor.child("a")).restarts, starts - 1)
      assert.isAbove(starts, 2)
      yield* supervisor.stop
      const after = starts
      yield* Stage.settle
      assert.strictEqual(starts, after)
    }))

  it.effect("steps the schedule of each child apart", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      yield* backingOff(stage)
      yield* Stage.fail(stage, "a")
      yield* TestClock.adjust("1 second")
      yield* Stage.fail(stage, "a")
      yield* Stage.fail(stage, "b")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Stage.starts(stage, "a"), 2)
      assert.strictEqual(Stage.starts(stage, "b"), 2)
    }))
})

describe("Supervisor children by hand", () => {
  it.effect("starts a child after the others and takes what it needs from the caller", () =>
    Effect.gen(function*() {
      class Name extends Context.Service<Name, string>()("test/Name") {}
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [Stage.child(stage, "a")] })
      const names: Array<string> = []
      yield* supervisor.startChild(Child.effect(
        "b",
        Effect.flatMap(Name, (name) => {
          names.push(name)
          return names.length === 1 ? Effect.fail("boom") : Effect.never
        })
      )).pipe(Effect.provideService(Name, "n"))
      yield* Stage.settle
      assert.deepStrictEqual(names, ["n", "n"])
      yield* supervisor.startChild(Stage.child(stage, "c"))
      yield* supervisor.stop
      assert.deepStrictEqual(stage.log, ["+a", "+c", "-c", "-a"])
    }))

  it.effect("keeps nothing of a child whose start failed or was interrupted", () =>
    Effect.gen(function*() {
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one" })
      const error = yield* Effect.flip(supervisor.startChild(startFails("a")))
      assert.instanceOf(error, ChildStartFailed)
      const fiber = yield* Effect.forkChild(supervisor.startChild(Child.make("a", { start: Effect.never })))
      yield* Stage.settle
      assert.deepStrictEqual(yield* statuses(supervisor), { a: "starting" })
      assert.strictEqual((yield* Effect.flip(supervisor.startChild(startFails("a"))))._tag, "ChildAlreadyExists")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* supervisor.children, [])
    }))

  it.effect("terminates a child that is still starting", () =>
    Effect.gen(function*() {
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one" })
      const fiber = yield* Effect.forkChild(
        Effect.flip(supervisor.startChild(Child.make("a", { start: Effect.never })))
      )
      yield* Stage.settle
      yield* supervisor.terminateChild("a")
      const error = yield* Fiber.join(fiber)
      assert.instanceOf(error, ChildStartFailed)
      assert.isTrue(Cause.hasInterruptsOnly(error.cause))
      assert.deepStrictEqual(yield* supervisor.children, [])
    }))

  it.effect("restarts a stopped child once when two ask for it, and shows it starting meanwhile", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [slowToStart(stage)] })
      yield* supervisor.terminateChild("a")
      const first = yield* Effect.forkChild(supervisor.restartChild("a"))
      yield* Stage.settle
      assert.strictEqual((yield* supervisor.child("a")).status, "starting")
      assert.strictEqual((yield* Effect.flip(supervisor.restartChild("a")))._tag, "ChildRunning")
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first)
      assert.strictEqual(stage.most, 1)
      assert.strictEqual((yield* supervisor.child("a")).restarts, 0)
    }))

  it.effect("keeps a child stopped when its restart by hand is interrupted", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [slowToStart(stage)] })
      yield* supervisor.terminateChild("a")
      const restart = yield* Effect.forkChild(supervisor.restartChild("a"))
      yield* Stage.settle
      yield* Fiber.interrupt(restart)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* supervisor.child("a")).status, "stopped")
      assert.deepStrictEqual(stage.log, ["+a", "-a", "+a", "-a"])
    }))
})

/** Ready at once the first time, after a second from then on. */
const slowToStart = (stage: Stage.Stage) =>
  Child.make("a", {
    start: Effect.gen(function*() {
      yield* Effect.acquireRelease(Stage.open(stage, "a"), () => Stage.close(stage, "a"))
      if (Stage.starts(stage, "a") > 1) yield* Effect.sleep("1 second")
      return { exit: Effect.never }
    })
  })

describe("Supervisor trees", () => {
  it.effect("hands the end of a supervisor that gave up to its parent, which restarts it", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const inner = Child.supervisor("inner", {
        strategy: "one-for-one",
        intensity: { restarts: 1, within: "5 seconds" },
        children: [Stage.child(stage, "a"), Stage.child(stage, "b")]
      })
      const outer = yield* Supervisor.make("outer", {
        strategy: "one-for-one",
        intensity: { restarts: 1, within: "1 minute" },
        children: [Stage.child(stage, "z"), inner]
      })
      yield* Stage.fail(stage, "a")
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual(stage.log, ["+z", "+a", "+b", "-a", "+a", "-a", "-b", "+a", "+b"])
      const info = yield* outer.child("inner")
      assert.strictEqual(info.restarts, 1)
      assert.instanceOf(Cause.squash(info.lastCause!), RestartLimitReached)
      assert.strictEqual(
        Tree.render(yield* outer.tree),
        [
          "outer (supervisor) running",
          "├─ z (effect) running",
          "└─ inner (supervisor) running, 1 restart",
          "   ├─ a (effect) running",
          "   └─ b (effect) running"
        ].join("\n")
      )
      yield* Stage.fail(stage, "a")
      yield* Stage.fail(stage, "a")
      const error = failureOf(yield* outer.exit) as RestartLimitReached
      assert.deepInclude({ ...error }, { supervisor: "outer", child: "inner" })
      assert.strictEqual((Cause.squash(error.cause) as RestartLimitReached).supervisor, "inner")
      assert.strictEqual(stage.most, 1)
      assert.deepStrictEqual([...stage.up.values()], [0, 0, 0])
    }))

  it.effect("stops a tree depth first, in reverse", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const outer = yield* Supervisor.make("outer", {
        strategy: "one-for-one",
        children: [
          Stage.child(stage, "a"),
          Child.supervisor("inner", {
            strategy: "one-for-one",
            children: [Stage.child(stage, "b"), Stage.child(stage, "c")]
          }),
          Stage.child(stage, "d")
        ]
      })
      assert.deepStrictEqual(yield* outer.count, { specs: 3, active: 3, supervisors: 1, workers: 2 })
      yield* outer.stop
      assert.deepStrictEqual(stage.log, ["+a", "+b", "+c", "+d", "-d", "-c", "-b", "-a"])
    }))

  it.effect("builds a layer anew for each start and each child, and reports one that does not build", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const layer = Layer.effectDiscard(
        Effect.acquireRelease(Stage.open(stage, "l"), () => Stage.close(stage, "l"))
      )
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [Child.layer("l", layer)]
      })
      yield* supervisor.terminateChild("l")
      yield* supervisor.restartChild("l")
      assert.deepStrictEqual(stage.log, ["+l", "-l", "+l"])
      yield* supervisor.startChild(Child.layer("other", layer))
      assert.deepStrictEqual(stage.log, ["+l", "-l", "+l", "+l"])
      const error = yield* Effect.flip(
        supervisor.startChild(Child.layer("bad", Layer.effectDiscard(Effect.fail("no disk"))))
      )
      assert.strictEqual(Cause.squash((error as ChildStartFailed).cause), "no disk")
    }))
})

describe("Supervisor types", () => {
  it("needs what its children need, all of them together, at any depth", () => {
    class A extends Context.Service<A, string>()("test/A") {}
    class B extends Context.Service<B, string>()("test/B") {}
    const options = {
      strategy: "one-for-one",
      children: [
        Child.effect("a", A),
        Child.supervisor("b", { strategy: "one-for-one", children: [Child.effect("b", B)] }),
        Child.make("c", { start: Effect.as(Effect.scope, { exit: Effect.never }) })
      ]
    } as const
    expectTypeOf(Supervisor.layer("s", options)).toEqualTypeOf<
      Layer.Layer<Supervisor.Supervisor, ChildStartFailed | InvalidSupervision, A | B>
    >()
    expectTypeOf(Supervisor.make("s", options)).toEqualTypeOf<
      Effect.Effect<Supervisor.Supervisor["Service"], ChildStartFailed | InvalidSupervision, A | B | Scope.Scope>
    >()
    expectTypeOf(Supervisor.make("s", { strategy: "one-for-one" })).toEqualTypeOf<
      Effect.Effect<Supervisor.Supervisor["Service"], ChildStartFailed | InvalidSupervision, Scope.Scope>
    >()
  })
})
