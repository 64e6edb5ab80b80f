/**
 * Scenarios of Erlang/OTP's supervisor about groups of children, significant children, dynamic supervisors and starts that
 * answer `ignore`, in our own words and code; origin and differences as in `erlangSupervisor.test.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Child from "../../src/supervisor/Child.ts"
import * as Supervisor from "../../src/supervisor/Supervisor.ts"
import { InvalidSupervision, RestartLimitReached, TooManyChildren } from "../../src/supervisor/SupervisorError.ts"
import * as Stage from "../supervisor/stage.ts"

type Handle = Supervisor.Supervisor["Service"]

const ids = ["e", "a", "d", "b", "c"] as const

const group = (
  stage: Stage.Stage,
  strategy: Child.Strategy,
  options?: { readonly restarts?: number; readonly child?: Record<string, Child.ChildOptions> }
) =>
  Supervisor.make("s", {
    strategy,
    intensity: { restarts: options?.restarts ?? 2, within: "1 hour" },
    children: ids.map((id) => Stage.child(stage, id, options?.child?.[id]))
  })

/** What the log says from now on. */
const since = (stage: Stage.Stage) => {
  const from = stage.log.length
  return () => stage.log.slice(from).join(" ")
}

const counts = (supervisor: Handle) =>
  Effect.map(supervisor.count, (count) => [count.specs, count.active, count.supervisors, count.workers])

const hasGivenUp = (exit: Exit.Exit<void, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof RestartLimitReached

/** A child whose start fails or finds nothing to do, while it is told to. */
const fickle = (stage: Stage.Stage, id: string, does: Map<string, "fail" | "ignore">, options?: Child.ChildOptions) =>
  Child.make(id, {
    ...options,
    start: Effect.suspend(() => {
      const now = does.get(id)
      if (now === "fail") return Effect.fail("broken")
      if (now === "ignore") return Effect.succeed<Child.Running>(Child.ignore)
      return Effect.map(
        Effect.acquireRelease(Stage.open(stage, id), () => Stage.close(stage, id)),
        (gate): Child.Running => ({ exit: Effect.exit(Deferred.await(gate)) })
      )
    })
  })

describe("OTP supervisor: groups", () => {
  it.effect("S18 order_of_children: the failure of the third takes down and brings up those from it on, in order", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* group(stage, "rest-for-one")
      assert.deepStrictEqual(stage.log, ["+e", "+a", "+d", "+b", "+c"])
      const log = since(stage)
      yield* Stage.fail(stage, "d")
      assert.strictEqual(log(), "-d -c -b +d +b +c")
      yield* supervisor.stop
      assert.strictEqual(log(), "-d -c -b +d +b +c -c -b -d -a -e")
      assert.strictEqual(stage.most, 1)
    }))

  it.effect("S33 temporary_bystander: one that goes down with a sibling is gone, and costs no restart", () =>
    Effect.gen(function*() {
      for (const strategy of ["one-for-all", "rest-for-one"] as const) {
        const stage = Stage.make()
        const supervisor = yield* group(stage, strategy, { restarts: 1, child: { b: { restart: "temporary" } } })
        yield* Stage.fail(stage, "a")
        assert.deepStrictEqual(yield* counts(supervisor), [4, 4, 0, 4], strategy)
        assert.strictEqual(Stage.starts(stage, "b"), 1)
        assert.strictEqual(Stage.starts(stage, "c"), 2)
      }
    }))

  it.effect("S38 one_for_all: all are replaced; the third crash with intensity 2 ends the supervisor", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* group(stage, "one-for-all")
      const log = since(stage)
      yield* Stage.die(stage, "d")
      assert.strictEqual(log(), "-d -c -b -a -e +e +a +d +b +c")
      yield* Stage.die(stage, "c")
      assert.deepStrictEqual(ids.map((id) => Stage.starts(stage, id)), [3, 3, 3, 3, 3])
      const last = since(stage)
      yield* Stage.die(stage, "e")
      assert.strictEqual(last(), "-e -c -b -d -a")
      assert.isTrue(hasGivenUp(yield* supervisor.exit))
    }))

  it.effect("S39 one_for_all_escalation: a child that does not come up takes those down again that had, and uses up the intensity", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const does = new Map<string, "fail" | "ignore">()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        intensity: { restarts: 4, within: "1 hour" },
        children: [Stage.child(stage, "a"), fickle(stage, "b", does)]
      })
      does.set("b", "fail")
      const log = since(stage)
      yield* Stage.fail(stage, "b")
      assert.isTrue(hasGivenUp(yield* supervisor.exit))
      assert.strictEqual(log(), "-b -a +a -a +a -a +a -a +a -a")
    }))

  it.effect("S41 rest_for_one: what was started before stays; the third crash with intensity 2 ends the supervisor", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* group(stage, "rest-for-one")
      yield* Stage.die(stage, "a")
      yield* Stage.end(stage, "c")
      assert.deepStrictEqual(ids.map((id) => Stage.starts(stage, id)), [1, 2, 2, 2, 3])
      yield* Stage.die(stage, "b")
      assert.isTrue(hasGivenUp(yield* supervisor.exit))
      assert.deepStrictEqual(ids.map((id) => stage.up.get(id)), [0, 0, 0, 0, 0])
    }))

  it.effect("S42 rest_for_one_escalation: of those that come up again the earlier ones stay up while a later one is tried", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const does = new Map<string, "fail" | "ignore">()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "rest-for-one",
        intensity: { restarts: 4, within: "1 hour" },
        children: [Stage.child(stage, "a"), Stage.child(stage, "b"), fickle(stage, "c", does)]
      })
      does.set("c", "fail")
      const log = since(stage)
      yield* Stage.fail(stage, "b")
      assert.isTrue(hasGivenUp(yield* supervisor.exit))
      assert.strictEqual(log(), "-b -c +b -b -a")
    }))
})

describe("OTP supervisor: ignore", () => {
  it.effect("S03 sup_start_ignore_child: the spec of a child with nothing to do is kept, and its siblings start", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const does = new Map<string, "fail" | "ignore">([["a", "ignore"]])
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [fickle(stage, "a", does), fickle(stage, "b", does)]
      })
      assert.deepStrictEqual(yield* counts(supervisor), [2, 1, 0, 2])
      does.delete("a")
      yield* supervisor.restartChild("a")
      assert.deepStrictEqual(yield* counts(supervisor), [2, 2, 0, 2])
    }))

  it.effect("S04 sup_start_ignore_temporary_child: the spec of a temporary one is not kept", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const does = new Map<string, "fail" | "ignore">([["a", "ignore"], ["b", "ignore"]])
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [fickle(stage, "a", does, { restart: "temporary" })]
      })
      yield* supervisor.startChild(fickle(stage, "b", does, { restart: "temporary" }))
      yield* Stage.settle
      assert.deepStrictEqual(yield* counts(supervisor), [0, 0, 0, 0])
    }))

  it.effect("S05 sup_start_ignore_permanent_child_start_child_simple: a dynamic supervisor keeps none that had nothing to do", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const does = new Map<string, "fail" | "ignore">([["a", "ignore"]])
      const supervisor = yield* Supervisor.dynamic("s")
      yield* supervisor.startChild(fickle(stage, "a", does))
      yield* Stage.settle
      assert.deepStrictEqual(yield* counts(supervisor), [0, 0, 0, 0])
      yield* supervisor.stop
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
    }))

  it.effect("S45 simple_one_for_one_restart_ignore: a child that finds nothing to do when it is restarted disappears", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const does = new Map<string, "fail" | "ignore">()
      const supervisor = yield* Supervisor.dynamic("s")
      yield* supervisor.startChild(fickle(stage, "a", does))
      yield* supervisor.startChild(fickle(stage, "b", does))
      does.set("a", "ignore")
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual((yield* supervisor.children).map(({ id, status }) => [id, status]), [["b", "running"]])
    }))
})

describe("OTP supervisor: significant children", () => {
  const trees = (stage: Stage.Stage, autoShutdown: Child.AutoShutdown, restart: "transient" | "temporary") =>
    Supervisor.make("s", {
      strategy: "one-for-one",
      autoShutdown,
      children: [
        Stage.child(stage, "a", { restart, significant: true }),
        Stage.child(stage, "b", { restart, significant: true }),
        Stage.child(stage, "c", { restart })
      ]
    })

  it.effect("S49 nonsignificant_temporary: the end of one that is not significant ends nothing", () =>
    Effect.gen(function*() {
      for (const mode of ["anySignificant", "allSignificant"] as const) {
        for (const restart of ["transient", "temporary"] as const) {
          for (const how of [Stage.end, Stage.fail, Stage.die, "terminate"] as const) {
            const stage = Stage.make()
            const supervisor = yield* trees(stage, mode, restart)
            yield* how === "terminate" ? supervisor.terminateChild("c") : how(stage, "c")
            assert.strictEqual((yield* supervisor.tree).status, "running")
            assert.deepStrictEqual([Stage.starts(stage, "a"), Stage.starts(stage, "b")], [1, 1])
          }
        }
      }
    }))

  it.effect("S50 significant_temporary: any end of one, or of the last, ends the supervisor normally; terminating one does not", () =>
    Effect.gen(function*() {
      for (const how of [Stage.end, Stage.fail, Stage.die]) {
        const stage = Stage.make()
        const any = yield* trees(stage, "anySignificant", "temporary")
        yield* how(stage, "a")
        assert.deepStrictEqual(yield* any.exit, Exit.void)
        assert.deepStrictEqual(stage.log.slice(-3), ["-a", "-c", "-b"])
      }
      const stage = Stage.make()
      const all = yield* trees(stage, "allSignificant", "temporary")
      yield* Stage.end(stage, "b")
      assert.strictEqual((yield* all.tree).status, "running")
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual(yield* all.exit, Exit.void)
      const other = Stage.make()
      const terminated = yield* trees(other, "anySignificant", "temporary")
      yield* terminated.terminateChild("a")
      assert.strictEqual((yield* terminated.tree).status, "running")
    }))

  it.effect("S51 significant_transient: an abnormal end is a restart, a normal one ends the supervisor", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* trees(stage, "anySignificant", "transient")
      yield* Stage.fail(stage, "a")
      assert.strictEqual(Stage.starts(stage, "a"), 2)
      yield* Stage.die(stage, "a")
      assert.strictEqual(Stage.starts(stage, "a"), 3)
      yield* Stage.end(stage, "a")
      assert.deepStrictEqual(yield* supervisor.exit, Exit.void)
    }))

  it.effect("S52 significant_simple: a dynamic supervisor takes no significant child", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.dynamic("s")
      const error = yield* Effect.flip(
        supervisor.startChild(Stage.child(stage, "a", { restart: "temporary", significant: true }))
      )
      assert.instanceOf(error, InvalidSupervision)
      assert.deepStrictEqual(stage.log, [])
    }))

  it.effect("S53 significant_bystander: one that goes down because of a sibling ends nothing", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        autoShutdown: "anySignificant",
        children: [
          Stage.child(stage, "a"),
          Stage.child(stage, "b", { restart: "transient", significant: true }),
          Stage.child(stage, "c", { restart: "temporary", significant: true })
        ]
      })
      yield* Stage.fail(stage, "a")
      assert.deepStrictEqual((yield* supervisor.children).map(({ id, status }) => [id, status]), [
        ["a", "running"],
        ["b", "running"]
      ])
    }))

  it.effect("is seen by a parent as a normal end: a transient supervisor stays down", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const parent = yield* Supervisor.make("p", {
        strategy: "one-for-one",
        children: [
          Child.supervisor("job", {
            strategy: "one-for-one",
            autoShutdown: "allSignificant",
            children: [Stage.child(stage, "a", { restart: "transient", significant: true }), Stage.child(stage, "log")]
          }, { restart: "transient" })
        ]
      })
      yield* Stage.end(stage, "a")
      assert.strictEqual((yield* parent.child("job")).status, "stopped")
      assert.deepStrictEqual(stage.log, ["+a", "+log", "-a", "-log"])
    }))
})

describe("Elixir DynamicSupervisor and PartitionSupervisor", () => {
  it.effect("E01 with max_children: as many as allowed, those that restart counted", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const supervisor = yield* Supervisor.dynamic("s", { maxChildren: 1, backoff: Schedule.spaced("1 second") })
      yield* supervisor.startChild(Stage.child(stage, "a"))
      const full = yield* Effect.flip(supervisor.startChild(Stage.child(stage, "b")))
      assert.instanceOf(full, TooManyChildren)
      assert.strictEqual(full.maxChildren, 1)
      yield* Stage.fail(stage, "a")
      assert.strictEqual((yield* supervisor.child("a")).status, "restarting")
      assert.instanceOf(yield* Effect.flip(supervisor.startChild(Stage.child(stage, "b"))), TooManyChildren)
      yield* TestClock.adjust("1 second")
      yield* supervisor.terminateChild("a")
      yield* supervisor.startChild(Stage.child(stage, "b"))
      assert.deepStrictEqual(yield* counts(supervisor), [1, 1, 0, 1])
    }))

  it.effect("E05 partitions: a key always has the same one, whole numbers go round, and each is a dynamic supervisor", () =>
    Effect.gen(function*() {
      const stage = Stage.make()
      const Sessions = Child.partitioned("sessions", { partitions: 4, maxChildren: 1 })
      const top = yield* Supervisor.make("top", { strategy: "one-for-one", children: [Sessions] })
      const sessions = yield* top.get(Sessions)
      const names = yield* Effect.forEach(
        [0, 1, 2, 3, 4, -5],
        (key) => Effect.map(Supervisor.partition(sessions, key), ({ name }) => name)
      )
      assert.deepStrictEqual(names, ["0", "1", "2", "3", "0", "1"])
      const ofKey = yield* Supervisor.partition(sessions, "alice")
      assert.strictEqual(yield* Supervisor.partition(sessions, "alice"), ofKey)
      yield* ofKey.startChild(Stage.child(stage, "alice"))
      assert.instanceOf(yield* Effect.flip(ofKey.startChild(Stage.child(stage, "bob"))), TooManyChildren)
      yield* top.stop
      assert.deepStrictEqual(stage.log, ["+alice", "-alice"])
    }))
})
