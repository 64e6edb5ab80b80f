/** Workers that are made anew when they are worn: one at a time, and no job is lost. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Actor, Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { type Limits, Wear, type Worn } from "../../src/pool/internal/wear.ts"
import { begun, Routed, RoutedLive, starts } from "../fixtures/routed.ts"
import { noThread } from "../simulate/scenario.ts"
import { poolOf, simulated } from "../support/pooled.ts"

const forever = { timeout: "Infinity" } as const

const run = simulated(() => PoolThread.launch(RoutedLive))

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

type Recycled = Pool.WorkerRecycled

const pooled = (
  name: string,
  recycle: Pool.Recycle,
  body: (
    routed: Actor.Ref<typeof Routed>,
    recycled: ReadonlyArray<Recycled>
  ) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options?: Partial<Pool.PoolOptions>
) =>
  run(name, () =>
    Effect.gen(function*() {
      begun.length = 0
      starts.clear()
      const routed = yield* poolOf(Routed, { intensity: { restarts: 0, within: "1 minute" }, recycle, ...options })
      const recycled: Array<Recycled> = []
      const events = Stream.filter(Pool.events(routed), (event): event is Recycled => event._tag === "WorkerRecycled")
      yield* Effect.forkScoped(
        Stream.runForEach(events, (event) => Effect.sync(() => recycled.push(event))),
        { startImmediately: true }
      )
      yield* body(routed, recycled)
      while ((yield* routed.depth) > 0) yield* Effect.sleep(1)
    }))

describe("a worker that is worn", () => {
  pooled(
    "is made anew after so many jobs, one at a time, and keys keep their order",
    { jobs: 10 },
    (routed, recycled) =>
      Effect.gen(function*() {
        const watching = yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
          const { workers } = yield* Pool.stats(routed)
          assert.isAtMost(workers.filter(({ state }) => state === "down").length, 1)
          yield* Effect.sleep(1)
        })))
        yield* Effect.forEach(numbers(6), (key) =>
          Effect.forEach(
            numbers(20),
            (n) => routed.ask.Step({ key: `k${key}`, n: 1000 * key + n, millis: n % 2 }, forever),
            {
              concurrency: 4
            }
          ), { concurrency: "unbounded" })
        for (const key of numbers(6)) {
          const seen = begun.filter(({ n }) => Math.floor(n / 1000) === key).map(({ n }) => n % 1000)
          assert.deepStrictEqual(seen, numbers(20))
        }
        const places = () => new Set(recycled.map(({ place }) => place))
        while (places().size < 3) {
          yield* Pool.broadcast(routed, (worker) => worker.ask.Who(forever))
          yield* Effect.sleep(1)
        }
        yield* Fiber.interrupt(watching)
        for (const { _tag, ...event } of recycled) {
          assert.strictEqual(event.why, "jobs")
          assert.isAtLeast(event.jobs, 10)
          assert.isAbove(event.heapBytes, 0)
        }
      }),
    { threads: 3, concurrency: 2 }
  )

  pooled(
    "is made anew when it has been there for so long, after its next job",
    { age: "10 seconds" },
    (routed, recycled) =>
      Effect.gen(function*() {
        yield* Effect.sleep(9000)
        yield* routed.ask.Once({ n: 0, millis: 0 }, forever)
        yield* Effect.sleep(2000)
        assert.deepStrictEqual(recycled, [])
        yield* routed.ask.Once({ n: 1, millis: 0 }, forever)
        while (recycled.length === 0) yield* Effect.sleep(1)
        assert.deepStrictEqual(recycled.map(({ jobs, place, why }) => ({ jobs, place, why })), [
          { jobs: 2, place: 0, why: "age" }
        ])
        assert.isAtLeast(recycled[0]!.ageMillis, 10_000)
        assert.strictEqual(yield* routed.ask.Incarnation(forever), 2)
      }),
    { threads: 1 }
  )

  pooled("and dies before it is its turn is there once", { jobs: 1 }, (routed, recycled) =>
    Effect.gen(function*() {
      const [first, second] = Pool.workers(routed)
      const long = yield* Effect.forkChild(first!.ask.Once({ n: 0, millis: 2000 }, forever))
      yield* Effect.sleep(20)
      // It says so in the middle of another job, which is let come to its end.
      yield* first!.ask.Once({ n: 1, millis: 1 }, forever)
      yield* second!.ask.Once({ n: 2, millis: 1 }, forever)
      yield* Effect.sleep(100)
      const wasFirst = recycled.some(({ place }) => place === 1)
      yield* Fault.kill("worker-1")
      yield* Fiber.join(long)
      const counts = () => ["worker-0", "worker-1"].map((worker) => starts.get(worker)!)
      while (counts().some((count) => count < 2)) yield* Effect.sleep(1)
      yield* Effect.sleep(1000)
      // Whose turn came first is as it may be: what it had said before it died has no effect after that.
      const before = counts()
      yield* Effect.sleep(5000)
      assert.deepStrictEqual(counts(), before)
      assert.strictEqual(before[0], 2)
      assert.strictEqual(before[1], wasFirst ? 3 : 2)
    }), { threads: 2, concurrency: 2, intensity: { restarts: 1, within: "1 minute" } })

  for (
    const [recycle, option] of [
      [{ jobs: 0 }, "recycle.jobs"],
      [{ jobs: 1.5 }, "recycle.jobs"],
      [{ heapBytes: 1024 }, "recycle.heapBytes"],
      [{ age: 0 }, "recycle.age"],
      [7, "recycle"]
    ] as const
  ) {
    it.effect(`is not one by ${JSON.stringify(recycle)}`, () =>
      Effect.gen(function*() {
        const refused = yield* Effect.flip(Pool.make(Routed, { spawn: noThread, recycle: recycle as never }))
        assert.strictEqual(refused._tag, "InvalidOptions")
        assert.include(refused.message, option)
      }).pipe(Effect.scoped))
  }

  it.effect("is not one by fewer threads in reserve than none", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(Pool.make(Routed, { spawn: noThread, standby: -1 }))
      assert.include(refused.message, "standby is -1")
    }).pipe(Effect.scoped))
})

describe("wear", () => {
  const limits: Limits = { heapBytes: 100, jobs: 1000, ageMillis: Infinity }
  const made = (of: Partial<Limits>) => {
    const told: Array<Worn> = []
    const heap = { used: 50, looks: 0 }
    const used = () => {
      heap.looks++
      return heap.used
    }
    return { heap, told, wear: new Wear({ ...limits, ...of }, 5000, used, (worn) => told.push(worn)) }
  }

  it("is a heap that is too large at two looks, a second apart", () => {
    const { heap, told, wear } = made({})
    wear.look(1, 6000)
    heap.used = 101
    wear.look(2, 6999)
    assert.strictEqual(heap.looks, 1)
    wear.look(3, 7000)
    heap.used = 99
    wear.look(4, 8000)
    heap.used = 200
    wear.look(5, 9000)
    assert.deepStrictEqual(told, [])
    wear.look(6, 10_000)
    wear.look(7, 11_000)
    assert.deepStrictEqual(told, [{ why: "heap", heapBytes: 200, jobs: 6, ageMillis: 5000 }])
  })

  it("is told once, and not before the first job; the heap is not looked at where it has no limit", () => {
    const { heap, told, wear } = made({ heapBytes: Infinity, jobs: 3, ageMillis: 1000 })
    wear.look(0, 60_000)
    wear.look(2, 5999)
    assert.deepStrictEqual([told, heap.looks], [[], 0])
    for (const jobs of [3, 4]) wear.look(jobs, 60_000)
    assert.deepStrictEqual(told.map(({ why }) => why), ["jobs"])
    const old = made({ ageMillis: 1000 })
    old.wear.look(1, 6000)
    assert.deepStrictEqual(old.told.map(({ ageMillis, why }) => [why, ageMillis]), [["age", 1000]])
  })
})
