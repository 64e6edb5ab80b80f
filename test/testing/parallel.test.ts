/** Work over collections on a pool, in simulations. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Actor, ActorRef, Pool, PoolThread, Progress } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { Jobs, JobsLive } from "../fixtures/jobs.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

type JobsRef = Actor.Ref<typeof Jobs>

const pooled = (
  name: string,
  body: (jobs: JobsRef) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {}
) =>
  it.effect(name, () =>
    Simulation.check({
      name,
      maxSteps: 1_000_000,
      seeds: tries(6),
      faults: { portDelay: 2, lateWake: 10 },
      worker: () => PoolThread.launch(JobsLive)
    }, Effect.scoped(Effect.flatMap(Fault.calm(Pool.make(Jobs, { spawn: noThread, threads: 2, ...options })), body))))

const forever = { timeout: "Infinity" } as const

const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, n) => n)

/** Does a job for each item, and counts how many are under way at once at most. */
const watched = (jobs: JobsRef) => {
  const seen = { running: 0, most: 0, begun: 0 }
  const each = (n: number) =>
    Effect.suspend(() => {
      seen.begun++
      seen.most = Math.max(seen.most, ++seen.running)
      return jobs.ask.Echo({ n })
    }).pipe(Effect.ensuring(Effect.sync(() => void seen.running--)))
  return { seen, each }
}

// What was interrupted gives its slot back in a moment.
const idle = (jobs: JobsRef) =>
  Effect.gen(function*() {
    yield* Effect.sleep("1 second")
    assert.strictEqual(yield* jobs.depth, 0)
  })

describe("a collection", () => {
  pooled("is worked off in order, with so much under way and no more", (jobs) =>
    Effect.gen(function*() {
      const { each, seen } = watched(jobs)
      assert.deepStrictEqual(yield* Pool.forEach(jobs, new Set(numbers(20)), each, { inFlight: 3 }), numbers(20))
      assert.strictEqual(seen.most, 3)
      // 32 for each job that runs at once.
      assert.deepStrictEqual(yield* Pool.forEach(jobs, numbers(200), each), numbers(200))
      assert.strictEqual(seen.most, 64)
      assert.deepStrictEqual(yield* Pool.forEach(jobs, [], each), [])
      yield* idle(jobs)
    }))

  for (const overflow of ["suspend", "fail"] as const) {
    pooled(`is no more at once than a queue has room for that ${overflow}s`, (jobs) =>
      Effect.gen(function*() {
        const { each, seen } = watched(jobs)
        assert.deepStrictEqual(yield* Pool.forEach(jobs, numbers(40), each), numbers(40))
        assert.strictEqual(seen.most, 5)
        // Of one worker there is no more room than of all.
        const [first] = Pool.workers(jobs)
        assert.strictEqual((yield* Pool.forEach(first!, numbers(40), (n) => first!.ask.Echo({ n }))).length, 40)
      }), { queue: { capacity: 5, overflow } })
  }

  pooled(
    "has all the time that it takes, unless the program says how long an ask may",
    (jobs) =>
      Effect.gen(function*() {
        const each = (millis: number) => jobs.ask.Wait({ millis }, millis > 10_000 ? { timeout: "10 seconds" } : {})
        const long = Array.from({ length: 40 }, () => 400)
        assert.deepStrictEqual(yield* Pool.forEach(jobs, long, each), long)
        assert.deepStrictEqual(yield* Stream.runCollect(Pool.map(jobs, long, each)), long)
        assert.deepStrictEqual(yield* Pool.partition(jobs, long, each), [long, []])
        const told = yield* Effect.flip(Pool.forEach(jobs, [20_000], each))
        assert.strictEqual(told._tag, "AskTimeout")
        const provided = yield* Effect.flip(
          Pool.forEach(jobs, long, each).pipe(Effect.provideService(ActorRef.DefaultAskTimeout, "5 seconds"))
        )
        assert.strictEqual(provided._tag, "AskTimeout")
        yield* idle(jobs)
      })
  )

  pooled("ends with its first failure, which interrupts the rest", (jobs) =>
    Effect.gen(function*() {
      const progress = yield* Progress.make
      const failed = yield* Effect.flip(Pool.forEach(
        jobs,
        numbers(4),
        (n) => n === 0 ? jobs.ask.Fail({ why: "none" }) : Effect.asVoid(jobs.ask.Wait({ millis: 600_000 }, forever)),
        { progress }
      ))
      assert.strictEqual(failed._tag, "Refused")
      const { done, failed: failures, isOver, total } = yield* progress.snapshot
      assert.deepStrictEqual([done, failures, isOver, total], [4, 4, true, 4])
    }))

  pooled("is worked off in spite of failures", (jobs) =>
    Effect.gen(function*() {
      const progress = yield* Progress.make
      const [right, wrong] = yield* Pool.partition(
        jobs,
        numbers(10),
        (n) => n % 3 === 0 ? Effect.as(jobs.ask.Fail({ why: `${n}` }), -1) : jobs.ask.Echo({ n }),
        { inFlight: 4, progress }
      )
      assert.deepStrictEqual(right, [1, 2, 4, 5, 7, 8])
      assert.deepStrictEqual(wrong.map((error) => error._tag === "Refused" ? error.why : error._tag), [
        "0",
        "3",
        "6",
        "9"
      ])
      const { done, failed, isOver } = yield* progress.snapshot
      assert.deepStrictEqual([done, failed, isOver], [10, 4, true])
    }))

  pooled("has so much under way and no more, whatever becomes of it", (jobs) =>
    Effect.gen(function*() {
      const options = { inFlight: 3 }
      const partitioned = watched(jobs)
      yield* Pool.partition(jobs, numbers(20), partitioned.each, options)
      const reduced = watched(jobs)
      yield* Pool.reduce(jobs, numbers(20), reduced.each, { ...options, initial: 0, combine: (sum) => sum })
      assert.deepStrictEqual([partitioned.seen.most, reduced.seen.most], [3, 3])
    }))

  pooled("is put together as its results come", (jobs) =>
    Effect.gen(function*() {
      const sum = yield* Pool.reduce(jobs, numbers(30), (n) => jobs.ask.Echo({ n }), {
        initial: { sum: 0, items: 0 },
        combine: ({ items, sum }, result, item) => ({ sum: sum + result, items: items + item }),
        inFlight: 7
      })
      assert.deepStrictEqual(sum, { sum: 435, items: 435 })
      const thrown = yield* Effect.exit(Pool.reduce(jobs, numbers(3), (n) => jobs.ask.Echo({ n }), {
        initial: 0,
        combine: () => {
          throw new Error("cannot add")
        }
      }))
      assert.isTrue(Exit.isFailure(thrown) && Cause.hasDies(thrown.cause))
      yield* idle(jobs)
    }))

  pooled("dies of what throws, and its progress is over", (jobs) =>
    Effect.gen(function*() {
      const progress = yield* Progress.make
      const thrown = yield* Effect.exit(Pool.forEach(jobs, numbers(3), (): Effect.Effect<void> => {
        throw new Error("no job")
      }, { progress }))
      assert.isTrue(Exit.isFailure(thrown) && Cause.hasDies(thrown.cause))
      assert.isTrue((yield* progress.snapshot).isOver)
      for (const inFlight of [0, -1, 1.5, NaN]) {
        const exit = yield* Effect.exit(Pool.forEach(jobs, numbers(3), (n) => jobs.ask.Echo({ n }), { inFlight }))
        assert.include(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), "inFlight")
      }
    }))

  pooled("is interrupted with all that is under way", (jobs) =>
    Effect.gen(function*() {
      const progress = yield* Progress.make
      const batch = yield* Effect.forkChild(Pool.forEach(
        jobs,
        numbers(8),
        () => jobs.ask.Wait({ millis: 600_000 }, forever),
        { progress }
      ))
      yield* Effect.sleep("10 millis")
      yield* Fiber.interrupt(batch)
      assert.isTrue((yield* progress.snapshot).isOver)
      // Both workers are free again.
      assert.deepStrictEqual(yield* Pool.forEach(jobs, numbers(4), (n) => jobs.ask.Echo({ n })), numbers(4))
    }))
})

describe("a stream", () => {
  pooled("is worked off in order, and no faster than it is read", (jobs) =>
    Effect.gen(function*() {
      const progress = yield* Progress.make
      const { each, seen } = watched(jobs)
      const results = Pool.map(jobs, Stream.fromIterable(numbers(1000)), each, { inFlight: 4, progress })
      const first = yield* Stream.runCollect(Stream.take(results, 10))
      assert.deepStrictEqual(Array.from(first), numbers(10))
      assert.isTrue(seen.most <= 4 && seen.begun <= 10 + 2 * 4, `${seen.most} at once, ${seen.begun} begun`)
      const { isOver, total } = yield* progress.snapshot
      assert.deepStrictEqual([isOver, total], [true, undefined])
      assert.strictEqual(seen.running, 0)
    }))

  pooled("that nobody has read from has not begun, and is not over", (jobs) =>
    Effect.gen(function*() {
      const progress = yield* Progress.make
      const results = Pool.map(jobs, numbers(3), (n) => jobs.ask.Echo({ n }), { progress })
      yield* Effect.asVoid(Effect.scoped(Stream.toPull(results)))
      assert.isFalse((yield* progress.snapshot).isOver)
      yield* Stream.runDrain(results)
      const { done, isOver } = yield* progress.snapshot
      assert.deepStrictEqual([done, isOver], [3, true])
    }))

  pooled("is worked off as the results come, all of them", (jobs) =>
    Effect.gen(function*() {
      const results = Pool.map(jobs, numbers(5), (n) => jobs.ask.Wait({ millis: (5 - n) * 100 }), {
        ordered: false,
        inFlight: 2
      })
      const all = Array.from(yield* Stream.runCollect(results))
      assert.deepStrictEqual(all.slice(0, 2), [400, 500])
      assert.deepStrictEqual(all.sort((a, b) => a - b), [100, 200, 300, 400, 500])
    }))

  pooled("fails with what its source fails with, and with what a job fails with", (jobs) =>
    Effect.gen(function*() {
      const source = Stream.concat(Stream.make(1, 2), Stream.fail("dry" as const))
      const dry = yield* Effect.flip(Stream.runDrain(Pool.map(jobs, source, (n) => jobs.ask.Echo({ n }))))
      assert.strictEqual(dry, "dry")
      const progress = yield* Progress.make
      const refused = yield* Effect.flip(
        Stream.runDrain(Pool.map(jobs, numbers(3), (n) => jobs.ask.Fail({ why: `${n}` }), { progress }))
      )
      assert.strictEqual(refused._tag, "Refused")
      assert.isTrue((yield* progress.snapshot).isOver)
      yield* idle(jobs)
    }))
})
