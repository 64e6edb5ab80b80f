/** Actors below a supervisor: it decides about their crashes, and their names, references and mailboxes stay. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorError, ActorSystem, Child, Supervisor } from "shared-nothing"
import { RestartLimitReached } from "../../src/supervisor/SupervisorError.ts"
import { settle } from "../contract/eventually.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const Account = Actor.make("Account", [
  Rpc.make("Put", { payload: { n: Schema.Int } }),
  Rpc.make("Sum", { success: Schema.Int }),
  Rpc.make("Incarnation", { success: Schema.Int }),
  Rpc.make("Refuse", { success: Schema.Int, error: Refused }),
  Rpc.make("Crash", { success: Schema.Int }),
  Rpc.make("Wait", { success: Schema.Int })
])

interface Stage {
  readonly log: Array<string>
  gate: Deferred.Deferred<void>
  /** What the next builds do. */
  readonly builds: Array<"fail" | "ignore">
}

const layerOf = (stage: Stage, options?: Actor.BehaviourOptions) =>
  Account.toLayer(
    Effect.gen(function*() {
      const { incarnation, key } = yield* Actor.CurrentActor
      const next = stage.builds.shift()
      if (next === "fail") return yield* Effect.fail("cannot be built")
      if (next === "ignore") return yield* Actor.ignore
      yield* Effect.acquireRelease(
        Effect.sync(() => stage.log.push(`+${key}`)),
        () => Effect.sync(() => stage.log.push(`-${key}`))
      )
      let sum = 0
      return Account.of({
        Put: ({ n }) => Effect.sync(() => void (sum += n)),
        Sum: () => Effect.sync(() => sum),
        Incarnation: () => Effect.succeed(incarnation),
        Refuse: () => Effect.fail(new Refused()),
        Crash: () => Effect.die("crash"),
        Wait: () => Effect.as(Deferred.await(stage.gate), 1)
      })
    }),
    options
  ).pipe(Layer.provideMerge(ActorSystem.layer))

const staged = <A, E>(
  body: (stage: Stage) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  options?: Actor.BehaviourOptions
) =>
  Effect.suspend(() => {
    const stage: Stage = { log: [], gate: Deferred.makeUnsafe(), builds: [] }
    return Effect.scoped(body(stage)).pipe(Effect.provide(layerOf(stage, options)))
  })

const A = Child.actor(Account, "a")
const B = Child.actor(Account, "b")
const C = Child.actor(Account, "c")
const defectOf = <T, E, R>(effect: Effect.Effect<T, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) ? Cause.squash(exit.cause) : assert.fail("succeeded"))
const forkNow = <T, E, R>(effect: Effect.Effect<T, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("an actor below a supervisor", () => {
  it.effect("keeps its name, its references and its mailbox over a restart that the supervisor decides", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make("s", {
          strategy: "one-for-one",
          backoff: Schedule.spaced("1 second"),
          children: [A]
        })
        const a = yield* supervisor.get(A)
        yield* a.tell.Put({ n: 1 })
        assert.strictEqual(yield* defectOf(a.ask.Crash()), "crash")
        assert.strictEqual((yield* supervisor.child("Account/a")).status, "restarting")
        yield* a.tell.Put({ n: 2 })
        assert.instanceOf(yield* defectOf(a.ask.Sum()), ActorError.ActorRestarting)
        assert.instanceOf(yield* defectOf(Account.spawn("a")), ActorError.NameTaken)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* a.ask.Sum(), 2)
        assert.strictEqual(yield* a.ask.Incarnation(), 2)
        assert.strictEqual((yield* supervisor.child("Account/a")).restarts, 1)
        yield* supervisor.stop
        assert.deepStrictEqual(stage.log, ["+a", "-a", "+a", "-a"])
        const stopped = yield* defectOf(a.tell.Put({ n: 3 }))
        assert.instanceOf(stopped, ActorError.ActorStopped)
        assert.deepStrictEqual(stopped.reason, { _tag: "Stopped", ended: "supervisor" })
        yield* Account.spawn("a")
      })
    ))

  it.effect("goes down and comes up with its siblings, one after the other, and loses only its state", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make("s", { strategy: "rest-for-one", children: [A, B, C] })
        const [a, b, c] = yield* Effect.all([supervisor.get(A), supervisor.get(B), supervisor.get(C)])
        yield* Effect.forEach([a, b, c], (ref) => ref.tell.Put({ n: 1 }))
        yield* settle
        yield* b.tell.Crash()
        yield* b.tell.Put({ n: 2 })
        yield* c.tell.Put({ n: 3 })
        yield* settle
        assert.deepStrictEqual(stage.log, ["+a", "+b", "+c", "-b", "-c", "+b", "+c"])
        assert.deepStrictEqual(yield* Effect.forEach([a, b, c], (ref) => ref.ask.Sum()), [1, 2, 3])
      })
    ))

  it.effect("finishes the message at hand before it goes down with a sibling, unless that takes too long", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make("s", {
          strategy: "one-for-all",
          children: [A, Child.actor(Account, "b", { shutdown: "2 seconds" })]
        })
        const a = yield* supervisor.get(A)
        const b = yield* supervisor.get(B)
        for (const patient of [true, false]) {
          stage.gate = Deferred.makeUnsafe()
          const waiting = yield* forkNow(Effect.exit(b.ask.Wait()))
          yield* settle
          yield* b.tell.Put({ n: 7 })
          const before = yield* a.ask.Incarnation()
          yield* a.tell.Crash()
          yield* settle
          if (patient) yield* Deferred.succeed(stage.gate, undefined)
          else yield* TestClock.adjust("2 seconds")
          yield* settle
          const exit = yield* Fiber.join(waiting)
          assert.strictEqual(Exit.isSuccess(exit), patient)
          if (Exit.isFailure(exit)) assert.include(String(Cause.squash(exit.cause)), "was restarted with its siblings")
          assert.strictEqual(yield* a.ask.Incarnation(), before + 1)
          assert.strictEqual(yield* b.ask.Sum(), 7)
        }
      })
    ))

  it.effect("shares the budget of its supervisor: one crash too many of all of them ends it, and all", () =>
    staged(() =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make("s", {
          strategy: "one-for-one",
          intensity: { restarts: 2, within: "1 minute" },
          children: [A, B]
        })
        const a = yield* supervisor.get(A)
        const b = yield* supervisor.get(B)
        for (const ref of [a, b, a]) {
          yield* ref.tell.Crash()
          yield* settle
        }
        const exit = yield* supervisor.exit
        assert.instanceOf(Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined, RestartLimitReached)
        assert.instanceOf(yield* defectOf(b.tell.Put({ n: 1 })), ActorError.ActorStopped)
      })
    ))

  it.effect("goes on after a declared error, and its behaviour may stop it or escalate", () =>
    Effect.gen(function*() {
      for (const directive of ["resume", "stop", "escalate"] as const) {
        yield* staged(() =>
          Effect.gen(function*() {
            const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [A, B] })
            const a = yield* supervisor.get(A)
            assert.instanceOf(yield* defectOf(a.ask.Refuse()), Refused)
            yield* settle
            const status = directive === "escalate"
              ? Exit.isFailure(yield* supervisor.exit)
              : (yield* supervisor.child("Account/a")).status
            assert.strictEqual(status, { resume: "running", stop: "stopped", escalate: true }[directive])
          }), { supervision: { decide: () => directive } })
      }
    }))

  it.effect("is tried again when it cannot be built, each attempt counted, and is gone when there is nothing to do", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [A] })
        const a = yield* supervisor.get(A)
        stage.builds.push("fail", "fail")
        yield* a.tell.Crash()
        yield* a.tell.Put({ n: 1 })
        yield* settle
        assert.strictEqual(yield* a.ask.Sum(), 1)
        assert.strictEqual((yield* supervisor.child("Account/a")).restarts, 3)
        const none = yield* Supervisor.dynamic("none")
        stage.builds.push("ignore")
        assert.isUndefined(yield* none.startChild(B))
        assert.strictEqual((yield* none.count).specs, 0)
      })
    ))

  it.effect("that is stopped in order handles what it has accepted", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [A] })
        const a = yield* supervisor.get(A)
        const waiting = yield* forkNow(a.ask.Wait())
        yield* settle
        const asked = yield* forkNow(a.ask.Sum())
        yield* a.tell.Put({ n: 1 })
        const stopping = yield* forkNow(supervisor.stop)
        yield* settle
        assert.instanceOf(yield* defectOf(a.tell.Put({ n: 2 })), ActorError.ActorStopped)
        yield* Deferred.succeed(stage.gate, undefined)
        yield* Fiber.join(stopping)
        assert.deepStrictEqual([yield* Fiber.join(waiting), yield* Fiber.join(asked)], [1, 0])
      })
    ))

  it.effect("that is down when its supervisor stops ends at once, and what waits in its mailbox is counted", () =>
    staged(() =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make("s", {
          strategy: "one-for-one",
          backoff: Schedule.spaced("1 hour"),
          children: [A]
        })
        const a = yield* supervisor.get(A)
        yield* a.tell.Crash()
        yield* settle
        yield* a.tell.Put({ n: 1 })
        yield* supervisor.stop
        assert.strictEqual(yield* ActorSystem.droppedMessages, 1)
        yield* Account.spawn("a")
      })
    ))

  it.effect("ends with its behaviour, and its supervisor sees to what follows from that", () =>
    Effect.gen(function*() {
      const stage: Stage = { log: [], gate: Deferred.makeUnsafe(), builds: [] }
      const { a, supervisor } = yield* Effect.gen(function*() {
        const dynamic = yield* Supervisor.dynamic("s")
        return { a: yield* dynamic.startChild(A), supervisor: dynamic }
      }).pipe(Effect.provide(layerOf(stage)))
      yield* settle
      assert.instanceOf(yield* defectOf(a.tell.Put({ n: 1 })), ActorError.ActorStopped)
      assert.isTrue(Exit.isFailure(yield* supervisor.exit))
    }))
})
