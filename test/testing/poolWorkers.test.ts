/** Jobs for one worker of a pool: nobody else runs them, and they keep their order whatever happens to it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Actor, ActorSystem, Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { begun, begunOn, Routed, RoutedLive, starts } from "../fixtures/routed.ts"
import { poolOf, simulated } from "../support/pooled.ts"

const forever = { timeout: "Infinity" } as const

const run = simulated(() => PoolThread.launch(RoutedLive))

const pooled = (
  name: string,
  body: (routed: Actor.Ref<typeof Routed>) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options?: Partial<Pool.PoolOptions>
) =>
  run(name, () =>
    Effect.gen(function*() {
      begun.length = 0
      starts.clear()
      const routed = yield* poolOf(Routed, options)
      yield* body(routed)
      while ((yield* routed.depth) > 0) yield* Effect.sleep(1)
      for (const worker of Pool.workers(routed)) assert.strictEqual(yield* worker.depth, 0)
    }))

// What its handlers find that use the pool is not there without one.
const Local = Layer.provideMerge(RoutedLive as Layer.Layer<never, never, ActorSystem.ActorSystem>, ActorSystem.layer)

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

describe("jobs for one worker", () => {
  pooled("run there and nowhere else", (routed) =>
    Effect.gen(function*() {
      const workers = Pool.workers(routed)
      assert.strictEqual(workers.length, 3)
      const all = yield* Effect.forEach(numbers(30), (n) => workers[n % 3]!.ask.Who(), { concurrency: "unbounded" })
      assert.deepStrictEqual(all, numbers(30).map((n) => `worker-${n % 3}`))
      // Others have nothing to do, and leave them alone.
      const busy = yield* Effect.forEach(numbers(5), (n) => workers[1]!.ask.Put({ n, millis: 5 }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(busy, numbers(5).map(() => "worker-1"))
    }), { threads: 3 })

  pooled("begin in the order of their sender, beside those of anybody", (routed) =>
    Effect.gen(function*() {
      const [first, second] = Pool.workers(routed)
      for (const n of numbers(20)) {
        yield* first!.tell.Put({ n, millis: n % 3 })
        yield* routed.tell.Once({ n: 100 + n, millis: n % 2 })
        if (n % 4 === 0) yield* second!.tell.Put({ n: 200 + n, millis: 0 })
      }
      yield* first!.ask.Who(forever)
      yield* second!.ask.Who(forever)
      const on = (worker: string, from: number) => begunOn(worker).filter((n) => n >= from && n < from + 100)
      assert.deepStrictEqual(on("worker-0", 0), numbers(20))
      assert.deepStrictEqual(on("worker-1", 200), [200, 204, 208, 212, 216])
    }))

  pooled("of senders inside of jobs come too, in the order of each", (routed) =>
    Effect.gen(function*() {
      const workers = Pool.workers(routed)
      yield* Effect.forEach(workers, (worker, i) => worker.ask.Pass({ to: 0, first: 100 * i, count: 10 }, forever), {
        concurrency: "unbounded"
      })
      while ((yield* workers[0]!.depth) > 0) yield* Effect.sleep(1)
      for (const from of [0, 100]) {
        assert.deepStrictEqual(
          begunOn("worker-0").filter((n) => n >= from && n < from + 100),
          numbers(10).map((n) => from + n)
        )
      }
      assert.strictEqual(begunOn("worker-1").length, 0)
    }))

  for (const threads of [1, 2]) {
    pooled(`that wait for each other end, deeper than ${threads} workers`, (routed) =>
      Effect.gen(function*() {
        const several = Effect.forEach([9, 10, 11], (depth) => routed.ask.Bounce({ depth }, forever), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(yield* several, [9, 10, 11])
        // More than wait anywhere else.
        assert.strictEqual(yield* routed.ask.Bounce({ depth: 150 }, forever), 150)
      }), { threads })
  }

  pooled("that nobody waits for any more are not begun", (routed) =>
    Effect.gen(function*() {
      const [worker] = Pool.workers(routed)
      const first = yield* Effect.forkChild(worker!.ask.Put({ n: 0, millis: 100 }))
      yield* Effect.sleep(20)
      const gone = yield* Effect.forkChild(worker!.ask.Put({ n: 1, millis: 0 }))
      const late = yield* Effect.forkChild(Effect.flip(worker!.ask.Put({ n: 2, millis: 0 }, { timeout: "30 millis" })))
      const last = yield* Effect.forkChild(worker!.ask.Put({ n: 3, millis: 0 }))
      yield* Effect.sleep(10)
      assert.strictEqual(yield* worker!.depth, 4)
      yield* Fiber.interrupt(gone)
      assert.strictEqual((yield* Fiber.join(late))._tag, "AskTimeout")
      yield* Fiber.joinAll([first, last])
      assert.deepStrictEqual(begunOn("worker-0"), [0, 3])
    }))

  pooled("wait for room in their order", (routed) =>
    Effect.gen(function*() {
      const [worker, other] = Pool.workers(routed)
      const all = yield* Effect.forEach(numbers(20), (n) =>
        (n % 5 === 4 ? other : worker)!.ask.Put({ n, millis: 1 }, forever), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        all,
        numbers(20).map((n) =>
          n % 5 === 4 ? "worker-1" : "worker-0"
        )
      )
      assert.deepStrictEqual(begunOn("worker-0"), numbers(20).filter((n) => n % 5 !== 4))
      for (const n of numbers(10)) yield* worker!.tell.Put({ n: 100 + n, millis: 1 })
      yield* worker!.ask.Who(forever)
      assert.deepStrictEqual(begunOn("worker-0").filter((n) => n >= 100), numbers(10).map((n) => 100 + n))
    }), { queue: { capacity: 3 } })

  pooled("are refused when there is no room and nobody may wait", (routed) =>
    Effect.gen(function*() {
      const [worker] = Pool.workers(routed)
      const outcomes = yield* Effect.forEach(numbers(4), (n) => Effect.result(worker!.ask.Put({ n, millis: 1 })), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(outcomes.map((one) => one._tag === "Failure" ? one.failure._tag : "done"), [
        "done",
        "done",
        "MailboxFull",
        "MailboxFull"
      ])
    }), { queue: { capacity: 2, overflow: "fail" } })

  it.effect("of an actor are its own", () =>
    Effect.gen(function*() {
      const actor = yield* Routed.spawn("alone-0")
      const workers = Pool.workers(actor)
      assert.deepStrictEqual(yield* Effect.forEach(workers, (worker) => worker.ask.Who()), ["alone"])
    }).pipe(Effect.scoped, Effect.provide(Local)))
})

describe("a worker with jobs of its own that dies", () => {
  pooled(
    "leaves no number behind by which another one begins a job that is not for it",
    (routed) =>
      Effect.gen(function*() {
        const [first, second] = Pool.workers(routed)
        yield* first!.tell.Once({ n: 0, millis: 100 })
        const lost = yield* Effect.forkChild(Effect.flip(second!.ask.Once({ n: 1, millis: 600_000 }, forever)))
        yield* Effect.sleep(20)
        for (const n of numbers(6)) yield* routed.tell.Put({ n: 10 + n, millis: 1 })
        // These wait for the slots of those, whose numbers are there twice after the death.
        const placed = yield* Effect.forkChild(
          Effect.forEach(numbers(12), (n) => first!.ask.Put({ n: 100 + n, millis: 1 }, forever), {
            concurrency: "unbounded"
          })
        )
        yield* Effect.sleep(1)
        yield* Fault.kill("worker-1")
        assert.strictEqual((yield* Fiber.join(lost))._tag, "ThreadLost")
        assert.deepStrictEqual(yield* Fiber.join(placed), numbers(12).map(() => "worker-0"))
        assert.deepStrictEqual(begunOn("worker-0").filter((n) => n >= 100), numbers(12).map((n) => 100 + n))
      }),
    { queue: { capacity: 8 } }
  )

  pooled(
    "has them when it is back, and first what it had begun and may begin again",
    (routed) =>
      Effect.gen(function*() {
        const [worker] = Pool.workers(routed)
        const first = yield* Effect.forkChild(worker!.ask.Put({ n: 0, millis: 300 }, forever))
        yield* Effect.sleep(50)
        const behind = yield* Effect.forEach(
          [1, 2, 3],
          (n) => Effect.forkChild(worker!.ask.Put({ n, millis: 0 }, forever))
        )
        yield* Effect.sleep(1)
        yield* worker!.tell.Put({ n: 4, millis: 0 })
        yield* Fault.kill("worker-0")
        yield* worker!.tell.Put({ n: 5, millis: 0 })
        assert.strictEqual(yield* Fiber.join(first), "worker-0")
        assert.deepStrictEqual(yield* Fiber.joinAll(behind), ["worker-0", "worker-0", "worker-0"])
        yield* worker!.ask.Who(forever)
        assert.deepStrictEqual(begunOn("worker-0"), [0, 0, 1, 2, 3, 4, 5])
      })
  )

  pooled("loses what it had begun and may not begin again, and nothing behind it", (routed) =>
    Effect.gen(function*() {
      const [worker] = Pool.workers(routed)
      const first = yield* Effect.forkChild(Effect.flip(worker!.ask.Once({ n: 0, millis: 300 }, forever)))
      yield* Effect.sleep(50)
      const behind = yield* Effect.forEach([1, 2, 3], (n) =>
        Effect.forkChild(worker!.ask.Once({ n, millis: 5 }, forever)))
      yield* Effect.sleep(1)
      yield* Fault.kill("worker-0")
      assert.strictEqual((yield* Fiber.join(first))._tag, "ThreadLost")
      assert.deepStrictEqual(yield* Fiber.joinAll(behind), ["worker-0", "worker-0", "worker-0"])
      assert.deepStrictEqual(begunOn("worker-0"), [0, 1, 2, 3])
    }))

  pooled(
    "again and again, while others send to it from inside of jobs and may die too",
    (routed) =>
      Effect.gen(function*() {
        const [first, second] = Pool.workers(routed)
        const passing = yield* Effect.forkChild(
          Effect.forEach(numbers(6), (i) =>
            Effect.ignore(second!.ask.Pass({ to: 0, first: 100 + 10 * i, count: 10 }, forever)))
        )
        const outside = yield* Effect.forkChild(
          Effect.forEach(numbers(30), (n) =>
            first!.ask.Put({ n, millis: 2 }, forever))
        )
        for (const victim of ["worker-0", "worker-1", "worker-0", "worker-1"]) {
          yield* Effect.sleep(12)
          yield* Fault.kill(victim)
        }
        yield* Fiber.join(outside)
        yield* Fiber.join(passing)
        yield* first!.ask.Who(forever)
        while ((yield* first!.depth) > 0) yield* Effect.sleep(1)
        const seen = begunOn("worker-0")
        // What was begun again comes before what is behind it, so numbers never go back but to themselves.
        const own = seen.filter((n) => n < 100)
        assert.deepStrictEqual(own, own.slice().sort((a, b) => a - b))
        assert.deepStrictEqual(Array.from(new Set(own)), numbers(30))
        const passed = seen.filter((n) => n >= 100)
        assert.deepStrictEqual(passed, passed.slice().sort((a, b) => a - b))
      })
  )

  pooled("goes on with them when its actor dies", (routed) =>
    Effect.gen(function*() {
      const [worker] = Pool.workers(routed)
      const boom = yield* Effect.forkChild(Effect.exit(worker!.ask.Boom(forever)))
      const behind = yield* Effect.forEach(numbers(4), (n) =>
        Effect.forkChild(worker!.ask.Once({ n, millis: 1 }, forever)))
      assert.strictEqual((yield* Fiber.join(boom))._tag, "Failure")
      yield* Fiber.joinAll(behind)
      assert.deepStrictEqual(begunOn("worker-0"), numbers(4))
    }))
})

describe("the end of a pool", () => {
  run(
    "handles jobs of one worker that were accepted, and settles those that have no time",
    () =>
      Effect.gen(function*() {
        begun.length = 0
        const asked = yield* Effect.scoped(Effect.gen(function*() {
          const [worker] = Pool.workers(yield* poolOf(Routed, { shutdown: "100 millis" }))
          const asked = yield* Effect.forEach(
            numbers(5),
            (n) => Effect.forkDetach(Effect.result(worker!.ask.Put({ n, millis: 40 }, forever)))
          )
          yield* Effect.sleep(1)
          return asked
        }))
        const outcomes = yield* Effect.forEach(asked, (fiber) => Fiber.join(fiber))
        assert.deepStrictEqual(outcomes.map((one) => one._tag === "Failure" ? one.failure._tag : "done").slice(0, 2), [
          "done",
          "done"
        ])
        assert.strictEqual(outcomes[4]!._tag === "Failure" && outcomes[4]!.failure._tag, "ActorStopped")
      })
  )
})

describe("the workers of a pool that has ended", () => {
  run("have nothing to do any more", () =>
    Effect.gen(function*() {
      const workers = yield* Effect.scoped(Effect.gen(function*() {
        const routed = yield* poolOf(Routed, { shutdown: "brutalKill" })
        const workers = Pool.workers(routed)
        for (const n of numbers(4)) yield* workers[0]!.tell.Put({ n, millis: 600_000 })
        yield* Effect.sleep(20)
        assert.strictEqual(yield* workers[0]!.depth, 4)
        return workers
      }))
      for (const worker of workers) assert.strictEqual(yield* worker.depth, 0)
    }))
})

describe("a broadcast", () => {
  pooled(
    "reaches each worker once, also one that is being started again, and says what has become of it for each",
    (routed) =>
      Effect.gen(function*() {
        yield* Fault.kill("worker-1")
        // Nobody has heard of that yet.
        const all = yield* Pool.broadcast(routed, (worker, n) => worker.ask.Once({ n, millis: 1 }, forever))
        assert.deepStrictEqual(all.map((exit) => Exit.isSuccess(exit) && exit.value), [
          "worker-0",
          "worker-1",
          "worker-2"
        ])
        assert.deepStrictEqual(begun.map(({ n }) => n).sort((a, b) => a - b), [0, 1, 2])
        const some = yield* Pool.broadcast(routed, (worker, n) =>
          n === 0
            ? worker.ask.Boom(forever)
            : worker.ask.Once({ n, millis: n === 1 ? 500 : 1 }, { timeout: "100 millis" }))
        assert.deepStrictEqual(some.map(({ _tag }) => _tag), ["Failure", "Failure", "Success"])
        const thrown = yield* Pool.broadcast(routed, (worker, n) => {
          if (n === 1) {
            throw new Error("no")
          }
          return worker.ask.Who(forever)
        })
        assert.deepStrictEqual(thrown.map(({ _tag }) => _tag), ["Success", "Failure", "Success"])
      }),
    { threads: 3 }
  )
})

describe("a reload", () => {
  const strict = { threads: 3, intensity: { restarts: 0, within: "1 minute" } } as const

  pooled("starts each worker anew and loses no job", (routed) =>
    Effect.gen(function*() {
      const [first] = Pool.workers(routed)
      const old = yield* Pool.broadcast(routed, (worker) => worker.ask.Incarnation(forever))
      assert.deepStrictEqual(old.map((exit) => Exit.isSuccess(exit) && exit.value), [1, 1, 1])
      const asked = yield* Effect.forkChild(
        Effect.forEach(numbers(60), (n) => routed.ask.Once({ n, millis: n % 7 }, forever), {
          concurrency: 10
        })
      )
      const placed = yield* Effect.forkChild(
        Effect.forEach(numbers(30), (n) => first!.ask.Once({ n: 100 + n, millis: 2 }, forever), {
          concurrency: 5
        })
      )
      const nested = yield* Effect.forkChild(
        Effect.forEach(numbers(20), () => routed.ask.Bounce({ depth: 7 }, forever))
      )
      yield* Effect.sleep(5)
      yield* Pool.reload(routed)
      yield* Fiber.join(asked)
      yield* Fiber.join(nested)
      assert.deepStrictEqual(yield* Fiber.join(placed), numbers(30).map(() => "worker-0"))
      assert.deepStrictEqual(begunOn("worker-0").filter((n) => n >= 100), numbers(30).map((n) => 100 + n))
      assert.deepStrictEqual(begun.map(({ n }) => n).filter((n) => n < 100).sort((a, b) => a - b), numbers(60))
      const now = yield* Pool.broadcast(routed, (worker) => worker.ask.Incarnation(forever))
      assert.deepStrictEqual(now.map((exit) => Exit.isSuccess(exit) && exit.value), [2, 2, 2])
    }), strict)

  pooled("comes to its turn although there is always more to do", (routed) =>
    Effect.gen(function*() {
      const [worker] = Pool.workers(routed)
      const asked = yield* Effect.forkChild(
        Effect.forEach(numbers(40), (n) => worker!.ask.Once({ n, millis: n === 0 ? 5 : 10 }, forever), {
          concurrency: "unbounded"
        })
      )
      yield* Effect.sleep(2)
      yield* Pool.reload(routed)
      assert.isBelow(begun.length, 20)
      assert.strictEqual((yield* Fiber.join(asked)).length, 40)
    }), { ...strict, threads: 1, concurrency: 2 })

  pooled("waits for what runs, and can be given up", (routed) =>
    Effect.gen(function*() {
      const [first, second] = Pool.workers(routed)
      const long = yield* Effect.forkChild(first!.ask.Once({ n: 0, millis: 10_000 }, forever))
      yield* Effect.sleep(20)
      const reloading = yield* Effect.forkChild(Pool.reload(routed))
      yield* Effect.sleep(500)
      const behind = yield* Effect.forkChild(first!.ask.Incarnation(forever))
      yield* Effect.sleep(20)
      yield* Fiber.interrupt(reloading)
      yield* Fiber.join(long)
      assert.deepStrictEqual([yield* Fiber.join(behind), yield* second!.ask.Incarnation(forever)], [1, 1])
      // Two at once are one after the other.
      yield* Effect.all([Pool.reload(routed), Pool.reload(routed)], { concurrency: 2 })
      assert.deepStrictEqual([yield* first!.ask.Incarnation(forever), yield* second!.ask.Incarnation(forever)], [3, 3])
    }), strict)

  run("that is given up and begun again at once loses no job either", () =>
    Effect.gen(function*() {
      begun.length = 0
      const routed = yield* poolOf(Routed, { threads: 1, intensity: { restarts: 0, within: "1 minute" } })
      for (const n of numbers(2)) {
        const first = yield* Effect.forkChild(Pool.reload(routed), { startImmediately: true })
        const asking = yield* Effect.forkChild(routed.ask.Once({ n, millis: 6000 }, forever), {
          startImmediately: true
        })
        yield* Effect.sleep(n)
        yield* Fiber.interrupt(first)
        const second = yield* Effect.forkChild(Pool.reload(routed), { startImmediately: true })
        yield* Fiber.join(asking)
        yield* Fiber.join(second)
      }
    }), { faults: { portDelay: 2, lateWake: 10 } })

  pooled("has a worker that dies meanwhile for a new one", (routed) =>
    Effect.gen(function*() {
      const [first] = Pool.workers(routed)
      const lost = yield* Effect.forkChild(Effect.flip(first!.ask.Once({ n: 0, millis: 600_000 }, forever)))
      yield* Effect.sleep(20)
      const reloading = yield* Effect.forkChild(Pool.reload(routed))
      yield* Effect.sleep(50)
      yield* Fault.kill("worker-0")
      yield* Fiber.join(reloading)
      assert.strictEqual((yield* Fiber.join(lost))._tag, "ThreadLost")
      assert.strictEqual(yield* first!.ask.Incarnation(forever), 2)
    }))

  run("ends with its pool", () =>
    Effect.gen(function*() {
      const reloading = yield* Effect.scoped(Effect.gen(function*() {
        const routed = yield* poolOf(Routed, { shutdown: "100 millis" })
        yield* Effect.forkDetach(Effect.ignore(Pool.workers(routed)[0]!.ask.Once({ n: 0, millis: 600_000 }, forever)))
        yield* Effect.sleep(20)
        return yield* Effect.forkDetach(Pool.reload(routed), { startImmediately: true })
      }))
      yield* Fiber.join(reloading)
    }))

  it.effect("is for pools of this thread", () =>
    Effect.gen(function*() {
      const actor = yield* Routed.spawn("alone-0")
      assert.include(String(yield* Effect.exit(Pool.reload(actor))), "no pool that this thread has made")
    }).pipe(Effect.scoped, Effect.provide(Local)))
})
