/** Work over collections on a pool by its worst user, in simulations. */
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Pool, PoolThread, Progress } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { Jobs, JobsLive } from "../fixtures/jobs.ts"
import { poolOf, simulated } from "../support/pooled.ts"

type JobsRef = Pool.Ref<typeof Jobs>

const run = simulated(() => PoolThread.launch(JobsLive))

const pooled = (
  name: string,
  body: (jobs: JobsRef) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {}
) =>
  run(name, () =>
    Effect.flatMap(poolOf(Jobs, options), (jobs) =>
      Effect.andThen(
        body(jobs),
        Effect.gen(function*() {
          // Whatever was done to it, all accounts are closed, and it serves.
          for (let left = 2000; (yield* jobs.depth) > 0; left--) {
            if (left === 0) assert.fail(`${yield* jobs.depth} jobs are under way`)
            yield* Effect.sleep(5)
          }
          assert.strictEqual(yield* jobs.ask.Echo({ n: 7 }, forever), 7)
        })
      )))

const forever = { timeout: "Infinity" } as const

const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, n) => n)

const textOfDefect = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit) || !Cause.hasDies(exit.cause)) return assert.fail(`no defect: ${exit._tag}`)
  return String(Cause.squash(exit.cause))
}

/** The ways to work a collection off, each as an effect. */
const ways = (jobs: JobsRef, items: Iterable<number>, each: (n: number) => Effect.Effect<number, unknown>) => {
  const options = { inFlight: 2 }
  const ways: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]> = [
    ["forEach", Pool.forEach(jobs, items, each, options)],
    ["partition", Pool.partition(jobs, items, each, options)],
    ["reduce", Pool.reduce(jobs, items, each, { ...options, initial: 0, combine: (sum, n) => sum + n })],
    ["map", Stream.runCollect(Pool.map(jobs, items, each, options))],
    ["map as it comes", Stream.runCollect(Pool.map(jobs, items, each, { ...options, ordered: false }))]
  ]
  return ways
}

describe("what is done with an item", () => {
  pooled(
    "and throws in the middle, where a job has just come back, is a defect of who works it off",
    (jobs) =>
      Effect.gen(function*() {
        const each = (n: number) => {
          if (n === 5) throw new Error("no job")
          return jobs.ask.Echo({ n }, forever)
        }
        for (const [, way] of ways(jobs, numbers(10), each)) {
          assert.include(textOfDefect(yield* Effect.exit(way)), "no job")
        }
      })
  )

  pooled("and is no effect is a defect that says so", (jobs) =>
    Effect.gen(function*() {
      const each = (n: number) => n === 3 ? undefined as never : jobs.ask.Echo({ n }, forever)
      for (const [, way] of ways(jobs, numbers(10), each)) textOfDefect(yield* Effect.exit(way))
    }))

  pooled("and fails or dies with what has no text ends it as anything else does", (jobs) =>
    Effect.gen(function*() {
      const odd: unknown = Object.create(null)
      for (const [, way] of ways(jobs, numbers(4), (n) => n === 2 ? Effect.die(odd) : jobs.ask.Echo({ n }, forever))) {
        const exit = yield* Effect.exit(way)
        assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) === odd)
      }
      const [right, wrong] = yield* Pool.partition(
        jobs,
        numbers(3),
        (n) => n === 1 ? Effect.fail(odd) : jobs.ask.Echo({ n }, forever)
      )
      assert.deepStrictEqual(right, [0, 2])
      assert.strictEqual(wrong[0], odd)
    }))

  pooled("may work off others on the same pool, and interrupt or end itself", (jobs) =>
    Effect.gen(function*() {
      const sums = yield* Pool.forEach(jobs, numbers(6), (n) =>
        Pool.reduce(jobs, numbers(n), (m) =>
          jobs.ask.Echo({ n: m }, forever), {
          initial: 0,
          combine: (sum, m) =>
            sum + m
        }), { inFlight: 3 })
      assert.deepStrictEqual(sums, [0, 0, 1, 3, 6, 10])
      const exit = yield* Effect.exit(
        Pool.forEach(jobs, numbers(6), (n) =>
          n === 4 ? Effect.interrupt : jobs.ask.Wait({ millis: 1000 }, forever))
      )
      assert.isTrue(Exit.hasInterrupts(exit))
    }))
})

describe("the items", () => {
  pooled(
    "that throw while they are listed are a defect, and whoever watches the progress hears of its end",
    (jobs) =>
      Effect.gen(function*() {
        function* broken() {
          yield 1
          throw new Error("no more")
        }
        const each = (n: number) => jobs.ask.Echo({ n }, forever)
        for (const [, way] of ways(jobs, { [Symbol.iterator]: broken }, each)) {
          assert.include(textOfDefect(yield* Effect.exit(way)), "no more")
        }
        const progress = yield* Progress.make
        const watching = yield* Effect.forkChild(Stream.runDrain(Progress.changes(progress, "1 second")))
        textOfDefect(yield* Effect.exit(Pool.forEach(jobs, { [Symbol.iterator]: broken }, each, { progress })))
        yield* Effect.timeout(Fiber.join(watching), "1 minute")
        assert.isTrue((yield* progress.snapshot).isOver)
      })
  )

  pooled(
    "of a batch whose options make no sense are never looked at, and its progress is over",
    (jobs) =>
      Effect.gen(function*() {
        let looked = 0
        const items = {
          *[Symbol.iterator]() {
            looked++
            yield 1
          }
        }
        const each = (n: number) => jobs.ask.Echo({ n }, forever)
        for (const inFlight of [0, -1, 1.5, NaN, Infinity, "2", 2n, null, {}, Symbol("two")] as ReadonlyArray<any>) {
          const ways = [
            (progress: Progress.Progress) => Pool.forEach(jobs, items, each, { inFlight, progress }),
            (progress: Progress.Progress) => Stream.runDrain(Pool.map(jobs, items, each, { inFlight, progress }))
          ]
          for (const way of ways) {
            const progress = yield* Progress.make
            const watching = yield* Effect.forkChild(Stream.runDrain(Progress.changes(progress, "1 second")))
            assert.include(textOfDefect(yield* Effect.exit(way(progress))), "inFlight")
            yield* Effect.timeout(Fiber.join(watching), "1 minute")
          }
        }
        assert.strictEqual(looked, 0)
        // As many as anybody may want.
        const options = { inFlight: Number.MAX_SAFE_INTEGER }
        assert.deepStrictEqual(yield* Pool.forEach(jobs, items, each, options), [1])
        assert.deepStrictEqual(Array.from(yield* Stream.runCollect(Pool.map(jobs, items, each, options))), [1])
      })
  )

  pooled("of a stream that dies, or that never ends, end with who reads them", (jobs) =>
    Effect.gen(function*() {
      const each = (n: number) => jobs.ask.Echo({ n }, forever)
      const dying = Stream.concat(Stream.make(1, 2), Stream.die(new Error("torn")))
      for (const ordered of [true, false]) {
        assert.include(
          textOfDefect(yield* Effect.exit(Stream.runDrain(Pool.map(jobs, dying, each, { ordered })))),
          "torn"
        )
        const progress = yield* Progress.make
        const endless = Pool.map(jobs, Stream.concat(Stream.make(1, 2), Stream.never), each, { ordered, progress })
        const first = yield* Stream.runCollect(Stream.take(endless, 2))
        assert.deepStrictEqual(Array.from(first).toSorted((a, b) => a - b), [1, 2])
        const reading = yield* Effect.forkChild(Stream.runDrain(endless))
        yield* Effect.sleep(yield* Simulation.draw(20))
        yield* Fiber.interrupt(reading)
        assert.isTrue((yield* progress.snapshot).isOver)
      }
    }))
})

describe("who works a collection off", () => {
  pooled(
    "and is interrupted at any moment leaves nothing under way, and its progress over",
    (jobs) =>
      Effect.gen(function*() {
        const each = (n: number) => jobs.ask.Wait({ millis: n % 5 }, forever)
        for (let round = 0; round < 10; round++) {
          const progress = yield* Progress.make
          const options = { inFlight: 3, progress }
          const all = [
            Pool.forEach(jobs, numbers(20), each, options),
            Pool.partition(jobs, numbers(20), each, options),
            Pool.reduce(jobs, numbers(20), each, { ...options, initial: 0, combine: (sum) => sum }),
            Stream.runDrain(Pool.map(jobs, numbers(20), each, options)),
            Stream.runDrain(Pool.map(jobs, numbers(20), each, { ...options, ordered: false }))
          ]
          const working = yield* Effect.forkChild(Effect.all(all, { concurrency: "unbounded" }), {
            startImmediately: round % 2 === 0
          })
          const millis = yield* Simulation.draw(30)
          if (millis > 0) yield* Effect.sleep(millis)
          yield* Fiber.interrupt(working)
          const { isOver, done, total } = yield* progress.snapshot
          // Who was interrupted before it has begun counts nothing.
          if (millis > 0 || round % 2 === 0) assert.isTrue(isOver, `${done} of ${total}`)
        }
      })
  )

  pooled(
    "has the results in order over deaths of workers, where jobs may be begun again",
    (jobs) =>
      Effect.gen(function*() {
        const each = (n: number) => Effect.as(jobs.ask.WaitAgain({ millis: 5 + n % 3 }, forever), n)
        const working = yield* Effect.forkChild(Effect.all([
          Pool.forEach(jobs, numbers(60), each, { inFlight: 8 }),
          Stream.runCollect(Pool.map(jobs, numbers(60), each, { inFlight: 8 }))
        ], { concurrency: 2 }))
        yield* Effect.sleep(10)
        yield* Fault.kill("worker-0")
        const [all, streamed] = yield* Fiber.join(working)
        assert.deepStrictEqual([all, Array.from(streamed)], [numbers(60), numbers(60)])
      })
  )

  run("hears of the end of its pool, each way", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const jobs = yield* Scope.provide(poolOf(Jobs, { shutdown: "brutalKill" }), scope)
      const progress = yield* Progress.make
      const each = () => jobs.ask.Wait({ millis: 600_000 }, forever)
      const options = { inFlight: 3, progress }
      const working = yield* Effect.forEach([
        Pool.forEach(jobs, numbers(20), each, options),
        Stream.runDrain(Pool.map(jobs, numbers(20), each, options)),
        Stream.runDrain(Pool.map(jobs, numbers(20), each, { ...options, ordered: false }))
      ], (way) => Effect.forkChild(Effect.flip(way), { startImmediately: true }))
      const partitioned = yield* Effect.forkChild(Pool.partition(jobs, numbers(20), each, options), {
        startImmediately: true
      })
      yield* Effect.sleep(yield* Simulation.draw(10))
      yield* Scope.close(scope, Exit.void)
      for (const fiber of working) assert.strictEqual((yield* Fiber.join(fiber))._tag, "ActorStopped")
      const [right, wrong] = yield* Fiber.join(partitioned)
      assert.deepStrictEqual([right.length, wrong.length], [0, 20])
      for (const { _tag } of wrong) assert.strictEqual(_tag, "ActorStopped")
      assert.isTrue((yield* progress.snapshot).isOver)
    }))

  pooled(
    "puts results together on its own thread, where what throws is a defect, and what works off more does",
    (jobs) =>
      Effect.gen(function*() {
        const each = (n: number) => jobs.ask.Echo({ n }, forever)
        let combined = 0
        const exit = yield* Effect.exit(Pool.reduce(jobs, numbers(10), each, {
          initial: 0,
          inFlight: 2,
          combine: (sum, n) => {
            if (++combined === 6) throw Object.assign(Object.create(null), { why: "cannot add" })
            return sum + n
          }
        }))
        assert.isTrue(Exit.hasDies(exit))
        assert.strictEqual(combined, 6)
        // Run twice, it begins anew each time.
        const again = Pool.reduce(jobs, numbers(4), each, { initial: 10, combine: (sum, n) => sum + n })
        assert.deepStrictEqual([yield* again, yield* again], [16, 16])
      })
  )
})

describe("the options of one job", () => {
  pooled(
    "that throw when they are read are a defect of the send, which leaves nothing behind",
    (jobs) =>
      Effect.gen(function*() {
        const broken = {
          timeout: "Infinity",
          get key(): string {
            throw new Error("no key")
          }
        } as const
        assert.include(textOfDefect(yield* Effect.exit(jobs.ask.Echo({ n: 1 }, broken))), "no key")
        assert.include(textOfDefect(yield* Effect.exit(jobs.tell.Note({ n: 1 }, broken))), "no key")
        assert.throws(() => jobs.tellUnsafe.Note({ n: 1 }, broken), "no key")
        assert.throws(() => jobs.askUnsafe.Echo({ n: 1 }, () => {}, broken), "no key")
        let reads = 0
        const fickle = {
          timeout: "Infinity",
          get key() {
            return `k${reads++}`
          }
        } as const
        // What was read once counts.
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }, fickle), 1)
        assert.strictEqual(reads, 1)
        const bare = Object.assign(Object.create(null), { key: "a", priority: "low", timeout: "Infinity" }) as object
        assert.strictEqual(yield* jobs.ask.Echo({ n: 2 }, bare), 2)
        assert.strictEqual(yield* jobs.depth, 0)
      })
  )
})
