/**
 * Scenarios of supervisors that `erlangSupervisor.test.ts` and `erlangStrategies.test.ts` have for one kind of supervisor, for the others;
 * and what stands here in the place of callback modules, code change, log formats and registered names. Origin as there.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorSystem } from "shared-nothing"
import * as Child from "../../src/supervisor/Child.ts"
import * as Supervisor from "../../src/supervisor/Supervisor.ts"
import { InvalidSupervision, RestartLimitReached, TooManyChildren } from "../../src/supervisor/SupervisorError.ts"
import { settle } from "../contract/eventually.ts"
import * as Stage from "../supervisor/stage.ts"

type Handle = Supervisor.Supervisor["Service"]

const counts = (supervisor: Handle) =>
  Effect.map(supervisor.count, (count) => [count.specs, count.active, count.supervisors, count.workers])

const tagOf = <R>(effect: Effect.Effect<unknown, { readonly _tag: string }, R>): Effect.Effect<string, never, R> =>
  Effect.match(effect, { onFailure: (error) => error._tag, onSuccess: () => "ok" })

/** A dynamic supervisor with these children. */
const dynamicOf = (children: ReadonlyArray<Child.ChildSpec>, options?: Child.DynamicOptions) =>
  Effect.tap(
    Supervisor.dynamic("s", options),
    (supervisor) => Effect.forEach(children, (child) => supervisor.startChild(child), { discard: true })
  )

/** A child that is asked to stop, and does what it is given then. */
const asked = (
  id: string,
  options: Child.ChildOptions,
  stop: (end: Effect.Effect<boolean>) => Effect.Effect<unknown>
) =>
  Child.make(id, {
    ...options,
    start: Effect.map(Deferred.make<void>(), (gate): Child.Running => ({
      exit: Effect.exit(Deferred.await(gate)),
      stop: Effect.asVoid(stop(Deferred.succeed(gate, undefined)))
    }))
  })

describe("OTP supervisor: dynamic supervisors", () => {
  it.effect("S14 sup_stop_timeout_dynamic: one that ignores its stop is given up on at its time, the others are not", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const deaf = asked("deaf", { shutdown: "1 second" }, () => Effect.never)
      const supervisor = yield* dynamicOf([Stage.child(stage, "a", { shutdown: "1 second" }), deaf])
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true })
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(stopping.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(stopping.pollUnsafe(), Exit.void)
      assert.deepStrictEqual(stage.log, ["+a", "-a"])
    }))

  it.effect("S15 sup_stop_brutal_kill_dynamic: ten that are killed are not asked, and the others are", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const child = (id: string, shutdown: Child.Shutdown) =>
        asked(id, { shutdown }, (end) => Effect.andThen(Effect.sync(() => told.push(id)), end))
      const brutal = Array.from({ length: 10 }, (_, i) => child(`b${i}`, "brutalKill"))
      const supervisor = yield* dynamicOf([...brutal, child("a", "1 second"), child("c", "1 second")])
      yield* supervisor.stop
      assert.deepStrictEqual(told.toSorted(), ["a", "c"])
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
    }))

  it.effect("S17 sup_stop_non_shutdown_exit_dynamic: those that answer their stop with a failure do not disturb it", () =>
    Effect.gen(function*() {
      const spiteful = (id: string) =>
        Child.effect(id, Effect.onInterrupt(Effect.never, () => Effect.die("how dare you")))
      const supervisor = yield* dynamicOf([spiteful("a"), spiteful("b"), spiteful("c")])
      yield* supervisor.stop
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
    }))

  it.effect("S22 child_adm_simple: children have ids here too; one that is terminated is gone, and its id is free", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* dynamicOf([Stage.child(stage, "a"), Stage.child(stage, "b")])
      yield* supervisor.terminateChild("a")
      assert.deepStrictEqual(yield* counts(supervisor), [1, 1, 0, 1])
      for (const operation of [supervisor.terminateChild, supervisor.restartChild, supervisor.deleteChild]) {
        assert.strictEqual(yield* tagOf(operation("a")), "ChildNotFound")
      }
      yield* supervisor.startChild(Stage.child(stage, "a"))
      assert.deepStrictEqual(stage.log, ["+a", "+b", "-a", "+a"])
    }))

  it.effect("S27 count_children_supervisor: a thousand supervisors are counted as such", () =>
    Effect.gen(function*() {
      const supervisor = yield* dynamicOf(Array.from({ length: 1_000 }, (_, i) => Child.dynamic(`s${i}`)))
      assert.deepStrictEqual(yield* counts(supervisor), [1_000, 1_000, 1_000, 0])
    }))

  it.effect("S44 simple_one_for_one: each is restarted for itself; one restart too many ends them all", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const children = ["a", "b", "c"].map((id) => Stage.child(stage, id))
      const supervisor = yield* dynamicOf(children, { intensity: { restarts: 2, within: "1 hour" } })
      yield* Stage.die(stage, "b")
      yield* Stage.fail(stage, "b")
      assert.deepStrictEqual(["a", "b", "c"].map((id) => Stage.starts(stage, id)), [1, 3, 1])
      yield* Stage.die(stage, "a")
      const exit = yield* supervisor.exit
      assert.instanceOf(Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined, RestartLimitReached)
      assert.deepStrictEqual(["a", "b", "c"].map((id) => stage.up.get(id)), [0, 0, 0])
    }))

  it.effect("E01 restarting on init counted in max_children: a child whose restart fails keeps its place", () =>
    Effect.gen(function*() {
      let starts = 0
      const gate = yield* Deferred.make<void>()
      const failing = Child.make("a", {
        start: Effect.suspend(() =>
          starts++ === 0
            ? Effect.succeed<Child.Running>({ exit: Effect.exit(Deferred.await(gate)) })
            : Effect.fail("broken")
        )
      })
      const supervisor = yield* dynamicOf([failing], {
        maxChildren: 1,
        intensity: { restarts: 1_000, within: "1 hour" },
        backoff: Schedule.spaced("1 second")
      })
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("10 seconds")
      assert.isAbove(starts, 5)
      assert.instanceOf(yield* Effect.flip(supervisor.startChild(Child.effect("b", Effect.never))), TooManyChildren)
      yield* supervisor.terminateChild("a")
      yield* supervisor.startChild(Child.effect("b", Effect.never))
    }))

  it("E05 raises on bad partitions: their number, and options of one that make no sense, are refused by name", () => {
    for (const partitions of [0, -1, 1.5, NaN, 1_025]) {
      assert.throws(() => Child.partitioned("p", { partitions }), InvalidSupervision, "partitions")
    }
    assert.throws(() => Child.partitioned("p", { partitions: 2, maxChildren: -1 }), InvalidSupervision, "maxChildren")
  })
})

describe("OTP supervisor: what is changed while it runs", () => {
  it.effect("S29 get_callback_module: what a child was made from is there to look at, a supervisor too", () =>
    Effect.gen(function*() {
      const inner = Child.supervisor("inner", { strategy: "one-for-one" })
      const top = yield* Supervisor.make("top", { strategy: "one-for-one", children: [inner] })
      assert.strictEqual(yield* top.spec("inner"), inner)
      assert.strictEqual((yield* top.child("inner")).kind, "supervisor")
      assert.strictEqual(yield* tagOf(top.spec("other")), "ChildNotFound")
    }))

  it.effect("S55 S59 significant_upgrade, code_change: a changed spec takes the place of the old one, a wrong one leaves it", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const significant = (id: string) => Stage.child(stage, id, { restart: "transient", significant: true })
      const job = (autoShutdown: Child.AutoShutdown) =>
        Child.supervisor("job", {
          strategy: "one-for-one",
          autoShutdown,
          children: [significant("a"), significant("b")]
        }, { restart: "transient" })
      const top = yield* Supervisor.make("top", {
        strategy: "one-for-one",
        children: [Stage.child(stage, "other"), job("anySignificant")]
      })
      assert.throws(() => job("never"), InvalidSupervision, "autoShutdown")
      assert.strictEqual((yield* top.child("job")).status, "running")
      yield* top.terminateChild("job")
      yield* top.deleteChild("job")
      yield* top.startChild(job("allSignificant"))
      yield* Stage.end(stage, "a")
      assert.strictEqual((yield* top.child("job")).status, "running")
      yield* Stage.end(stage, "b")
      assert.strictEqual((yield* top.child("job")).status, "stopped")
      assert.deepStrictEqual(stage.log, ["+other", "+a", "+b", "-b", "-a", "+a", "+b", "-a", "-b"])
    }))
})

const Named = Actor.make("Named", [
  Rpc.make("Crash"),
  Rpc.make("Incarnation", { success: Schema.Int })
])

const NamedLive = Named.toLayer(Effect.gen(function*() {
  const { incarnation } = yield* Actor.CurrentActor
  return Named.of({ Crash: () => Effect.die("crash"), Incarnation: () => Effect.succeed(incarnation) })
})).pipe(Layer.provideMerge(ActorSystem.layer))

describe("OTP supervisor: registered names", () => {
  it.effect("S48 simple_global_supervisor: whoever ends, the replacement has the name; after the stop of the top it is free", () =>
    Effect.gen(function*() {
      const A = Child.actor(Named, "a")
      const Inner = Child.supervisor("inner", {
        strategy: "one-for-one",
        intensity: { restarts: 1, within: "1 hour" },
        children: [A]
      })
      const top = yield* Supervisor.make("top", { strategy: "one-for-one", children: [Inner] })
      const isTaken = Effect.map(tagOf(Effect.scoped(Named.spawn("a"))), (tag) => tag === "NameTaken")
      const current = Effect.flatMap(top.get(Inner), (inner) => inner.get(A))
      // The worker.
      yield* (yield* current).tell.Crash()
      yield* settle
      assert.strictEqual(yield* (yield* current).ask.Incarnation(), 2)
      assert.isTrue(yield* isTaken)
      // Its supervisor, which gives up.
      yield* (yield* current).tell.Crash()
      yield* settle
      assert.strictEqual((yield* top.child("inner")).restarts, 1)
      yield* (yield* current).ask.Incarnation()
      assert.isTrue(yield* isTaken)
      // By hand.
      const inner = yield* top.get(Inner)
      yield* inner.terminateChild("Named/a")
      yield* inner.restartChild("Named/a")
      yield* (yield* current).ask.Incarnation()
      assert.isTrue(yield* isTaken)
      yield* top.stop
      assert.isFalse(yield* isTaken)
    }).pipe(Effect.scoped, Effect.provide(NamedLive)))
})
