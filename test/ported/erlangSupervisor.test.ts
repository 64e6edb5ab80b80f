/**
 * Scenarios of Erlang/OTP's supervisor, in our own words and code.
 *
 * Origin: `erlang/otp`, `lib/stdlib/test/supervisor_SUITE.erl`, Apache License 2.0, copyright Ericsson AB. The E scenarios are
 * from `elixir-lang/elixir`, `lib/elixir/test/elixir/dynamic_supervisor_test.exs`, Apache License 2.0. No code was
 * copied; each title carries the scenario's id and its name in the suite.
 *
 * Strategies, significant children, dynamic supervisors and starts that answer `ignore` are in `erlangStrategies.test.ts`, what else there is of dynamic
 * ones, and names, in `erlangDynamic.test.ts`.
 *
 * Deliberately different: a child may be restarted on a schedule instead of at once; a supervisor that gave up ended
 * abnormally; a fiber cannot be killed, so what OTP reports as `killed` is a child abandoned or closed over here.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Child from "../../src/supervisor/Child.ts"
import type { RestartType } from "../../src/supervisor/Restart.ts"
import * as Supervisor from "../../src/supervisor/Supervisor.ts"
import {
  type ChildAlreadyExists,
  ChildStartFailed,
  InvalidSupervision,
  RestartLimitReached
} from "../../src/supervisor/SupervisorError.ts"
import type { ChildStopped, SupervisorEvent } from "../../src/supervisor/SupervisorEvent.ts"
import * as Stage from "../supervisor/stage.ts"

type Handle = Supervisor.Supervisor["Service"]

const oneForOne = (
  children: ReadonlyArray<Child.ChildSpec>,
  intensity?: { readonly restarts: number; readonly within: `${number} ${"second" | "seconds"}` }
) => Supervisor.make("s", { strategy: "one-for-one", intensity, children })

/** `[specs, active, supervisors, workers]`, as the suite writes counts. */
const counts = (supervisor: Handle) =>
  Effect.map(supervisor.count, (count) => [count.specs, count.active, count.supervisors, count.workers])

const tagOf = (effect: Effect.Effect<void, { readonly _tag: string }>): Effect.Effect<string> =>
  Effect.match(effect, { onFailure: (error) => error._tag, onSuccess: () => "ok" })

const collect = Effect.fnUntraced(function*(supervisor: Handle) {
  const events: Array<SupervisorEvent> = []
  yield* Effect.forkChild(
    Stream.runForEach(supervisor.events, (event) => Effect.sync(() => void events.push(event))),
    { startImmediately: true }
  )
  yield* Stage.settle
  return events
})

const stops = (events: ReadonlyArray<SupervisorEvent>) =>
  events.filter((event): event is ChildStopped => event._tag === "ChildStopped").map(({ child, how }) => [child, how])

const limitOf = (exit: Exit.Exit<void, unknown>): RestartLimitReached => {
  assert.isTrue(Exit.isFailure(exit))
  const error = Cause.squash((exit as Exit.Failure<void, unknown>).cause)
  assert.instanceOf(error, RestartLimitReached)
  return error
}

/** A child with a start that can be made to fail. */
const flaky = (stage: Stage.Stage, id: string, broken: Set<string>, options?: Child.ChildOptions) =>
  Child.make(id, {
    ...options,
    start: Effect.suspend(() =>
      broken.has(id)
        ? Effect.fail("broken")
        : Effect.map(
          Effect.acquireRelease(Stage.open(stage, id), () => Stage.close(stage, id)),
          (gate): Child.Running => ({ exit: Effect.exit(Deferred.await(gate)) })
        )
    )
  })

/** A child that does not end when interrupted, until the gate opens. */
const deaf = (stage: Stage.Stage, id: string, options: Child.ChildOptions) =>
  Child.effect(
    id,
    Effect.acquireUseRelease(
      Stage.open(stage, id),
      (gate) => Effect.uninterruptible(Deferred.await(gate)),
      () => Stage.close(stage, id)
    ),
    options
  )

describe("OTP supervisor: start", () => {
  it.effect("S01 sup_start_normal: an empty supervisor starts and stops", () =>
    Effect.gen(function*() {
      const supervisor = yield* oneForOne([])
      assert.deepStrictEqual(yield* counts(supervisor), [0, 0, 0, 0])
      yield* supervisor.stop
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
    }))

  it.effect("S06 sup_start_fail: a start that dies gives its reason and nothing else happens", () =>
    Effect.gen(function*() {
      const parent = yield* oneForOne([])
      const events = yield* collect(parent)
      const bad = Child.supervisor("bad", {
        strategy: "one-for-one",
        children: [Child.make("a", { start: Effect.die("bad init") })]
      })
      const error = yield* Effect.flip(parent.startChild(bad)) as Effect.Effect<ChildStartFailed>
      const inner = Cause.squash(error.cause) as ChildStartFailed
      assert.deepStrictEqual([error.child, inner.child, Cause.squash(inner.cause)], ["bad", "a", "bad init"])
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(events, [])
    }))

  it.effect("S07 sup_start_child_returns_error: the reason is returned and no child is kept", () =>
    Effect.gen(function*() {
      const supervisor = yield* oneForOne([])
      const error = yield* Effect.flip(supervisor.startChild(Child.make("a", { start: Effect.fail("no port") })))
      assert.instanceOf(error, ChildStartFailed)
      assert.strictEqual(Cause.squash(error.cause), "no port")
      assert.deepStrictEqual(yield* counts(supervisor), [0, 0, 0, 0])
    }))

  it.effect("S09 sup_start_map: defaults are filled in and a spec can be looked up", () =>
    Effect.gen(function*() {
      const worker = Child.effect("worker", Effect.never)
      const inner = Child.supervisor("inner", { strategy: "one-for-one" })
      assert.deepStrictEqual([worker.restart, worker.shutdownMillis], ["permanent", 5_000])
      assert.deepStrictEqual([inner.restart, inner.shutdownMillis], ["permanent", Infinity])
      assert.isFalse(worker.significant || inner.significant)
      const supervisor = yield* oneForOne([worker, inner])
      assert.strictEqual((yield* supervisor.child("worker")).restart, "permanent")
      assert.strictEqual((yield* Effect.flip(supervisor.child("other")))._tag, "ChildNotFound")
    }))

  it("S10 sup_start_map_faulty_specs: a missing id, a missing start, a non-spec and an option that nobody knows are refused", () => {
    const children = (child: unknown) => () =>
      Child.supervisor("s", { strategy: "one-for-one", children: [child as Child.ChildSpec] })
    assert.throws(() => Child.effect(undefined as never, Effect.never), InvalidSupervision, "id is undefined")
    assert.throws(children({ id: "a" }), InvalidSupervision, "expected specs made by the functions of Child")
    assert.throws(children("a"), InvalidSupervision, "expected specs made by the functions of Child")
    const more = { restart: "transient", colour: "blue" } as Child.ChildOptions
    // OTP leaves it alone; here it may be a name that was mistyped.
    assert.throws(() => Child.effect("a", Effect.never, more), InvalidSupervision, "colour")
  })

  it.effect("S11 faulty_application_shutdown: the reason of a crash deep in a starting tree reaches the top", () =>
    Effect.gen(function*() {
      const bug = new Error("bug")
      const error = yield* Effect.flip(oneForOne([
        Child.supervisor("middle", {
          strategy: "one-for-one",
          children: [Child.make("leaf", { start: Effect.die(bug) })]
        })
      ])) as Effect.Effect<ChildStartFailed>
      const middle = Cause.squash(error.cause) as ChildStartFailed
      assert.strictEqual(Cause.squash(middle.cause), bug)
    }))

  it.effect("S12 already_started_outside_supervisor: the error is returned, the foreign one and the supervisor go on", () =>
    Effect.gen(function*() {
      const foreign = yield* Effect.forkChild(Effect.never)
      const supervisor = yield* oneForOne([])
      const taken = Child.make("a", { start: Effect.fail({ alreadyStarted: foreign }) })
      assert.strictEqual(yield* tagOf(supervisor.startChild(taken)), "ChildStartFailed")
      assert.isUndefined(foreign.pollUnsafe())
      assert.deepStrictEqual(yield* counts(supervisor), [0, 0, 0, 0])
      yield* supervisor.startChild(Child.effect("a", Effect.never))
    }))
})

describe("OTP supervisor: stop", () => {
  it.effect("S13 sup_stop_infinity: children with all the time in the world stop by being told", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const slow = Child.make("a", {
        shutdown: "infinity",
        start: Effect.map(
          Effect.acquireRelease(
            Stage.open(stage, "a"),
            () => Effect.andThen(Effect.sleep("1 day"), Stage.close(stage, "a"))
          ),
          () => ({ exit: Effect.never })
        )
      })
      const supervisor = yield* oneForOne([slow, Child.supervisor("inner", { strategy: "one-for-one" })])
      const events = yield* collect(supervisor)
      const stopping = yield* Effect.forkChild(supervisor.stop)
      yield* TestClock.adjust("1 day")
      yield* Fiber.join(stopping)
      yield* Stage.settle
      assert.deepStrictEqual(stops(events), [["inner", "stopped"], ["a", "stopped"]])
    }))

  it.effect("S14 sup_stop_timeout: a child that ignores its stop for a second is given up on, its sibling is not", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([
        Stage.child(stage, "a", { shutdown: "1 second" }),
        deaf(stage, "b", { shutdown: "1 second" })
      ])
      const events = yield* collect(supervisor)
      const stopping = yield* Effect.forkChild(supervisor.stop)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(stopping)
      yield* Stage.settle
      assert.deepStrictEqual(stops(events), [["b", "abandoned"], ["a", "stopped"]])
      yield* Stage.end(stage, "b")
    }))

  it.effect("S15 sup_stop_brutal_kill: a brutally killed child is not asked, the others are", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const child = (id: string, shutdown: Child.Shutdown) =>
        Child.make(id, {
          shutdown,
          start: Effect.map(Deferred.make<void>(), (gate) => ({
            exit: Effect.exit(Deferred.await(gate)),
            stop: Effect.andThen(Effect.sync(() => asked.push(id)), Deferred.succeed(gate, undefined))
          }))
        })
      const supervisor = yield* oneForOne([child("a", "1 second"), child("b", "brutalKill")])
      yield* supervisor.stop
      assert.deepStrictEqual(asked, ["a"])
    }))

  it.effect("S17 sup_stop_non_shutdown_exit: children that answer their stop with a failure do not disturb it", () =>
    Effect.gen(function*() {
      const spiteful = (id: string) =>
        Child.effect(id, Effect.onInterrupt(Effect.never, () => Effect.die("how dare you")))
      const supervisor = yield* oneForOne([spiteful("a"), spiteful("b")])
      yield* supervisor.stop
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
      assert.deepStrictEqual(yield* counts(supervisor), [2, 0, 0, 2])
    }))

  it.effect("S18 order_of_children: start is in spec order and stop in reverse, a restart in between changes neither", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne(["e", "a", "d", "b", "c"].map((id) => Stage.child(stage, id)))
      yield* Stage.fail(stage, "d")
      yield* supervisor.stop
      assert.deepStrictEqual(stage.log.join(" "), "+e +a +d +b +c -d +d -c -b -d -a -e")
    }))
})

describe("OTP supervisor: administration", () => {
  it.effect("S21 child_adm: every operation on a child in every state", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([])
      const spec = Stage.child(stage, "a")
      yield* supervisor.startChild(spec)
      const running = yield* Effect.flip(supervisor.startChild(spec)) as Effect.Effect<ChildAlreadyExists>
      assert.deepStrictEqual([running._tag, running.status], ["ChildAlreadyExists", "running"])
      assert.strictEqual(yield* tagOf(supervisor.restartChild("a")), "ChildRunning")
      assert.strictEqual(yield* tagOf(supervisor.deleteChild("a")), "ChildRunning")
      yield* supervisor.terminateChild("a")
      assert.deepStrictEqual(yield* counts(supervisor), [1, 0, 0, 1])
      yield* supervisor.terminateChild("a")
      const stopped = yield* Effect.flip(supervisor.startChild(spec)) as Effect.Effect<ChildAlreadyExists>
      assert.deepStrictEqual([stopped._tag, stopped.status], ["ChildAlreadyExists", "stopped"])
      yield* supervisor.restartChild("a")
      assert.deepStrictEqual(yield* counts(supervisor), [1, 1, 0, 1])
      yield* supervisor.terminateChild("a")
      yield* supervisor.deleteChild("a")
      for (const operation of [supervisor.terminateChild, supervisor.restartChild, supervisor.deleteChild]) {
        assert.strictEqual(yield* tagOf(operation("a")), "ChildNotFound")
      }
      yield* supervisor.stop
      assert.strictEqual(yield* tagOf(supervisor.startChild(spec)), "SupervisorStopped")
    }))

  it.effect("S21 child_adm: a child in a restart loop cannot be restarted or deleted, and terminating it ends the loop", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        backoff: Schedule.spaced("1 second"),
        children: [Stage.child(stage, "a")]
      })
      yield* Stage.fail(stage, "a")
      assert.strictEqual(yield* tagOf(supervisor.startChild(Stage.child(stage, "a"))), "ChildAlreadyExists")
      assert.strictEqual(yield* tagOf(supervisor.restartChild("a")), "ChildRunning")
      assert.strictEqual(yield* tagOf(supervisor.deleteChild("a")), "ChildRunning")
      yield* supervisor.terminateChild("a")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))

  it("S24 child_specs: every valid combination is accepted", () => {
    const restarts: ReadonlyArray<RestartType> = ["permanent", "transient", "temporary"]
    const shutdowns: ReadonlyArray<Child.Shutdown> = [100, "5 seconds", "brutalKill", "infinity"]
    for (const restart of restarts) {
      for (const shutdown of shutdowns) {
        assert.strictEqual(Child.effect("a", Effect.never, { restart, shutdown }).restart, restart)
        assert.strictEqual(Child.supervisor("a", { strategy: "one-for-one" }, { restart, shutdown }).restart, restart)
      }
    }
  })

  it("S24 child_specs: each wrong field and an id used twice are refused by name", () => {
    const spec = (options: object) => () => Child.effect("a", Effect.never, options)
    assert.throws(spec({ restart: "prmanent" }), InvalidSupervision, `child "a": restart is "prmanent"`)
    assert.throws(spec({ shutdown: "brutal" }), InvalidSupervision, `child "a": shutdown is "brutal"`)
    assert.throws(spec({ shutdown: -1 }), InvalidSupervision, `child "a": shutdown is -1`)
    assert.throws(spec({ restart: "permanent", significant: true }), InvalidSupervision, `child "a": significant`)
    assert.throws(
      () =>
        Child.supervisor("s", {
          strategy: "one-for-one",
          children: [spec({ restart: "temporary", significant: true })()]
        }),
      InvalidSupervision,
      `supervisor "s": autoShutdown is "never"`
    )
    const twice = [spec({})(), spec({})()]
    assert.throws(
      () => Child.supervisor("s", { strategy: "one-for-one", children: twice }),
      InvalidSupervision,
      `supervisor "s": children is "a"`
    )
  })

  it.effect.each<[options: object, field: string]>([
    [{ strategy: "none-for-all" }, "strategy"],
    [{}, "strategy"],
    [{ strategy: "one-for-one", intensity: { restarts: Infinity, within: 1 } }, "intensity.restarts"],
    [{ strategy: "one-for-one", intensity: { restarts: -1, within: 1 } }, "intensity.restarts"],
    [{ strategy: "one-for-one", intensity: { restarts: 1, within: 0 } }, "intensity.within"],
    [{ strategy: "one-for-one", intensity: { restarts: 1, within: "Infinity" } }, "intensity.within"],
    [{ strategy: "one-for-one", autoShutdown: "sometimes" }, "autoShutdown"]
  ])("S25 sup_flags: wrong flags are refused by name (%j)", ([options, field]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Supervisor.make("s", options as Child.SupervisorOptions))
      assert.instanceOf(error, InvalidSupervision)
      assert.strictEqual(error.option, field)
    }))

  it.effect("S26 which_children: the list, one child of it, and none after it was deleted", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([Stage.child(stage, "a"), Stage.child(stage, "b")])
      assert.deepStrictEqual((yield* supervisor.children).map((child) => child.id), ["a", "b"])
      assert.strictEqual((yield* supervisor.child("a")).status, "running")
      yield* supervisor.terminateChild("a")
      assert.strictEqual((yield* supervisor.child("a")).status, "stopped")
      yield* supervisor.deleteChild("a")
      assert.strictEqual((yield* Effect.flip(supervisor.child("a")))._tag, "ChildNotFound")
    }))

  it.effect("S27 count_children: thousands are counted exactly, and none when all temporary ones are gone", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([])
      const start = (from: number, to: number) =>
        Effect.forEach(
          Array.from({ length: to - from }, (_, i) => Stage.child(stage, String(from + i), { restart: "temporary" })),
          (spec) => supervisor.startChild(spec),
          { discard: true }
        )
      yield* start(0, 1_000)
      assert.deepStrictEqual(yield* counts(supervisor), [1_000, 1_000, 0, 1_000])
      yield* start(1_000, 2_000)
      assert.deepStrictEqual(yield* counts(supervisor), [2_000, 2_000, 0, 2_000])
      for (const gate of stage.gates.values()) yield* Deferred.die(gate, "killed")
      yield* Stage.settle
      assert.deepStrictEqual(yield* counts(supervisor), [0, 0, 0, 0])
    }))

  it.effect("S28 count_restarting_children: children in a failing restart loop are held but not active", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const broken = new Set<string>()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 1_000, within: "1 hour" },
        backoff: Schedule.spaced("1 second"),
        children: ["a", "b", "c"].map((id) => flaky(stage, id, broken))
      })
      broken.add("a").add("b")
      yield* Stage.fail(stage, "a")
      yield* Stage.fail(stage, "b")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* counts(supervisor), [3, 1, 0, 3])
      broken.clear()
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* counts(supervisor), [3, 3, 0, 3])
      for (const [i, id] of ["a", "b", "c"].entries()) {
        yield* supervisor.terminateChild(id)
        assert.deepStrictEqual(yield* counts(supervisor), [3, 2 - i, 0, 3])
      }
    }))
})

describe("OTP supervisor: restart types", () => {
  /** How a child ends: OTP's normal, shutdown and abnormal. */
  const endings = {
    normal: Stage.end,
    shutdown: (stage: Stage.Stage, id: string) =>
      Effect.andThen(Deferred.interrupt(stage.gates.get(id)!), Stage.settle),
    abnormal: Stage.die
  }

  it.effect.each<[id: string, restart: RestartType, ending: keyof typeof endings, counts: ReadonlyArray<number>]>([
    ["S30 permanent_normal", "permanent", "normal", [1, 1, 0, 1]],
    ["S30 permanent_shutdown", "permanent", "shutdown", [1, 1, 0, 1]],
    ["S30 permanent_abnormal", "permanent", "abnormal", [1, 1, 0, 1]],
    ["S31 transient_normal", "transient", "normal", [1, 0, 0, 1]],
    ["S31 transient_shutdown", "transient", "shutdown", [1, 0, 0, 1]],
    ["S31 transient_abnormal", "transient", "abnormal", [1, 1, 0, 1]],
    ["S32 temporary_normal", "temporary", "normal", [0, 0, 0, 0]],
    ["S32 temporary_shutdown", "temporary", "shutdown", [0, 0, 0, 0]],
    ["S32 temporary_abnormal", "temporary", "abnormal", [0, 0, 0, 0]]
  ])("%s", ([, restart, ending, after]) =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([Stage.child(stage, "a", { restart })])
      yield* endings[ending](stage, "a")
      assert.deepStrictEqual(yield* counts(supervisor), after)
      assert.strictEqual(Stage.starts(stage, "a"), after[1] === 1 ? 2 : 1)
    }))

  it.effect("S34 external_start_no_progress_log: a start by hand is no restart, a restart is", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([])
      const events = yield* collect(supervisor)
      yield* supervisor.startChild(Stage.child(stage, "a"))
      yield* Stage.die(stage, "a")
      assert.deepStrictEqual(events.map((event) => event._tag), ["ChildStarted", "ChildEnded", "ChildRestarted"])
    }))

  it.effect("S57 do_not_save_child_specs_for_temporary_children: an id is free again after every kind of end", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([])
      const ends = [
        Stage.end,
        Stage.die,
        endings.shutdown,
        (_: Stage.Stage, id: string) => Effect.orDie(supervisor.terminateChild(id))
      ]
      for (const end of ends) {
        yield* supervisor.startChild(Stage.child(stage, "a", { restart: "temporary" }))
        yield* end(stage, "a")
        assert.deepStrictEqual(yield* counts(supervisor), [0, 0, 0, 0])
      }
    }))
})

describe("OTP supervisor: strategy and intensity", () => {
  it.effect("S35 multiple_restarts: four crashes 2.1 seconds apart are fine with one restart a second", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([Stage.child(stage, "a")], { restarts: 1, within: "1 second" })
      for (let crash = 1; crash <= 4; crash++) {
        yield* Stage.die(stage, "a")
        yield* TestClock.adjust("2100 millis")
        assert.deepStrictEqual(yield* counts(supervisor), [1, 1, 0, 1])
        assert.strictEqual(Stage.starts(stage, "a"), crash + 1)
      }
    }))

  it.effect("S36 one_for_one: only the crashed child changes; the third crash with intensity 2 ends the supervisor", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([Stage.child(stage, "a"), Stage.child(stage, "b")], {
        restarts: 2,
        within: "3600 seconds"
      })
      yield* Stage.die(stage, "a")
      assert.deepStrictEqual([Stage.starts(stage, "a"), Stage.starts(stage, "b")], [2, 1])
      yield* Stage.die(stage, "a")
      assert.deepStrictEqual(yield* counts(supervisor), [2, 2, 0, 2])
      yield* Stage.die(stage, "a")
      assert.strictEqual(limitOf(yield* supervisor.exit).child, "a")
      assert.deepStrictEqual(stage.log.slice(-2), ["-a", "-b"])
    }))

  it.effect("S37 one_for_one_escalation: failed restarts use up the intensity and take supervisor and sibling down", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const broken = new Set<string>()
      const supervisor = yield* oneForOne([flaky(stage, "a", broken), Stage.child(stage, "b")], {
        restarts: 4,
        within: "3600 seconds"
      })
      broken.add("a")
      yield* Stage.die(stage, "a")
      const limit = limitOf(yield* supervisor.exit)
      assert.deepStrictEqual([limit.child, Cause.squash(limit.cause)], ["a", "broken"])
      assert.strictEqual((yield* supervisor.child("a")).restarts, 4)
      assert.deepStrictEqual(stage.log, ["+a", "+b", "-a", "-b"])
    }))

  it.live("S58 scale_start_stop_many_children: ten times the children cost nothing like fifty times the time", () =>
    Effect.gen(function*() {
      const cost = Effect.fnUntraced(function*(children: number) {
        const started = performance.now()
        const supervisor = yield* oneForOne([])
        for (let i = 0; i < children; i++) yield* supervisor.startChild(Child.effect(String(i), Effect.never))
        yield* supervisor.stop
        return performance.now() - started
      })
      yield* cost(500)
      const few = yield* cost(500)
      const many = yield* cost(5_000)
      assert.isBelow(many, 50 * few)
    }))
})

describe("Elixir DynamicSupervisor", () => {
  it.effect("E02 child is restarted when trying again: a restart that failed is tried again until it works", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const broken = new Set<string>()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 2, within: "5 seconds" },
        backoff: Schedule.spaced("1 second"),
        children: [flaky(stage, "a", broken)]
      })
      broken.add("a")
      yield* Stage.die(stage, "a")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* supervisor.child("a")).status, "restarting")
      broken.clear()
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* counts(supervisor), [1, 1, 0, 1])
    }))

  it.effect("E02 child triggers maximum intensity when trying again: each failed attempt counts", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const broken = new Set<string>()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts: 2, within: "5 seconds" },
        backoff: Schedule.spaced("1 second"),
        children: [flaky(stage, "a", broken)]
      })
      broken.add("a")
      yield* Stage.die(stage, "a")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(limitOf(yield* supervisor.exit).restarts, 2)
    }))

  it.effect("E03 terminates with mixed children: each in its own way, in reverse", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* oneForOne([
        Stage.child(stage, "brutal", { shutdown: "brutalKill" }),
        Stage.child(stage, "endless", { shutdown: "infinity" }),
        deaf(stage, "expired", { shutdown: "1 second" }),
        Stage.child(stage, "timed", { shutdown: "1 second" })
      ])
      const events = yield* collect(supervisor)
      const stopping = yield* Effect.forkChild(supervisor.stop)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(stopping)
      yield* Stage.settle
      assert.deepStrictEqual(stops(events), [
        ["timed", "stopped"],
        ["expired", "abandoned"],
        ["endless", "stopped"],
        ["brutal", "stopped"]
      ])
      yield* Stage.end(stage, "expired")
    }))
})
