/** What a pool promises, in simulations: each by several seeds, with wake-ups and turns as they come. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, ActorControl, ActorSystem, Pool, PoolThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { Jobs, JobsLive, Refused } from "../fixtures/jobs.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Plain = Actor.make("Plain", [Rpc.make("Ping")])
const PlainLive = Plain.toLayer(Effect.succeed(Plain.of({ Ping: () => Effect.void })))

// Ends of every third job, and its thread with it a little later.
const Frail = Actor.make("Frail", [Rpc.make("Try", { payload: { n: Schema.Int } })])
const FrailLive = Frail.toLayer(
  Effect.gen(function*() {
    yield* Effect.addFinalizer(() => Effect.sleep("20 millis"))
    return Frail.of({ Try: ({ n }) => n % 3 === 0 ? Effect.die(new Error("every third")) : Effect.sleep("1 millis") })
  }),
  { supervision: { restart: "temporary" } }
)

type JobsRef = Actor.Ref<typeof Jobs>

const made = (options: Partial<Pool.PoolOptions> = {}) =>
  Fault.calm(Pool.make(Jobs, {
    spawn: noThread,
    threads: 2,
    intensity: { restarts: 1_000_000, within: "1 minute" },
    ...options
  }))

const simulated = (
  name: string,
  body: () => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Simulation.CheckOptions> = {}
) =>
  it.effect(name, () =>
    Simulation.check({
      name,
      maxSteps: 1_000_000,
      seeds: tries(8),
      // No spurious wake-ups: they would hide those that are lost.
      faults: { portDelay: 2, lateWake: 10 },
      worker: () => PoolThread.launch(JobsLive),
      ...options
    }, Effect.suspend(() => Effect.scoped(body()))))

/** The test of a pool with such options. */
const pooled = (
  name: string,
  body: (jobs: JobsRef) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options?: Partial<Pool.PoolOptions>,
  seeds = tries(8)
) => simulated(name, () => Effect.flatMap(made(options), body), { seeds })

const failure = <A, E>(effect: Effect.Effect<A, E>) => Effect.flip(effect)

describe("a job", () => {
  const profiles: ReadonlyArray<Pool.Profile> = ["development", "production", "lowLatency", "throughput", "testing"]
  for (const profile of profiles) {
    simulated(`is done in a pool for ${profile}`, () =>
      Effect.gen(function*() {
        const jobs = yield* made({ profile })
        const all = Array.from({ length: 40 }, (_, n) => n)
        assert.deepStrictEqual(yield* Pool.forEach(jobs, all, (n) => jobs.ask.Echo({ n })), all)
      }), { seeds: tries(3) })
  }

  pooled("answers", (jobs) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* jobs.ask.Echo({ n: 7 }), 7)
      const all = yield* Effect.forEach(Array.from({ length: 50 }, (_, n) => n), (n) => jobs.ask.Echo({ n }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(all, Array.from({ length: 50 }, (_, n) => n))
      assert.strictEqual(yield* jobs.depth, 0)
    }))

  pooled("finds the worker that is idle, beside one whose handler waits", (jobs) =>
    Effect.gen(function*() {
      for (const n of [1, 2, 3]) {
        const waiting = yield* Effect.forkChild(jobs.ask.Wait({ millis: 3_000 }, { timeout: "Infinity" }))
        yield* Effect.sleep(100)
        assert.strictEqual(yield* jobs.ask.Echo({ n }, { timeout: "200 millis" }), n)
        yield* Fiber.join(waiting)
      }
    }))

  pooled("fails with its declared error, and dies with its defect", (jobs) =>
    Effect.gen(function*() {
      const refused = yield* failure(jobs.ask.Fail({ why: "no" }))
      assert.isTrue(refused instanceof Refused && refused.why === "no")
      const boom = yield* Effect.exit(jobs.ask.Boom({ why: "broken" }))
      assert.isTrue(Exit.isFailure(boom) && Cause.hasDies(boom.cause))
      assert.include(String(Exit.isFailure(boom) && Cause.squash(boom.cause)), "broken")
      // The actor of the worker has been restarted, and goes on.
      assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }), 1)
      assert.strictEqual(yield* jobs.ask.Echo({ n: 2 }), 2)
    }))

  pooled(
    "is refused with a payload that breaks its schema, and defective with such a reply",
    (jobs) =>
      Effect.gen(function*() {
        const refused = yield* failure(jobs.ask.Echo({ n: 1.5 }))
        assert.strictEqual(refused._tag, "InvalidPayload")
        assert.strictEqual((yield* failure(jobs.tell.Note({ n: 0.1 })))._tag, "InvalidPayload")
        const bad = yield* Effect.exit(jobs.ask.BadReply())
        assert.include(String(Exit.isFailure(bad) && Cause.squash(bad.cause)), "breaks its schema")
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }), 1)
        assert.strictEqual(yield* jobs.depth, 0)
      })
  )

  pooled("takes and gives what is larger than its slot", (jobs) =>
    Effect.gen(function*() {
      const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i)
      const reversed = yield* Effect.forEach([1, 2, 3, 4], () => jobs.ask.Reverse({ bytes }), {
        concurrency: "unbounded"
      })
      for (const one of reversed) assert.deepStrictEqual(one, bytes.slice().reverse())
      const tooLarge = yield* failure(jobs.ask.Reverse({ bytes: new Uint8Array(1_000_000) }))
      assert.strictEqual(tooLarge._tag, "MessageTooLarge")
      // All of it was given back, or this would find no room.
      for (let i = 0; i < 20; i++) assert.strictEqual((yield* jobs.ask.Reverse({ bytes })).length, bytes.length)
    }), { arena: { capacityBytes: 512 * 1024 } })

  pooled("is told and forgotten", (jobs) =>
    Effect.gen(function*() {
      for (let n = 0; n < 20; n++) yield* jobs.tell.Note({ n })
      while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
      const places = yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => jobs.ask.Where(), { concurrency: "unbounded" })
      const handled = new Map(places.map((place) => [place.key, place.handled]))
      if (handled.size === 2) assert.strictEqual([...handled.values()].reduce((sum, n) => sum + n), 20)
    }))

  pooled("that nobody waits for any more is interrupted, and its worker free again", (jobs) =>
    Effect.gen(function*() {
      const before = yield* jobs.ask.Interrupted()
      const waiting = yield* Effect.forkChild(jobs.ask.Wait({ millis: 1_000_000 }, { timeout: "Infinity" }))
      yield* Effect.sleep(50)
      yield* Fiber.interrupt(waiting)
      const late = yield* failure(jobs.ask.Wait({ millis: 1_000_000 }, { timeout: "20 millis" }))
      assert.strictEqual(late._tag, "AskTimeout")
      assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }), 1)
      while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
      assert.strictEqual(yield* jobs.ask.Interrupted(), before + 2)
    }), { threads: 1 })

  pooled("is interrupted although its worker sleeps and hears of nothing else", (jobs) =>
    Effect.gen(function*() {
      const waiting = yield* Effect.forkChild(jobs.ask.Wait({ millis: 600_000 }, { timeout: "Infinity" }))
      yield* Effect.sleep(100)
      yield* Fiber.interrupt(waiting)
      while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
    }).pipe(Effect.timeout("1 second")), { threads: 1 })

  pooled(
    "that waits in the queue is not begun once its asker has gone or its time is over",
    (jobs) =>
      Effect.gen(function*() {
        const before = yield* jobs.ask.Where()
        const first = yield* Effect.forkChild(jobs.ask.Wait({ millis: 500 }))
        yield* Effect.sleep(50)
        const gone = yield* Effect.forkChild(jobs.ask.Echo({ n: 1 }))
        const late = yield* Effect.forkChild(failure(jobs.ask.Echo({ n: 2 }, { timeout: "100 millis" })))
        yield* Effect.sleep(10)
        yield* Fiber.interrupt(gone)
        assert.strictEqual((yield* Fiber.join(late))._tag, "AskTimeout")
        yield* Fiber.join(first)
        assert.strictEqual((yield* jobs.ask.Where()).handled, before.handled)
        assert.strictEqual(yield* jobs.depth, 0)
      }),
    { threads: 1 }
  )
})

describe("the queue", () => {
  pooled("has who submits wait when it is full, in order", (jobs) =>
    Effect.gen(function*() {
      const all = yield* Effect.forEach(Array.from({ length: 40 }, (_, n) => n), (n) => jobs.ask.Echo({ n }), {
        concurrency: "unbounded"
      })
      assert.strictEqual(all.length, 40)
      assert.strictEqual(yield* jobs.depth, 0)
    }), { queue: { capacity: 3 } })

  pooled("refuses with a typed error when it is full and may not wait", (jobs) =>
    Effect.gen(function*() {
      const outcomes = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => Effect.result(jobs.ask.Echo({ n })), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(outcomes.map((one) => one._tag), ["Success", "Success", "Failure", "Failure", "Failure"])
      const full = outcomes[4]!
      if (full._tag === "Failure") {
        assert.strictEqual(full.failure._tag, "MailboxFull")
        assert.include(full.failure.message, "Jobs/pool")
      }
      assert.strictEqual(yield* jobs.ask.Echo({ n: 6 }), 6)
    }), { queue: { capacity: 2, overflow: "fail" } })
})

describe("a worker whose handler waits", () => {
  pooled(
    "is not woken for what others can begin",
    (jobs) =>
      Effect.gen(function*() {
        const waiting = yield* Effect.forkChild(jobs.ask.Wait({ millis: 60_000 }, { timeout: "Infinity" }))
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }, { timeout: "1 second" }), 1)
        yield* Effect.sleep(20)
        assert.strictEqual(yield* jobs.ask.Echo({ n: 2 }, { timeout: "1 second" }), 2)
        yield* Fiber.interrupt(waiting)
      }),
    {},
    tries(60)
  )
})

describe("jobs of jobs", () => {
  // Deeper than there are workers: each of them waits for jobs that only they can run.
  for (const threads of [1, 2]) {
    pooled(`nested deeper than ${threads} workers`, (jobs) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* jobs.ask.Leaves({ depth: 5 }, { timeout: "Infinity" }), 32)
        const several = Effect.forEach([1, 2, 3], () => jobs.ask.Leaves({ depth: 3 }, { timeout: "Infinity" }), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(yield* several, [8, 8, 8])
      }), { threads })
  }

  pooled("find room or are refused: nobody waits for room that may be his own", (jobs) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* jobs.ask.Flood({ jobs: 10 }, { timeout: "Infinity" }), 4)
    }), { queue: { capacity: 4 }, threads: 1 })
})

describe("a worker that dies", () => {
  pooled("loses what it had begun and nothing else", (jobs) =>
    Effect.gen(function*() {
      const waiting = yield* Effect.forEach([0, 1], () =>
        Effect.forkChild(Effect.result(jobs.ask.Wait({ millis: 3_000 }))))
      yield* Effect.sleep(100)
      const queued = yield* Effect.forEach([1, 2, 3, 4], (n) =>
        Effect.forkChild(jobs.ask.Echo({ n }, { timeout: "Infinity" })))
      yield* Effect.sleep(10)
      yield* Fault.kill("worker-0")
      assert.deepStrictEqual(
        yield* Effect.forEach(queued, (fiber) =>
          Fiber.join(fiber)),
        [1, 2, 3, 4]
      )
      const outcomes = yield* Effect.forEach(waiting, (fiber) =>
        Fiber.join(fiber))
      const lost = outcomes.flatMap((one) =>
        one._tag === "Failure" ? [one.failure] : []
      )
      assert.strictEqual(lost.length, 1)
      assert.strictEqual(lost[0]!._tag, "ThreadLost")
      assert.include(lost[0]!.message, "worker-0")
      assert.strictEqual(yield* jobs.depth, 0)
    }))

  pooled("has what may be begun again done by another", (jobs) =>
    Effect.gen(function*() {
      const waiting = yield* Effect.forEach([0, 1], () => Effect.forkChild(jobs.ask.WaitAgain({ millis: 1_000 })))
      yield* Effect.sleep(100)
      yield* Fault.kill("worker-1")
      assert.deepStrictEqual(yield* Effect.forEach(waiting, (fiber) => Fiber.join(fiber)), [1_000, 1_000])
      // Twice is what was allowed.
      const doomed = yield* Effect.forkChild(failure(jobs.ask.WaitAgain({ millis: 4_000 }, { timeout: "Infinity" })))
      for (let i = 0; i < 2; i++) {
        yield* Effect.sleep(500)
        yield* Effect.forEach(["worker-0", "worker-1"], Fault.kill)
      }
      assert.strictEqual((yield* Fiber.join(doomed))._tag, "ThreadLost")
    }))

  pooled("leaves its own jobs to others, whose outcome nobody gets", (jobs) =>
    Effect.gen(function*() {
      const outer = yield* Effect.forkChild(Effect.exit(jobs.ask.Leaves({ depth: 6 }, { timeout: "Infinity" })))
      yield* Effect.sleep(2)
      yield* Fault.kill("worker-0")
      yield* Fiber.join(outer)
      assert.strictEqual(yield* jobs.ask.Leaves({ depth: 4 }, { timeout: "Infinity" }), 16)
    }))

  simulated("too often ends the pool, and settles what it has", () =>
    Effect.gen(function*() {
      const goingOn = made({ intensity: { restarts: 1, within: "1 minute" } })
      const jobs = yield* Effect.provideService(goingOn, Pool.EndsProgram, false)
      const waiting = yield* Effect.forkChild(failure(jobs.ask.Wait({ millis: 600_000 }, { timeout: "Infinity" })))
      yield* Effect.sleep(100)
      yield* Fault.kill("worker-0")
      yield* Effect.sleep(500)
      yield* Fault.kill("worker-0")
      yield* Fault.kill("worker-1")
      const { reason } = yield* jobs.down
      assert.strictEqual(reason._tag, "SupervisorGaveUp")
      assert.include(["ActorStopped", "ThreadLost"], (yield* Fiber.join(waiting))._tag)
      assert.strictEqual((yield* failure(jobs.ask.Echo({ n: 1 })))._tag, "ActorStopped")
      assert.strictEqual((yield* failure(jobs.tell.Note({ n: 1 })))._tag, "ActorStopped")
    }))
})

describe("grace", () => {
  pooled(
    "ends what goes on although nobody waits for it, with its thread and nothing else",
    (jobs) =>
      Effect.gen(function*() {
        const late = yield* failure(jobs.ask.Stubborn({ millis: 600_000 }, { timeout: "20 millis" }))
        assert.strictEqual(late._tag, "AskTimeout")
        const gone = yield* Effect.forkChild(jobs.ask.Stubborn({ millis: 600_000 }, { timeout: "Infinity" }))
        const queued = yield* Effect.forEach(
          [1, 2, 3, 4],
          (n) => Effect.forkChild(jobs.ask.Echo({ n }, { timeout: "Infinity" }))
        )
        yield* Effect.sleep(500)
        // What has no worker waits, and its slots are no others'.
        assert.strictEqual(yield* jobs.depth, 6)
        yield* Fiber.interrupt(gone)
        assert.deepStrictEqual(yield* Effect.forEach(queued, (fiber) => Fiber.join(fiber)), [1, 2, 3, 4])
        while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
        // No restart was counted.
        assert.strictEqual(yield* jobs.ask.Echo({ n: 5 }), 5)
      }).pipe(Effect.timeout("1 minute")),
    { threads: 1, grace: "1 second", intensity: { restarts: 0, within: "1 minute" } }
  )

  pooled("lets come to its end what does so in its time", (jobs) =>
    Effect.gen(function*() {
      yield* jobs.tell.Note({ n: 1 })
      const late = yield* failure(jobs.ask.Stubborn({ millis: 900 }, { timeout: "20 millis" }))
      assert.strictEqual(late._tag, "AskTimeout")
      // An actor on a thread of its own incarnation would have handled nothing.
      assert.strictEqual((yield* jobs.ask.Where()).handled, 1)
      yield* Effect.sleep(5_000)
      assert.strictEqual((yield* jobs.ask.Where()).handled, 1)
    }), { threads: 1, grace: "1 second", intensity: { restarts: 0, within: "1 minute" } })

  pooled("counts for jobs of jobs too", (jobs) =>
    Effect.gen(function*() {
      // Both workers are busy, one with a job that the handler of the other has given up.
      yield* jobs.ask.Abandon({ millis: 600_000 }, { timeout: "Infinity" })
      while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
      const all = yield* Effect.forEach([1, 2, 3, 4], (n) => jobs.ask.Echo({ n }, { timeout: "Infinity" }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(all, [1, 2, 3, 4])
    }).pipe(Effect.timeout("1 minute")), {
    threads: 2,
    grace: 0,
    intensity: { restarts: 0, within: "1 minute" }
  })
})

describe("the end of a pool", () => {
  simulated("handles what was accepted, and takes nothing more", () =>
    Effect.gen(function*() {
      const scoped = Effect.scoped(Effect.gen(function*() {
        const jobs = yield* made()
        const asked = yield* Effect.forkDetach(Effect.forEach([1, 2, 3, 4, 5], (n) => jobs.ask.Echo({ n }), {
          concurrency: "unbounded"
        }))
        // More than there are workers: one waits in the queue.
        const waiting = yield* Effect.forkDetach(
          Effect.forEach([500, 500, 500], (millis) => jobs.ask.Wait({ millis }), {
            concurrency: "unbounded"
          })
        )
        yield* Effect.yieldNow
        return { jobs, asked, waiting }
      }))
      const { asked, jobs, waiting } = yield* scoped
      assert.deepStrictEqual(yield* Fiber.join(waiting), [500, 500, 500])
      assert.deepStrictEqual(yield* Fiber.join(asked), [1, 2, 3, 4, 5])
      const stopped = yield* failure(jobs.ask.Echo({ n: 6 }))
      assert.strictEqual(stopped._tag, "ActorStopped")
      assert.strictEqual((yield* jobs.down).reason._tag, "Stopped")
    }))

  simulated("settles what is not done in its time", () =>
    Effect.gen(function*() {
      const waiting = yield* Effect.scoped(Effect.gen(function*() {
        const jobs = yield* made({ shutdown: "100 millis", queue: { capacity: 1 } })
        const fibers = yield* Effect.forEach(
          [1, 2],
          () => Effect.forkDetach(failure(jobs.ask.Wait({ millis: 600_000 }, { timeout: "Infinity" })))
        )
        yield* Effect.sleep(50)
        return fibers
      }))
      for (const fiber of waiting) assert.strictEqual((yield* Fiber.join(fiber))._tag, "ActorStopped")
    }))

  simulated("says of each job whether it had been begun", () =>
    Effect.gen(function*() {
      const asked = yield* Effect.scoped(Effect.gen(function*() {
        const jobs = yield* made({ threads: 1, concurrency: 1, shutdown: "100 millis", queue: { capacity: 2 } })
        const ask = Effect.forkDetach(failure(jobs.ask.Wait({ millis: 600_000 }, { timeout: "Infinity" })), {
          startImmediately: true
        })
        // One runs, one waits for the worker, and one for room.
        const fibers = [yield* ask, yield* ask, yield* ask]
        while ((yield* Pool.stats(jobs)).running === 0) yield* Effect.sleep(1)
        return fibers
      }))
      const begun = yield* Effect.forEach(
        asked,
        (fiber) => Effect.map(Fiber.join(fiber), (error) => error._tag === "ActorStopped" ? error.begun : error._tag)
      )
      assert.deepStrictEqual(begun, [true, false, false])
    }))

  simulated(
    "knows of a job that was begun again that it may have had effects, also where it waits",
    () =>
      Effect.gen(function*() {
        const asked = yield* Effect.scoped(Effect.gen(function*() {
          const jobs = yield* made({ threads: 1, shutdown: "brutalKill", backoff: Schedule.spaced("1 minute") })
          const again = yield* Effect.forkDetach(
            failure(jobs.ask.WaitAgain({ millis: 600_000 }, { timeout: "Infinity" })),
            { startImmediately: true }
          )
          while ((yield* Pool.stats(jobs)).running === 0) yield* Effect.sleep(1)
          yield* Fault.kill("worker-0")
          while ((yield* Pool.stats(jobs)).workers[0]!.state !== "down") yield* Effect.sleep(1)
          return again
        }))
        const error = yield* Fiber.join(asked)
        assert.deepStrictEqual(error._tag === "ActorStopped" && error.begun, true)
      })
  )
})

describe("the reference of a pool", () => {
  pooled("answers a ping, and refuses what a pool cannot do", (jobs) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* ActorControl.ping(jobs)).status, "idle")
      const paused = yield* Effect.exit(ActorControl.pause(jobs))
      assert.include(String(Exit.isFailure(paused) && Cause.squash(paused.cause)), "is a pool, which knows no pause")
    }))

  simulated("comes from the layer", () =>
    Effect.gen(function*() {
      const jobs = yield* Pool.ref(Jobs)
      assert.strictEqual(yield* jobs.ask.Echo({ n: 3 }), 3)
      assert.strictEqual(jobs.key, "pool")
    }).pipe(Effect.provide(Fault.calmly(Pool.layer(Jobs, { spawn: noThread })))))
})

describe("what makes no sense", () => {
  const refused: ReadonlyArray<readonly [string, Partial<Pool.PoolOptions>]> = [
    ["threads", { threads: 0 }],
    ["threads", { threads: 65 }],
    ["concurrency", { concurrency: -1 }],
    ["queue.capacity", { queue: { capacity: 0 } }],
    ["queue.capacity", { queue: { capacity: 1e6 } }],
    ["queue.capacity", { queue: { capacity: 65_536 }, threads: 64 }],
    ["queue.overflow", { queue: { overflow: "drop" as never } }],
    ["arena.capacityBytes", { arena: { capacityBytes: 10 } }],
    ["shutdown", { shutdown: -1 }],
    ["grace", { grace: "soon" as never }],
    ["profile", { profile: "fast" as never }],
    ["name", { name: "a/b" }]
  ]
  it.effect.each(refused)("%s is refused", ([option, options]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Pool.make(Jobs, { spawn: noThread, ...options })))
      assert.strictEqual(error._tag, "InvalidOptions")
      assert.include(error.message, option)
      assert.include(error.message, "Jobs/")
    }))

  simulated(
    "a behaviour with a stash fails the pool: a job that is put off would keep its worker from all others",
    () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.scoped(made({ intensity: { restarts: 0, within: "1 second" } })))
        assert.strictEqual(error._tag, "ThreadSetupFailed")
        assert.include(error.message, "stash: pool is true, expected none")
      }),
    {
      worker: () =>
        PoolThread.launch(Jobs.toLayer(Effect.as(Jobs.stash({ capacity: 1 }), {} as Actor.Handlers<typeof Jobs>)))
    }
  )

  simulated("a worker without the behaviour fails the pool", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(made({ intensity: { restarts: 0, within: "1 second" } })))
      assert.strictEqual(error._tag, "ThreadSetupFailed")
      assert.include(error.message, "no behaviour \"Jobs\"")
    }), { worker: () => PoolThread.launch(Layer.empty) })
})

describe("what a pool says of itself", () => {
  pooled("is what each worker does and has done, and how long jobs wait and run", (jobs) =>
    Effect.gen(function*() {
      const none = yield* Pool.stats(jobs)
      assert.deepStrictEqual([none.depth, none.running, none.jobs, none.queueTime.count], [0, 0, 0, 0])
      assert.deepStrictEqual(none.workers.map(({ place, restarts }) => [place, restarts]), [[0, 0], [1, 0]])

      const long = yield* Effect.forkChild(
        Effect.all([1, 2, 3, 4].map(() => jobs.ask.Wait({ millis: 2000 })), { concurrency: "unbounded" })
      )
      yield* Effect.sleep("1 second")
      const busy = yield* Pool.stats(jobs)
      assert.deepStrictEqual([busy.depth, busy.running, busy.jobs], [4, 2, 0])
      assert.deepStrictEqual(busy.workers.map(({ state }) => state), ["busy", "busy"])
      for (const { busyMillis } of busy.workers) assert.isTrue(busyMillis >= 800 && busyMillis <= 1200, `${busyMillis}`)

      yield* Fiber.join(long)
      yield* Effect.sleep("1 second")
      const done = yield* Pool.stats(jobs)
      assert.deepStrictEqual([done.depth, done.running, done.jobs], [0, 0, 4])
      assert.deepStrictEqual(done.workers.map(({ state }) => state), ["asleep", "asleep"])
      assert.deepStrictEqual(done.workers.map(({ jobs }) => jobs), [2, 2])
      for (const { busyMillis } of done.workers) {
        assert.isTrue(busyMillis >= 3900 && busyMillis <= 4300, `${busyMillis}`)
      }
      // Two have waited for two seconds, each time is at most a quarter too long.
      assert.deepStrictEqual([done.queueTime.count, done.runTime.count], [4, 4])
      const [median, most] = [done.queueTime.quantile(0.5), done.queueTime.quantile(1)]
      assert.isTrue(median < 300 && most >= 1900 && most < 2700, `${median} ${most}`)
      const ran = done.runTime.quantile(0.5)
      assert.isTrue(ran >= 2000 && ran < 2700, `${ran}`)
      // Nobody looks at a clock for what has no deadline.
      yield* jobs.ask.Echo({ n: 1 }, { timeout: "Infinity" })
      yield* Effect.sleep("1 second")
      const last = yield* Pool.stats(jobs)
      assert.deepStrictEqual([last.jobs, last.queueTime.count, last.runTime.count], [5, 4, 5])
    }))

  pooled("goes on over the death of a worker, whose jobs do not run any more", (jobs) =>
    Effect.gen(function*() {
      const gone = yield* failure(jobs.ask.Exit({ code: 3 }))
      assert.strictEqual(gone._tag, "ThreadLost")
      yield* Effect.sleep("1 second")
      assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }), 1)
      yield* Effect.sleep("1 second")
      const { depth, jobs: ended, running, workers } = yield* Pool.stats(jobs)
      assert.deepStrictEqual([depth, running, ended], [0, 0, 1])
      assert.deepStrictEqual(workers.map(({ restarts }) => restarts).toSorted((a, b) => a - b), [0, 1])
      assert.isTrue(workers.every(({ state }) => state === "asleep"))
    }))

  pooled("never goes back, and has nothing run by who is down", (jobs) =>
    Effect.gen(function*() {
      let last: Pool.PoolStats | undefined
      const wrong: Array<string> = []
      const busyOf = ({ workers }: Pool.PoolStats) => workers.reduce((sum, { busyMillis }) => sum + busyMillis, 0)
      const look = Effect.map(Pool.stats(jobs), (now) => {
        if (now.workers.some(({ running, state }) => state === "down" && running > 0)) {
          wrong.push("runs while it is down")
        }
        if (last !== undefined && busyOf(now) < busyOf(last)) wrong.push(`${busyOf(last)} ms, then ${busyOf(now)} ms`)
        last = now
      })
      const looking = yield* Effect.forkChild(Effect.forever(Effect.andThen(look, Effect.sleep("20 millis"))))
      const lost = yield* Effect.forkChild(failure(jobs.ask.Wait({ millis: 600_000 }, { timeout: "Infinity" })))
      yield* Effect.sleep("1 second")
      // One of them has it.
      yield* Fault.kill("worker-0")
      yield* Fault.kill("worker-1")
      assert.strictEqual((yield* Fiber.join(lost))._tag, "ThreadLost")
      yield* Effect.sleep("1 second")
      yield* Fiber.interrupt(looking)
      assert.deepStrictEqual(wrong, [])
      const busy = busyOf(yield* Pool.stats(jobs))
      assert.isTrue(busy >= 950 && busy < 1100, `${busy}`)
    }), { backoff: Schedule.spaced("100 millis") })

  simulated("counts a job once that finds its actor ended, and is done by the next one", () =>
    Effect.gen(function*() {
      const intensity = { restarts: 100, within: "1 minute" } as const
      const frail = yield* Fault.calm(Pool.make(Frail, { spawn: noThread, threads: 1, intensity }))
      const all = Array.from({ length: 12 }, (_, n) => n)
      yield* Effect.forEach(all, (n) => Effect.exit(frail.ask.Try({ n })), { concurrency: "unbounded" })
      yield* Effect.sleep("1 second")
      const { jobs, queueTime, running, runTime } = yield* Pool.stats(frail)
      assert.deepStrictEqual([jobs, running, runTime.count], [12, 0, 12])
      assert.isAbove(queueTime.count, 12)
    }), { worker: () => PoolThread.launch(FrailLive) })

  simulated("has a worker down until its layer is built", () =>
    Effect.gen(function*() {
      const jobs = yield* made({ threads: 1 })
      const state = Effect.map(Pool.stats(jobs), ({ workers }) => workers[0]!.state)
      assert.notStrictEqual(yield* state, "down")
      yield* Fault.kill("worker-0")
      yield* Effect.sleep("400 millis")
      assert.strictEqual(yield* state, "down")
      yield* Effect.sleep("1 second")
      assert.strictEqual(yield* state, "asleep")
    }), { worker: () => PoolThread.launch(Layer.provide(JobsLive, Layer.effectDiscard(Effect.sleep("800 millis")))) })

  pooled("sees a worker that is being started again", (jobs) =>
    Effect.gen(function*() {
      const seen = new Set<string>()
      const look = Effect.flatMap(Pool.stats(jobs), ({ workers }) =>
        Effect.andThen(
          Effect.sync(() => workers.forEach(({ state }) => seen.add(state))),
          Effect.sleep("1 millis")
        ))
      const looking = yield* Effect.forkChild(Effect.forever(look))
      yield* Effect.ignore(jobs.ask.Exit({ code: 1 }))
      yield* Effect.sleep("1 second")
      yield* Fiber.interrupt(looking)
      assert.isTrue(seen.has("down") && seen.has("asleep"), [...seen].join())
    }), { backoff: Schedule.spaced("100 millis") })

  it.effect("is nothing that an actor has", () =>
    Effect.gen(function*() {
      const actor = yield* Plain.spawn("a")
      const exit = yield* Effect.exit(Pool.stats(actor))
      assert.include(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), "ActorRef(Plain/a) is no pool")
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(PlainLive, ActorSystem.layer))))
})
