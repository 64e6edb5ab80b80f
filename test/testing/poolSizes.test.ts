/** Sizes of a pool that change while it runs: nothing is lost or done twice, and keys keep their order. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Actor, ActorSystem, Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { hashOf, rendezvous } from "../../src/pool/internal/routing.ts"
import { begun, begunOn, broken, Routed, RoutedLive, starts } from "../fixtures/routed.ts"
import { noThread } from "../simulate/scenario.ts"
import { poolOf, simulated } from "../support/pooled.ts"

const forever = { timeout: "Infinity" } as const

const run = simulated(() => PoolThread.launch(RoutedLive))

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

const states = (pool: Actor.Ref<typeof Routed>) =>
  Effect.map(Pool.stats(pool), ({ workers }) => workers.map(({ state }) => state))

const pooled = (
  name: string,
  body: (routed: Actor.Ref<typeof Routed>) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options?: Partial<Pool.PoolOptions>
) =>
  run(name, () =>
    Effect.gen(function*() {
      begun.length = 0
      starts.clear()
      const routed = yield* poolOf(Routed, {
        threads: { min: 1, max: 4, adapt: false },
        intensity: { restarts: 0, within: "1 minute" },
        ...options
      })
      yield* body(routed)
      while ((yield* routed.depth) > 0) yield* Effect.sleep(1)
      for (const worker of Pool.workers(routed)) assert.strictEqual(yield* worker.depth, 0)
    }))

/** The numbers of a key in the order in which they were begun, which is that in which they were sent; answers where. */
const inOrder = (key: number, each: number): ReadonlyArray<string> => {
  const of = begun.filter(({ n }) => Math.floor(n / 1000) === key)
  const seen = of.map(({ n }) => n % 1000)
  assert.deepStrictEqual(seen, seen.slice().sort((a, b) => a - b))
  assert.deepStrictEqual(Array.from(new Set(seen)), numbers(each))
  return Array.from(new Set(of.map(({ worker }) => worker)))
}

/** No two of a key run at once, whoever has sent them. */
const watched = Effect.forever(Effect.gen(function*() {
  const now = begun.filter(({ ended }) => !ended).map(({ n }) => Math.floor(n / 1000))
  assert.strictEqual(new Set(now).size, now.length)
  yield* Effect.sleep(1)
}))

describe("a pool whose threads are a range", () => {
  pooled(
    "begins with as many as there are at least, and has as many as it is told",
    (routed) =>
      Effect.gen(function*() {
        assert.strictEqual(Pool.workers(routed).length, 1)
        assert.deepStrictEqual((yield* states(routed)).slice(1), ["vacant", "vacant", "vacant"])
        yield* Pool.resize(routed, 3)
        assert.strictEqual((yield* Pool.stats(routed)).size, 3)
        const three = yield* Effect.forEach(Pool.workers(routed), (worker) => worker.ask.Who(forever))
        assert.deepStrictEqual(three, ["worker-0", "worker-1", "worker-2"])
        // Those that came take what is for anybody.
        yield* Effect.forEach(numbers(3), (n) => routed.ask.Once({ n, millis: 50 }, forever), {
          concurrency: "unbounded"
        })
        assert.strictEqual(new Set(begun.map(({ worker }) => worker)).size, 3)
        yield* Pool.resize(routed, 2)
        assert.deepStrictEqual((yield* states(routed)).slice(2), ["vacant", "vacant"])
        assert.strictEqual(starts.get("worker-3"), undefined)
        yield* Pool.resize(routed, 2)
        yield* Pool.resize(routed, 4)
        assert.strictEqual((yield* Pool.stats(routed)).resizes, 3)
        const four = yield* Pool.broadcast(routed, (worker) => worker.ask.Incarnation(forever))
        assert.deepStrictEqual(four.map((exit) => Exit.isSuccess(exit) && exit.value), [1, 1, 2, 1])
      })
  )

  pooled("refuses what its range does not allow, with the number", (routed) =>
    Effect.gen(function*() {
      for (const threads of [0, 5, 1.5, Number.NaN, -1, "2" as never]) {
        const refused = yield* Effect.flip(Pool.resize(routed, threads))
        assert.strictEqual(refused._tag, "InvalidOptions")
        assert.include(refused.message, "an integer from 1 to 4")
        assert.include(refused.message, String(threads))
      }
      assert.strictEqual((yield* Pool.stats(routed)).size, 1)
    }))

  for (
    const [threads, option] of [
      [{ min: 0, max: 2 }, "threads.min"],
      [{ min: 3, max: 2 }, "threads.min"],
      [{ min: 1, max: 65 }, "threads.max"],
      [{ min: 1, max: -1 }, "threads.max"],
      [{ min: 1 }, "threads.max"],
      [{ min: 1.5, max: 2 }, "threads.min"],
      [{ min: 1, max: 2, idle: 0 }, "threads.idle"],
      [{ min: 1, max: 2, idle: "soon" }, "threads.idle"],
      [{ min: 1, max: 2, adapt: "no" }, "threads.adapt"],
      [{ min: 1, max: 2, adapt: { wait: -1 } }, "threads.adapt.wait"],
      [{ min: 1, max: 2, adapt: { cooldown: "never" } }, "threads.adapt.cooldown"],
      ["4", "threads"]
    ] as const
  ) {
    it.effect(`is not made of ${JSON.stringify(threads)}`, () =>
      Effect.gen(function*() {
        const refused = yield* Effect.flip(Pool.make(Routed, { spawn: noThread, threads: threads as never }))
        assert.strictEqual(refused._tag, "InvalidOptions")
        assert.include(refused.message, option)
      }).pipe(Effect.scoped))
  }

  it.effect("is one that this thread has made", () =>
    Effect.gen(function*() {
      const actor = yield* Routed.spawn("alone-0")
      assert.include(String(yield* Effect.exit(Pool.resize(actor, 1))), "no pool that this thread has made")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.provideMerge(RoutedLive as Layer.Layer<never, never, ActorSystem.ActorSystem>, ActorSystem.layer)
      )
    ))
})

describe("a worker that leaves", () => {
  pooled(
    "comes to the end of what it has, and others have what is sent from then on",
    (routed) =>
      Effect.gen(function*() {
        yield* Pool.resize(routed, 2)
        const [, second] = Pool.workers(routed)
        const long = yield* Effect.forkChild(second!.ask.Once({ n: 0, millis: 300 }, forever))
        yield* Effect.sleep(20)
        const behind = yield* Effect.forkChild(second!.ask.Once({ n: 1, millis: 1 }, forever))
        yield* Effect.sleep(1)
        const leaving = yield* Effect.forkChild(Pool.resize(routed, 1))
        yield* Effect.sleep(1)
        const refused = yield* Effect.flip(second!.ask.Once({ n: 2, millis: 1 }, forever))
        assert.strictEqual(refused._tag, "NotRouted")
        assert.include(refused.message, "worker-1")
        assert.strictEqual((yield* Effect.flip(routed.ask.At({ worker: 1 })))._tag, "NotRouted")
        assert.strictEqual((yield* Effect.flip(second!.tell.Once({ n: 3, millis: 1 })))._tag, "NotRouted")
        for (const n of numbers(6)) assert.strictEqual(yield* routed.ask.Once({ n: 10 + n, millis: 1 }), "worker-0")
        assert.isUndefined(leaving.pollUnsafe())
        assert.deepStrictEqual(yield* Fiber.joinAll([long, behind]), ["worker-1", "worker-1"])
        yield* Fiber.join(leaving)
        assert.deepStrictEqual(begunOn("worker-1"), [0, 1])
      })
  )

  pooled("does all that was sent to it before, however much that is", (routed) =>
    Effect.gen(function*() {
      yield* Pool.resize(routed, 2)
      const [, second] = Pool.workers(routed)
      const asked = yield* Effect.forEach(numbers(200), (n) =>
        Effect.forkChild(second!.ask.Once({ n, millis: 0 }, forever), { startImmediately: true }))
      yield* Pool.resize(routed, 1)
      yield* Fiber.joinAll(asked)
      assert.deepStrictEqual(begunOn("worker-1"), numbers(200))
    }))

  pooled("stays when it is wanted again before it has gone", (routed) =>
    Effect.gen(function*() {
      yield* Pool.resize(routed, 2)
      const [, second] = Pool.workers(routed)
      const long = yield* Effect.forkChild(second!.ask.Once({ n: 0, millis: 5000 }, forever))
      yield* Effect.sleep(20)
      const leaving = yield* Effect.forkChild(Pool.resize(routed, 1))
      yield* Effect.sleep(100)
      yield* Pool.resize(routed, 2)
      yield* Fiber.join(leaving)
      yield* Fiber.join(long)
      assert.strictEqual(yield* second!.ask.Incarnation(forever), 1)
    }))

  pooled(
    "leaves nothing of what its jobs have sent, also when others die that have it",
    (routed) =>
      Effect.gen(function*() {
        yield* Pool.resize(routed, 3)
        const [first, , third] = Pool.workers(routed)
        yield* first!.tell.Once({ n: 0, millis: 200 })
        yield* third!.ask.Pass({ to: 0, first: 100, count: 8 }, forever)
        yield* Pool.resize(routed, 1)
        assert.deepStrictEqual((yield* states(routed)).slice(1), ["vacant", "vacant", "vacant"])
        yield* Fault.kill("worker-0")
        while ((yield* first!.depth) > 0) yield* Effect.sleep(1)
        assert.deepStrictEqual(begunOn("worker-0").filter((n) => n >= 100), numbers(8).map((n) => 100 + n))
        // Those that came back have their rows again.
        yield* Pool.resize(routed, 3)
        yield* third!.ask.Pass({ to: 0, first: 200, count: 8 }, forever)
        yield* first!.ask.Who(forever)
        while ((yield* first!.depth) > 0) yield* Effect.sleep(1)
        assert.strictEqual(begunOn("worker-0").filter((n) => n >= 200).length, 8)
      }),
    { intensity: { restarts: 10, within: "1 minute" } }
  )

  pooled(
    "and dies loses what it had begun; the rest is done by others, and it does not come back",
    (routed) =>
      Effect.gen(function*() {
        yield* Pool.resize(routed, 4)
        const asked = yield* Effect.forEach(numbers(12), (n) =>
          Effect.forkChild(
            routed.ask.Step({ key: `k${n % 4}`, n: 1000 * (n % 4) + Math.floor(n / 4), millis: 40 }, forever)
          ))
        yield* Effect.sleep(10)
        const leaving = yield* Effect.forkChild(Pool.resize(routed, 1))
        yield* Effect.sleep(5)
        for (const worker of ["worker-1", "worker-2", "worker-3"]) yield* Fault.kill(worker)
        yield* Fiber.join(leaving)
        yield* Fiber.joinAll(asked)
        for (const one of numbers(4)) {
          inOrder(one, 3)
        }
        assert.deepStrictEqual((yield* states(routed)).slice(1), ["vacant", "vacant", "vacant"])
      })
  )
})

describe("keys of a pool whose size changes", () => {
  for (const tag of ["Step", "Sticky", "Remainder"] as const) {
    pooled(`(${tag}) keep their order, one at a time, and use all workers`, (routed) =>
      Effect.gen(function*() {
        const watching = yield* Effect.forkChild(watched)
        const clients = yield* Effect.forEach(numbers(8), (key) =>
          Effect.forkChild(Effect.forEach(numbers(40), (n) =>
            routed.ask[tag]({ key: `k${key}`, n: 1000 * key + n, millis: (n + key) % 3 }, forever), {
            concurrency: 5
          })))
        for (const size of [4, 2, 3, 1, 4]) {
          yield* Effect.sleep(4)
          yield* Pool.resize(routed, size)
        }
        yield* Fiber.joinAll(clients)
        yield* Fiber.interrupt(watching)
        const places = numbers(8).flatMap((key) =>
          inOrder(key, 40)
        )
        assert.strictEqual(begun.length, 320)
        // All keys came when there was one worker, and sticky ones stay.
        assert.strictEqual(new Set(places).size > 1, tag !== "Sticky")
      }), { concurrency: 3 })
  }

  pooled(
    "of several threads that send run one at a time, and in the order of each",
    (routed) =>
      Effect.gen(function*() {
        yield* Pool.resize(routed, 4)
        const watching = yield* Effect.forkChild(watched)
        const sending = yield* Effect.forEach(
          numbers(4),
          (from) => Effect.forkChild(Pool.workers(routed)[from]!.ask.Send({ key: "one", from, count: 30 }, forever))
        )
        for (const size of [1, 4, 2, 4]) {
          yield* Effect.sleep(6)
          yield* Pool.resize(routed, size)
        }
        yield* Fiber.joinAll(sending)
        while (
          begun.some(({ ended }) => !ended) || begun.length < 120
        ) yield* Effect.sleep(1)
        yield* Fiber.interrupt(watching)
        for (const from of numbers(4)) {
          const of = begun.map(({ n }) => n).filter((n) => Math.floor(n / 100) === from).map((n) => n % 100)
          assert.deepStrictEqual(of, numbers(30))
        }
      }),
    { concurrency: 3 }
  )

  pooled("wait while a job runs where the key was, whoever has sent that", (routed) =>
    Effect.gen(function*() {
      const key = numbers(100).map((n) => `k${n}`).find((one) => rendezvous(hashOf(one), { count: 2 }) === 1)!
      const other = yield* Pool.join(Routed)
      const first = yield* Effect.forkChild(routed.ask.Step({ key, n: 0, millis: 300 }, forever))
      yield* Effect.sleep(20)
      yield* Pool.resize(routed, 2)
      const second = yield* Effect.forkChild(other.ask.Step({ key, n: 1, millis: 1 }, forever))
      yield* Effect.sleep(100)
      assert.deepStrictEqual(begun.map(({ n }) => n), [0])
      // Others of that worker do not wait.
      assert.strictEqual(yield* Pool.workers(routed)[1]!.ask.Who(forever), "worker-1")
      assert.deepStrictEqual(yield* Fiber.joinAll([first, second]), ["worker-0", "worker-1"])
    }), { clients: 1 })

  pooled("are free when the worker dies that ran a job of them", (routed) =>
    Effect.gen(function*() {
      const key = numbers(100).map((n) => `k${n}`).find((one) => rendezvous(hashOf(one), { count: 2 }) === 1)!
      const other = yield* Pool.join(Routed)
      const lost = yield* Effect.forkChild(Effect.flip(routed.ask.Remainder({ key, n: 0, millis: 600_000 }, forever)))
      yield* Effect.sleep(20)
      yield* Pool.resize(routed, 2)
      const second = yield* Effect.forkChild(other.ask.Step({ key, n: 1, millis: 1 }, forever))
      yield* Effect.sleep(100)
      assert.deepStrictEqual(begun.map(({ n }) => n), [0])
      yield* Fault.kill("worker-0")
      assert.strictEqual((yield* Fiber.join(lost))._tag, "ThreadLost")
      assert.strictEqual(yield* Fiber.join(second), "worker-1")
      assert.strictEqual(yield* Pool.workers(routed)[0]!.ask.Who(forever), "worker-0")
    }), { clients: 1, intensity: { restarts: 10, within: "1 minute" } })

  pooled("that are sticky have another one when theirs has left, and stay there", (routed) =>
    Effect.gen(function*() {
      yield* Pool.resize(routed, 4)
      const at = () =>
        Effect.forEach(numbers(12), (key) => routed.ask.Sticky({ key: `s${key}`, n: 1000 * key, millis: 0 }, forever))
      const before = yield* at()
      assert.strictEqual(new Set(before).size, 4)
      yield* Pool.resize(routed, 2)
      const there = yield* at()
      for (const [i, worker] of before.entries()) {
        if (worker < "worker-2") assert.strictEqual(there[i], worker)
        else assert.isBelow(Number(there[i]!.slice(-1)), 2)
      }
      yield* Pool.resize(routed, 4)
      assert.deepStrictEqual(yield* at(), there)
    }))

  pooled(
    "by the highest random weight have another worker only where theirs has left or one has come",
    (routed) =>
      Effect.gen(function*() {
        yield* Pool.resize(routed, 4)
        const at = () =>
          Effect.forEach(numbers(30), (key) => routed.ask.Step({ key: `h${key}`, n: 1000 * key, millis: 0 }, forever))
        const four = yield* at()
        yield* Pool.resize(routed, 3)
        const three = yield* at()
        for (const [i, worker] of four.entries()) if (worker !== "worker-3") assert.strictEqual(three[i], worker)
        assert.isTrue(four.includes("worker-3") && !three.includes("worker-3"))
        yield* Pool.resize(routed, 4)
        assert.deepStrictEqual(yield* at(), four)
      })
  )
})

describe("a worker that does not come up", () => {
  pooled("fails the change of size, and the pool has those below it", (routed) =>
    Effect.gen(function*() {
      broken.add("worker-2")
      const failed = yield* Effect.flip(Pool.resize(routed, 4))
      assert.strictEqual(failed._tag, "ThreadSetupFailed")
      assert.strictEqual((yield* Pool.stats(routed)).size, 2)
      while ((yield* states(routed))[3] !== "vacant") yield* Effect.sleep(1)
      assert.strictEqual((yield* states(routed))[2], "vacant")
      yield* Effect.forEach(numbers(4), (n) => routed.ask.Once({ n, millis: 20 }, forever), {
        concurrency: "unbounded"
      })
      assert.strictEqual(new Set(begun.map(({ worker }) => worker)).size, 2)
      broken.clear()
      yield* Pool.resize(routed, 4)
      assert.strictEqual((yield* Pool.broadcast(routed, (worker) => worker.ask.Who(forever))).length, 4)
    }).pipe(Effect.ensuring(Effect.sync(() => broken.clear()))))
})

describe("a change of size", () => {
  pooled("that is given up leaves those that are up, and can be made again", (routed) =>
    Effect.gen(function*() {
      const coming = yield* Effect.forkChild(Pool.resize(routed, 4), { startImmediately: true })
      yield* Fiber.interrupt(coming)
      const { size } = yield* Pool.stats(routed)
      assert.strictEqual(Pool.workers(routed).length, size)
      yield* Pool.resize(routed, 4)
      const all = yield* Pool.broadcast(routed, (worker) => worker.ask.Who(forever))
      assert.isTrue(all.every(Exit.isSuccess))
      yield* Pool.workers(routed)[3]!.tell.Once({ n: 0, millis: 500 })
      yield* Effect.sleep(20)
      const leaving = yield* Effect.forkChild(Pool.resize(routed, 1), { startImmediately: true })
      yield* Effect.sleep(100)
      yield* Fiber.interrupt(leaving)
      assert.strictEqual((yield* Pool.stats(routed)).size, 1)
      while ((yield* states(routed)).slice(1).some((state) => state !== "vacant")) yield* Effect.sleep(1)
    }))

  run("ends with its pool", () =>
    Effect.gen(function*() {
      const resizing = yield* Effect.scoped(Effect.gen(function*() {
        const routed = yield* poolOf(Routed, { threads: { min: 1, max: 2, adapt: false }, shutdown: "100 millis" })
        yield* Pool.resize(routed, 2)
        yield* Effect.forkDetach(Effect.ignore(Pool.workers(routed)[1]!.ask.Once({ n: 0, millis: 600_000 }, forever)))
        yield* Effect.sleep(20)
        return yield* Effect.forkDetach(Pool.resize(routed, 1), { startImmediately: true })
      }))
      yield* Fiber.join(resizing)
    }))
})

type Sized = Pool.Resized | Pool.ResizeFailed

const sizesOf = (routed: Actor.Ref<typeof Routed>) =>
  Stream.filter(
    Pool.events(routed),
    (event): event is Sized => event._tag === "Resized" || event._tag === "ResizeFailed"
  )

describe("a pool that decides itself", () => {
  const said = (routed: Actor.Ref<typeof Routed>) =>
    Effect.gen(function*() {
      const events: Array<Sized> = []
      yield* Effect.forkScoped(
        Stream.runForEach(sizesOf(routed), (event) => Effect.sync(() => events.push(event))),
        { startImmediately: true }
      )
      return events
    })
  const threads = { min: 1, max: 4, idle: "2 seconds" } as const

  pooled(
    "has more workers while jobs wait, fewer when they have nothing to do, and says why",
    (routed) =>
      Effect.gen(function*() {
        const events = yield* said(routed)
        const asked = yield* Effect.forkChild(
          Effect.forEach(numbers(60), (n) => routed.ask.Once({ n, millis: 200 }), { concurrency: 12 })
        )
        while ((yield* Pool.stats(routed)).size < 4) yield* Effect.sleep(10)
        yield* Fiber.join(asked)
        assert.strictEqual(new Set(begun.map(({ worker }) => worker)).size, 4)
        const sizes = events.map((event) => event.to)
        assert.deepStrictEqual(sizes, [2, 3, 4])
        for (const event of events) {
          assert.isTrue(event._tag === "Resized" && event.why === "waiting")
          const { signal } = event as Pool.Resized
          assert.isAbove(signal!.waiting, 0)
          assert.isAtLeast(signal!.utilisation, 0.8)
          assert.strictEqual(signal!.size, event.from)
        }
        while ((yield* Pool.stats(routed)).size > 1) yield* Effect.sleep(10)
        assert.deepStrictEqual(events.slice(3).map(({ from, to }) => [from, to]), [[4, 3], [3, 2], [2, 1]])
        assert.isTrue(events.slice(3).every((event) => event._tag === "Resized" && event.why === "idle"))
        while ((yield* states(routed)).slice(1).some((state) => state !== "vacant")) yield* Effect.sleep(1)
      }),
    { threads }
  )

  pooled("loses nothing that comes while a worker leaves that had nothing to do", (routed) =>
    Effect.gen(function*() {
      yield* Pool.resize(routed, 4)
      let done = 0
      for (const n of numbers(200)) {
        // Just when one is about to go, and sometimes for that one.
        yield* Effect.sleep(n % 7 === 0 ? 110 : n % 3)
        yield* routed.ask.Step({ key: `k${n % 5}`, n, millis: 0 }, forever)
        const last = yield* Effect.result(Pool.workers(routed).at(-1)!.ask.Once({ n: 1000 + n, millis: 0 }, forever))
        if (last._tag === "Failure") assert.strictEqual(last.failure._tag, "NotRouted")
        done++
      }
      assert.strictEqual(done, 200)
      assert.isAbove((yield* Pool.stats(routed)).resizes, 1)
    }), { threads: { ...threads, idle: "100 millis", adapt: { cooldown: 0 } } })

  pooled("is told by hand as well, and decides nothing where it is not to", (routed) =>
    Effect.gen(function*() {
      const events = yield* said(routed)
      yield* Pool.resize(routed, 3)
      const asked = yield* Effect.forkChild(
        Effect.forEach(numbers(40), (n) => routed.ask.Once({ n, millis: 500 }, forever), { concurrency: "unbounded" })
      )
      yield* Effect.sleep(60_000)
      yield* Fiber.join(asked)
      assert.deepStrictEqual(events, [{ _tag: "Resized", from: 1, to: 3, why: "asked", signal: undefined }])
    }), { threads: { ...threads, adapt: false } })

  pooled("tries again later and later when no worker comes up, and says so", (routed) =>
    Effect.gen(function*() {
      const events = yield* said(routed)
      broken.add("worker-1")
      const asked = yield* Effect.forkChild(
        Effect.forEach(numbers(100), (n) => routed.ask.Once({ n, millis: 200 }, forever), { concurrency: "unbounded" })
      )
      yield* Effect.sleep(10_000)
      assert.isTrue(events.every(({ _tag, from, to }) => _tag === "ResizeFailed" && from === 1 && to === 1))
      // At once, and after 2, 4 and 8 seconds.
      assert.isAtMost(events.length, 4)
      assert.isAtLeast(events.length, 3)
      broken.clear()
      while ((yield* Pool.stats(routed)).size < 2) yield* Effect.sleep(10)
      yield* Fiber.join(asked)
    }).pipe(Effect.ensuring(Effect.sync(() => broken.clear()))), { threads })

  run("tells of its size until it ends", () =>
    Effect.gen(function*() {
      const heard = yield* Effect.scoped(Effect.gen(function*() {
        const routed = yield* poolOf(Routed, { threads })
        const heard = yield* Effect.forkDetach(Stream.runCollect(sizesOf(routed)), { startImmediately: true })
        yield* Effect.sleep(10)
        yield* Pool.resize(routed, 2)
        return heard
      }))
      assert.deepStrictEqual((yield* Fiber.join(heard)).map(({ to }) => to), [2])
    }))
})
