/** Pools on real threads: the parity of what the simulations hold, and the ends of threads that only real ones have. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { ActorSystem, Pool } from "shared-nothing"
import { Jobs } from "../fixtures/jobs.ts"
import { User } from "../fixtures/poolUsers.ts"
import { Routed } from "../fixtures/routed.ts"

const file = (name: string): URL => new URL(`../fixtures/${name}.worker.ts`, import.meta.url)

const layer = (options: Partial<Pool.PoolOptions> = {}) =>
  Pool.layer(Jobs, {
    spawn: () => new Worker(file("jobs"), { stdout: true, stderr: true }),
    threads: 2,
    readyTimeout: "1 minute",
    ...options
  })

const within = <A, E>(
  program: Effect.Effect<A, E, Pool.Pool<"Jobs"> | Scope.Scope>,
  options?: Partial<Pool.PoolOptions>
) => Effect.scoped(program).pipe(Effect.provide(Layer.provideMerge(layer(options), Logger.layer([]))))

const forever = { timeout: "Infinity" } as const

describe("a pool of threads", () => {
  it.live("spreads jobs over its workers, moves what is large, and runs jobs of jobs", () =>
    within(Effect.gen(function*() {
      const jobs = yield* Pool.ref(Jobs)
      const all = yield* Effect.forEach(
        Array.from({ length: 3000 }, (_, n) => n),
        (n) => jobs.ask.Echo({ n }, forever),
        {
          concurrency: "unbounded"
        }
      )
      assert.deepStrictEqual(all, Array.from({ length: 3000 }, (_, n) => n))
      const blocked = yield* Effect.forkChild(jobs.ask.Block({ millis: 300 }, forever))
      const places = new Set<number>()
      yield* Effect.forEach(
        [1, 2, 3, 4],
        () => Effect.map(jobs.ask.Where(), ({ threadId }) => void places.add(threadId))
      )
      yield* Fiber.join(blocked)
      while (places.size < 2) {
        const [one, other] = yield* Effect.all([
          jobs.ask.Where(),
          Effect.andThen(jobs.ask.Block({ millis: 5 }), jobs.ask.Where())
        ], {
          concurrency: 2
        })
        places.add(one.threadId).add(other.threadId)
      }
      const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => i)
      assert.deepStrictEqual(yield* jobs.ask.Reverse({ bytes }, forever), bytes.slice().reverse())
      assert.strictEqual(yield* jobs.ask.Leaves({ depth: 8 }, forever), 256)
      assert.strictEqual(yield* jobs.depth, 0)
    })))

  it.live("settles the jobs of a worker that exits, alone, and goes on", () =>
    within(Effect.gen(function*() {
      const jobs = yield* Pool.ref(Jobs)
      const echoes = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 500 }, (_, n) => n), (n) => jobs.ask.Echo({ n }, forever), {
          concurrency: 20
        })
      )
      const lost = yield* Effect.flip(jobs.ask.Exit({ code: 3 }, forever))
      assert.strictEqual(lost._tag, "ThreadLost")
      assert.include(lost.message, "3")
      assert.strictEqual((yield* Fiber.join(echoes)).length, 500)
      assert.strictEqual(yield* jobs.ask.Leaves({ depth: 4 }, forever), 16)
    })))

  it.live("X08 settles the jobs of a worker in which something is thrown that nobody catches, and harms nobody else", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        for (let n = 0; n < 3; n++) {
          const lost = yield* Effect.flip(jobs.ask.Uncaught({ why: "nobody catches this" }, forever))
          assert.strictEqual(lost._tag, "ThreadLost")
          assert.include(lost.message, "nobody catches this")
          assert.strictEqual(yield* jobs.ask.Echo({ n }, forever), n)
        }
      }),
      { intensity: { restarts: 10, within: "1 minute" } }
    ))

  it.live("keeps the jobs of a key in order, one at a time, whatever priorities each has", () =>
    Effect.scoped(Effect.gen(function*() {
      const spawn = () => new Worker(file("routed"), { stdout: true, stderr: true })
      const routed = yield* Pool.make(Routed, { spawn, threads: 2, readyTimeout: "1 minute", queue: { capacity: 64 } })
      const priorities = ["low", "high", "normal"] as const
      const ask = (n: number) =>
        routed.ask.Once({ n, millis: 0 }, { ...forever, key: `k${n % 7}`, priority: priorities[n % 3] })
      const ended: Array<number> = []
      const all = Array.from({ length: 700 }, (_, n) => Effect.tap(ask(n), () => Effect.sync(() => ended.push(n))))
      const places = yield* Effect.all(all, { concurrency: "unbounded" })
      for (let key = 0; key < 7; key++) {
        const order = ended.filter((n) => n % 7 === key)
        assert.deepStrictEqual(order, order.toSorted((a, b) => a - b))
        assert.strictEqual(new Set(places.filter((_, n) => n % 7 === key)).size, 1)
      }
      assert.strictEqual(yield* routed.depth, 0)
    })))

  it.live("leaves a worker to what is urgent, however much holds threads that is not, and over the death of one", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        const low = { ...forever, priority: "low" } as const
        const round = Effect.gen(function*() {
          let ended = 0
          const block = Effect.tap(jobs.ask.Block({ millis: 150 }, low), () => Effect.sync(() => ended++))
          const blocks = yield* Effect.forkChild(Effect.all([block, block, block], { concurrency: 3 }), {
            startImmediately: true
          })
          for (let n = 0; n < 20; n++) assert.strictEqual(yield* jobs.ask.Echo({ n }, forever), n)
          assert.isAtMost(ended, 1)
          yield* Fiber.join(blocks)
        })
        yield* round
        assert.strictEqual((yield* Effect.flip(jobs.ask.Exit({ code: 3 }, low)))._tag, "ThreadLost")
        // The pool has both workers again.
        yield* Effect.repeat(Pool.stats(jobs), {
          until: ({ workers }) => workers.every(({ state }) => state !== "down"),
          schedule: Schedule.spaced("10 millis")
        })
        yield* round
        assert.strictEqual(yield* jobs.depth, 0)
      }),
      { queue: { allowance: { low: 1 } } }
    ))

  it.live("J22 has another worker stand in for one that says that it blocks, which leaves afterwards", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        const why: Array<string> = []
        yield* Effect.forkScoped(
          Stream.runForEach(Pool.events(jobs), (event) =>
            Effect.sync(() => {
              if (event._tag === "Resized") why.push(event.why)
            })),
          { startImmediately: true }
        )
        const size = (wanted: number) =>
          Effect.repeat(Pool.stats(jobs), {
            until: ({ size }) => size === wanted,
            schedule: Schedule.spaced("5 millis")
          })
        const held = yield* Effect.forkChild(jobs.ask.BlockSaid({ millis: 3000 }, forever), { startImmediately: true })
        yield* size(2)
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }, forever), 1)
        assert.isUndefined(held.pollUnsafe())
        yield* Fiber.join(held)
        yield* size(1)
        assert.deepStrictEqual(why, ["blocking", "unblocked"])
      }),
      { threads: { min: 1, max: 2, idle: "1 hour", adapt: { wait: "1 hour", cooldown: "100 millis" } } }
    ))

  it.live("says what the event loop of a worker is used for", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        const used = (since: Pool.PoolStats) =>
          Effect.map(Pool.stats(jobs), ({ workers: [worker] }) => {
            const [before] = since.workers
            return {
              busy: worker!.busyMillis - before!.busyMillis,
              loop: worker!.loopMillis - before!.loopMillis,
              elsewhere: worker!.elsewhereMillis - before!.elsewhereMillis
            }
          })
        /** A worker says it when it looks for jobs. */
        const usedUntil = (since: Pool.PoolStats, isSo: (used: { loop: number; elsewhere: number }) => boolean) =>
          Effect.repeat(Effect.andThen(jobs.ask.Echo({ n: 1 }, forever), used(since)), {
            until: (now) => isSo(now),
            schedule: Schedule.spaced("5 millis")
          })
        const first = yield* Pool.stats(jobs)
        yield* jobs.ask.Wait({ millis: 1000 }, forever)
        const waited = yield* used(first)
        assert.isAtLeast(waited.busy, 900)
        assert.isBelow(waited.loop, 500)
        const second = yield* Pool.stats(jobs)
        yield* jobs.ask.Block({ millis: 300 }, forever)
        yield* usedUntil(second, ({ loop }) => loop >= 280)
        const third = yield* Pool.stats(jobs)
        yield* jobs.ask.Distract({ millis: 400 })
        yield* usedUntil(third, ({ elsewhere }) => elsewhere >= 100)
      }),
      { threads: 1 }
    ))

  it.live("leaves a worker that is held to others, and replaces it when its time is over", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        const held = yield* Effect.forkChild(Effect.result(jobs.ask.Block({ millis: 600_000 }, forever)))
        const late = yield* Effect.flip(jobs.ask.Block({ millis: 600_000 }, { timeout: "50 millis" }))
        assert.strictEqual(late._tag, "AskTimeout")
        // Both are held: this one waits for the first thread that is replaced.
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }, forever), 1)
        const outcome = yield* Fiber.join(held)
        assert.strictEqual(outcome._tag === "Failure" && outcome.failure._tag, "ThreadLost")
      }),
      { heartbeat: { timeout: "1 second" }, intensity: { restarts: 10, within: "1 minute" } }
    ))

  it.live("replaces the thread of a job that nobody waits for any more and that holds it, and loses nothing else", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        const before = yield* jobs.ask.Where()
        const gone = yield* Effect.forkChild(jobs.ask.Spin(forever))
        const late = yield* Effect.flip(jobs.ask.Spin({ timeout: "50 millis" }))
        assert.strictEqual(late._tag, "AskTimeout")
        const queued = yield* Effect.forkChild(jobs.ask.Echo({ n: 1 }, forever))
        yield* Fiber.interrupt(gone)
        assert.strictEqual(yield* Fiber.join(queued), 1)
        const after = yield* jobs.ask.Where()
        assert.notStrictEqual(after.threadId, before.threadId)
        while ((yield* jobs.depth) > 0) yield* Effect.yieldNow
      }),
      { threads: 1, grace: "100 millis", intensity: { restarts: 0, within: "1 minute" } }
    ))

  it.live("ends the program when its workers have used up their restarts", () =>
    Effect.gen(function*() {
      const program = within(
        Effect.gen(function*() {
          const jobs = yield* Pool.ref(Jobs)
          yield* Effect.exit(jobs.ask.Exit({ code: 3 }, forever))
          return yield* Effect.never
        }),
        { intensity: { restarts: 0, within: "1 minute" } }
      )
      const exit = yield* Fiber.await(yield* Effect.forkChild(program))
      const defect = Exit.isFailure(exit) ? Cause.findDefect(exit.cause) : assert.fail("the program goes on")
      assert.include(String(Result.getOrThrow(defect)), "PoolGaveUp: Jobs/pool has given up")
    }))

  it.live("is used by the actors of other threads, one of which exits in the middle of that", () =>
    within(
      Effect.gen(function*() {
        const users = ActorSystem.layerThreads({
          spawn: () => new Worker(file("pool-users"), { stdout: true, stderr: true }),
          threads: 2,
          readyTimeout: "1 minute"
        })
        yield* Effect.gen(function*() {
          const [one, other] = [yield* User.spawn("one"), yield* User.spawn("other")]
          const wanted = Array.from({ length: 1000 }, (_, n) => n)
          for (let round = 0; round < 3; round++) {
            const steady = yield* Effect.forkChild(one.ask.Echoes({ count: 1000 }, forever))
            const lost = yield* Effect.flip(other.ask.ExitWhileAsking({ count: 800 }, forever))
            assert.strictEqual(lost._tag, "ThreadLost")
            assert.deepStrictEqual(yield* Fiber.join(steady), wanted)
            // Its next incarnation has a place of its own: there is none too many.
            yield* Effect.retry(other.ask.Echoes({ count: 1 }, forever), Schedule.spaced(20))
          }
          const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i)
          assert.deepStrictEqual(yield* other.ask.Reversed({ bytes }, forever), bytes.slice().reverse())
        }).pipe(Effect.scoped, Effect.provide(users))
        const jobs = yield* Pool.ref(Jobs)
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }, forever), 1)
      }),
      { clients: 3 }
    ))

  it.live("has more and fewer workers in the middle of its jobs, loses none, and keeps keys in order", () =>
    Effect.scoped(Effect.gen(function*() {
      const routed = yield* Pool.make(Routed, {
        spawn: () => new Worker(file("routed"), { stdout: true, stderr: true }),
        threads: { min: 1, max: 3, adapt: false },
        readyTimeout: "1 minute"
      })
      const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
      const done = new Map<number, Array<number>>()
      const workers = new Set<string>()
      const ask = (key: number) => (n: number) =>
        Effect.map(routed.ask.Step({ key: `k${key}`, n, millis: n % 8 === 0 ? 1 : 0 }, forever), (worker) => {
          workers.add(worker)
          done.set(key, [...(done.get(key) ?? []), n])
        })
      const seen = { changes: 0 }
      let batches = 0
      const sizes = Effect.forEach([3, 2, 3, 1, 3, 1], (size) =>
        Effect.gen(function*() {
          yield* Pool.resize(routed, size)
          const before = batches
          yield* Effect.repeat(Effect.sync(() => batches > before + 1), {
            until: (isSo) => isSo,
            schedule: Schedule.spaced("1 millis")
          })
          seen.changes++
        }))
      const asking = Effect.gen(function*() {
        while (seen.changes < 6) {
          const batch = numbers(40).map((n) => 40 * batches + n)
          yield* Effect.forEach(
            numbers(12),
            (key) => Effect.forEach(batch, ask(key), { concurrency: 20 }),
            { concurrency: "unbounded" }
          )
          batches++
        }
      })
      yield* Effect.all([asking, sizes], { concurrency: 2 })
      for (const key of numbers(12)) assert.deepStrictEqual(done.get(key), numbers(40 * batches))
      assert.deepStrictEqual(Array.from(workers).sort(), ["worker-0", "worker-1", "worker-2"])
      const { jobs, size } = yield* Pool.stats(routed)
      assert.deepStrictEqual([jobs, size], [12 * 40 * batches, 1])
    })).pipe(Effect.provide(Logger.layer([]))))

  it.live("lets a worker go that has done all that was for it, however many turns that takes", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        yield* Pool.resize(jobs, 2)
        const second = Pool.workers(jobs)[1]!
        const asked = yield* Effect.forEach(Array.from({ length: 12 }), () =>
          Effect.forkChild(second.ask.Block({ millis: 4 }, forever), { startImmediately: true }))
        yield* Pool.resize(jobs, 1)
        yield* Fiber.joinAll(asked)
        assert.strictEqual((yield* Effect.flip(second.ask.Block({ millis: 1 })))._tag, "NotRouted")
      }),
      { threads: { min: 1, max: 2, adapt: false } }
    ))

  it.live("makes a worker anew whose heap has grown, out of a thread in reserve", () => {
    const spawned: Array<number> = []
    return within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        const seen: Array<Pool.PoolEvent> = []
        yield* Effect.forkScoped(
          Stream.runForEach(Pool.events(jobs), (event) => Effect.sync(() => seen.push(event))),
          { startImmediately: true }
        )
        const until = (tag: Pool.PoolEvent["_tag"]) =>
          Effect.repeat(Effect.andThen(jobs.ask.Echo({ n: 1 }, forever), Effect.sync(() => seen)), {
            until: (events) => events.some(({ _tag }) => _tag === tag),
            schedule: Schedule.spaced("20 millis")
          })
        yield* until("ThreadStandsBy")
        const before = yield* jobs.ask.Where()
        yield* jobs.ask.Keep({ items: 4_000_000 }, forever)
        yield* until("WorkerRecycled")
        const after = yield* jobs.ask.Where()
        assert.deepStrictEqual([before.threadId, after.threadId], spawned.slice(0, 2))
        const recycled = seen.find(({ _tag }) => _tag === "WorkerRecycled") as Pool.WorkerRecycled
        assert.strictEqual(recycled.why, "heap")
        assert.isAbove(recycled.heapBytes, 48 * 1024 * 1024)
      }),
      {
        spawn: () => {
          const worker = new Worker(file("jobs"), { stdout: true, stderr: true })
          spawned.push(worker.threadId)
          return worker
        },
        threads: 1,
        standby: 1,
        recycle: { heapBytes: 48 * 1024 * 1024 }
      }
    )
  })

  it.live("fails with a typed error when its file is missing", () =>
    Effect.gen(function*() {
      const missing = layer({
        spawn: () => new Worker(file("no-such"), { stdout: true, stderr: true }),
        intensity: { restarts: 0, within: "1 second" }
      })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(missing)).pipe(Effect.provide(Logger.layer([]))))
      assert.strictEqual(error._tag, "ThreadSpawnFailed")
      assert.include(error.message, "no-such")
    }))
})
