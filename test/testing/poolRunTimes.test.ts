/** How long the run of a job may take (`runTimeout`), in simulations: each by several seeds. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, type ActorError, Interceptor, Pool, PoolThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { Jobs, JobsLive } from "../fixtures/jobs.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

/** An actor of it takes a second to be there again. */
const Slow = Actor.make("Slow", [
  Rpc.make("Wait", { payload: { millis: Schema.Int }, success: Schema.Int }),
  Rpc.make("Boom"),
  /** Waits for so long before its first element, and before each one behind it. */
  Rpc.make("Ticks", {
    payload: { first: Schema.Int, next: Schema.Int },
    success: Schema.Int,
    stream: true
  }),
  /** No interruption ends it, and it may be begun twice. */
  Rpc.make("Hold", { payload: { millis: Schema.Int } }).annotate(Pool.Attempts, 2),
  /** Asks the same pool, with a limit of its own where it has one. */
  Rpc.make("Ask", { payload: { millis: Schema.Int, limit: Schema.Int }, success: Schema.String })
])

const SlowLive = Slow.toLayer(Effect.gen(function*() {
  yield* Effect.sleep("1 second")
  return Slow.of({
    Wait: ({ millis }) => Effect.as(Effect.sleep(millis), millis),
    Boom: () => Effect.die(new Error("boom")),
    Ticks: ({ first, next }) =>
      Stream.fromIterable([0, 1, 2]).pipe(
        Stream.mapEffect((n) => Effect.as(Effect.sleep(n === 0 ? first : next), n))
      ),
    Hold: ({ millis }) => Effect.uninterruptible(Effect.sleep(millis)),
    Ask: ({ limit, millis }) =>
      Effect.flatMap(
        Pool.ref(Slow),
        (slow) =>
          Effect.match(slow.ask.Wait({ millis }, { timeout: "Infinity", runTimeout: limit || undefined }), {
            onSuccess: (answer) => `${answer}`,
            onFailure: (error) => error._tag
          })
      )
  })
}))

const slowWorker = () => PoolThread.launch(SlowLive)

type JobsRef = Pool.Ref<typeof Jobs>
type SlowRef = Pool.Ref<typeof Slow>

const options = (own: Partial<Pool.PoolOptions> = {}): Pool.PoolOptions => ({
  spawn: noThread,
  threads: 1,
  grace: "1 second",
  intensity: { restarts: 0, within: "1 minute" },
  ...own
})

const simulated = (
  name: string,
  body: Effect.Effect<unknown, unknown, Scope.Scope>,
  worker: () => unknown = () => PoolThread.launch(JobsLive)
) =>
  it.effect(name, () =>
    Simulation.check({
      name,
      seeds: tries(8),
      faults: { portDelay: 2, lateWake: 10 },
      worker
    }, Effect.scoped(body)))

/** The test of a pool with such options. */
const pooled = (
  name: string,
  body: (jobs: JobsRef) => Effect.Effect<unknown, unknown, Scope.Scope>,
  own?: Partial<Pool.PoolOptions>
) => simulated(name, Effect.flatMap(Fault.calm(Pool.make(Jobs, options(own))), body))

const slowly = (
  name: string,
  body: (slow: SlowRef) => Effect.Effect<unknown, unknown, Scope.Scope>,
  own?: Partial<Pool.PoolOptions>
) => simulated(name, Effect.flatMap(Fault.calm(Pool.make(Slow, options(own))), body), slowWorker)

const forever = { timeout: "Infinity" } as const

/** With what an ask has failed, where that is that its run has taken too long. */
const overrun = <A, E>(ask: Effect.Effect<A, E | ActorError.AskError>) =>
  Effect.map(Effect.flip(ask), (error) => {
    const found = error as ActorError.AskError
    if (found._tag !== "AskTimeout" || found.run === undefined) return assert.fail(String(found))
    return { ...found.run, timeoutMillis: found.timeoutMillis, message: found.message }
  })

const emptied = (jobs: { readonly depth: Effect.Effect<number> }) =>
  Effect.gen(function*() {
    while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
  })

const elapsed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([duration, value]) => [Duration.toMillis(duration), value] as const)

const isNear = (found: number, wanted: number, within = 5): void =>
  assert.isTrue(found >= wanted && found <= wanted + within, `${found} is not ${wanted} and a little more`)

describe("the time of a run", () => {
  pooled("J31 begins with it, and the time in the queue is another one", (jobs) =>
    Effect.gen(function*() {
      yield* Effect.sleep("5 seconds")
      const before = yield* jobs.ask.Interrupted()
      const first = yield* Effect.forkChild(jobs.ask.Wait({ millis: 1_000 }, forever))
      yield* Effect.sleep(50)
      // It waits for almost five times as long as it may run.
      const second = yield* Effect.forkChild(jobs.ask.Wait({ millis: 150 }, { ...forever, runTimeout: "200 millis" }))
      const third = yield* Effect.forkChild(
        elapsed(overrun(jobs.ask.Wait({ millis: 250 }, { ...forever, runTimeout: "200 millis" })))
      )
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second)], [1_000, 150])
      const [took, error] = yield* Fiber.join(third)
      isNear(took, 1_300, 60)
      assert.strictEqual(error.timeoutMillis, 200)
      isNear(error.ranMillis, 200)
      isNear(error.waitedMillis, 1_100, 55)
      assert.match(
        error.message,
        /^Jobs\/pool has run Wait for 20[0-5] ms, and may for 200 ms; before that it had waited for 11[0-5]\d ms$/
      )
      yield* emptied(jobs)
      assert.strictEqual(yield* jobs.ask.Interrupted(), before + 1)
    }))

  pooled("is told with the time for which the ask had waited, for room too", (jobs) =>
    Effect.gen(function*() {
      yield* Effect.sleep("5 seconds")
      const first = yield* Effect.forkChild(jobs.ask.Wait({ millis: 1_000 }, forever))
      yield* Effect.sleep(50)
      const second = yield* Effect.forkChild(
        overrun(jobs.ask.Wait({ millis: 600_000 }, { timeout: "1 minute", runTimeout: "200 millis" }))
      )
      isNear((yield* Fiber.join(second)).waitedMillis, 945, 20)
      yield* Fiber.join(first)
      yield* emptied(jobs)
    }), { queue: { capacity: 1 } })

  pooled("of a job that was never begun is not over, and the time of the ask is", (jobs) =>
    Effect.gen(function*() {
      const before = yield* jobs.ask.Where()
      const first = yield* Effect.forkChild(jobs.ask.Wait({ millis: 1_000 }, forever))
      yield* Effect.sleep(50)
      const late = yield* Effect.flip(jobs.ask.Wait({ millis: 1 }, { timeout: "500 millis", runTimeout: "20 millis" }))
      assert.strictEqual(late._tag, "AskTimeout")
      if (late._tag === "AskTimeout") assert.deepStrictEqual([late.timeoutMillis, late.run], [500, undefined])
      yield* Fiber.join(first)
      assert.strictEqual((yield* jobs.ask.Where()).handled, before.handled)
      yield* emptied(jobs)
    }))

  pooled("ends a job that would not end by itself, with its thread after the grace", (jobs) =>
    Effect.gen(function*() {
      const [took, error] = yield* elapsed(overrun(
        jobs.ask.Stubborn({ millis: 600_000 }, { ...forever, runTimeout: "200 millis" })
      ))
      isNear(took, 200, 60)
      isNear(error.ranMillis, 200)
      // It is busy until then.
      const [behind, echo] = yield* elapsed(jobs.ask.Echo({ n: 1 }, forever))
      assert.strictEqual(echo, 1)
      assert.isAtLeast(behind, 1_000)
      yield* emptied(jobs)
    }).pipe(Effect.timeout("1 minute")))

  pooled(
    "is that of the pool unless the job says another one, or that it has none",
    (jobs) =>
      Effect.gen(function*() {
        const asks = [
          jobs.ask.Wait({ millis: 200 }),
          jobs.ask.Wait({ millis: 200 }, { runTimeout: "1 second" }),
          jobs.ask.Wait({ millis: 200 }, { runTimeout: "Infinity" }),
          jobs.ask.Wait({ millis: 200 }, { runTimeout: Duration.infinity }),
          jobs.ask.Wait({ millis: 90 }),
          jobs.ask.Wait({ millis: 90 }, { runTimeout: "50 millis", priority: "high", key: "a" })
        ]
        const exits = yield* Effect.forEach(asks, (ask) => Effect.result(ask))
        assert.deepStrictEqual(
          exits.map((exit) =>
            exit._tag === "Success" ? exit.success : exit.failure._tag === "AskTimeout" && exit.failure.timeoutMillis
          ),
          [100, 200, 200, 200, 90, 50]
        )
        // A worker that was asked for by name has that of the pool, too.
        const [worker] = Pool.workers(jobs)
        assert.strictEqual((yield* overrun(worker!.ask.Wait({ millis: 200 }))).timeoutMillis, 100)
        yield* emptied(jobs)
      }),
    { runTimeout: "100 millis" }
  )

  pooled("goes for each job of those that a worker runs at once", (jobs) =>
    Effect.gen(function*() {
      const asks = [40, 90, 140].map((millis) =>
        Effect.result(jobs.ask.Wait({ millis }, { ...forever, runTimeout: "100 millis" }))
      )
      const exits = yield* Effect.forEach(asks, (ask, i) => Effect.andThen(Effect.sleep(10 * i), ask), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(exits.map(({ _tag }) => _tag), ["Success", "Success", "Failure"])
      yield* emptied(jobs)
    }), { concurrency: 3 })

  pooled("is each attempt's own", (jobs) =>
    Effect.gen(function*() {
      const again = yield* Effect.forkChild(
        jobs.ask.WaitAgain({ millis: 1_000 }, { ...forever, runTimeout: "1100 millis" })
      )
      yield* Effect.sleep(800)
      yield* Fault.kill("worker-0")
      assert.strictEqual(yield* Fiber.join(again), 1_000)
      const late = yield* Effect.forkChild(
        overrun(jobs.ask.WaitAgain({ millis: 2_000 }, { ...forever, runTimeout: "1100 millis" }))
      )
      yield* Effect.sleep(800)
      yield* Fault.kill("worker-0")
      const { ranMillis, waitedMillis } = yield* Fiber.join(late)
      isNear(ranMillis, 1_100)
      assert.isAtLeast(waitedMillis, 790)
      yield* emptied(jobs)
    }), { intensity: { restarts: 100, within: "1 minute" } })

  pooled(
    "of a job that is begun again is over once its thread has ended for it, and it is begun no more",
    (jobs) =>
      Effect.gen(function*() {
        const late = yield* Effect.forkChild(
          overrun(jobs.ask.WaitAgain({ millis: 600_000 }, { ...forever, runTimeout: "100 millis" }))
        )
        yield* Fiber.join(late)
        yield* Fault.kill("worker-0")
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }, forever), 1)
        assert.strictEqual((yield* Pool.stats(jobs)).running, 0)
        yield* emptied(jobs)
      }),
    { intensity: { restarts: 100, within: "1 minute" } }
  )

  const Log = Effect.sync(() => {
    const lines: Array<string> = []
    const layer = Logger.layer([Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))])
    return { lines, layer }
  })

  simulated(
    "of a job that was told is over as well, and the log says so",
    Effect.gen(function*() {
      const { layer, lines } = yield* Log
      yield* Effect.scoped(Effect.gen(function*() {
        const jobs = yield* Fault.calm(Pool.make(Jobs, options()))
        const before = yield* jobs.ask.Interrupted()
        yield* jobs.tell.Wait({ millis: 600_000 }, { runTimeout: "200 millis" })
        assert.isTrue(jobs.tellUnsafe.Wait({ millis: 150 }, { runTimeout: "200 millis" }))
        yield* jobs.tell.Stubborn({ millis: 600_000 }, { runTimeout: "200 millis" })
        yield* jobs.tell.WaitAgain({ millis: 600_000 }, { runTimeout: "200 millis" })
        yield* emptied(jobs)
        // The third has taken its thread with it, and what that had counted.
        assert.strictEqual(yield* jobs.ask.Interrupted(), before + 2)
      })).pipe(Effect.provide(layer))
      const told = lines.filter((line) => line.includes("told"))
      assert.deepStrictEqual(told.map((line) => line.replace(/20\d ms/, "200 ms")), [
        "Jobs/pool: a Wait that was told is interrupted,it has run for 200 ms, and may for 200",
        "Jobs/pool: a Stubborn that was told is interrupted,it has run for 200 ms, and may for 200",
        "Jobs/pool: a Stubborn that was told is lost with worker-0,it was replaced, because a Stubborn went on for 1000 ms after nobody waited for it any more",
        "Jobs/pool: a WaitAgain that was told is interrupted,it has run for 200 ms, and may for 200"
      ])
    }).pipe(Effect.timeout("1 minute"))
  )

  simulated(
    "of what a thread has told that has left is looked after by whoever has its row",
    Effect.gen(function*() {
      const { layer, lines } = yield* Log
      yield* Effect.scoped(Effect.gen(function*() {
        const jobs = yield* Fault.calm(Pool.make(Jobs, options({ runTimeout: "200 millis" })))
        const scope = yield* Scope.make()
        const joined = yield* Scope.provide(Pool.join(Jobs), scope)
        // By the default of the pool, which who joins is told.
        yield* joined.tell.Wait({ millis: 600_000 })
        yield* joined.tell.Wait({ millis: 600_000 }, { runTimeout: "300 millis" })
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }, forever), 1)
        yield* emptied(jobs)
      })).pipe(Effect.provide(layer))
      assert.deepStrictEqual(
        lines.map((line) => line.replace(/0\d ms/, "00 ms")),
        [
          "Jobs/pool: a Wait that was told is interrupted,it has run for 200 ms, and may for 200",
          "Jobs/pool: a Wait that was told is interrupted,it has run for 300 ms, and may for 300"
        ]
      )
    }).pipe(Effect.timeout("1 minute"))
  )

  simulated(
    "goes on, and does not begin anew, when the thread leaves that has told",
    Effect.gen(function*() {
      const { layer, lines } = yield* Log
      yield* Effect.scoped(Effect.gen(function*() {
        const jobs = yield* Fault.calm(Pool.make(Jobs, options({ runTimeout: "10 seconds" })))
        const told = (tell: (joined: JobsRef) => Effect.Effect<void, unknown>, leavesAfter: number) =>
          Effect.gen(function*() {
            const scope = yield* Scope.make()
            const joined = yield* Scope.provide(Pool.join(Jobs), scope)
            yield* tell(joined)
            yield* Effect.sleep(leavesAfter)
            yield* Scope.close(scope, Exit.void)
            // Behind it.
            yield* jobs.ask.Echo({ n: 1 }, forever)
          })
        // It leaves before the time is over, or when its handler should have come to its end by then.
        const [before] = yield* elapsed(told((joined) => joined.tell.Wait({ millis: 600_000 }), 9_900))
        isNear(before, 10_000, 150)
        const [after] = yield* elapsed(told((joined) => joined.tell.Stubborn({ millis: 600_000 }), 10_500))
        // The grace is given anew.
        isNear(after, 11_500, 150)
      })).pipe(Effect.provide(layer))
      const interrupted = lines.filter((line) => line.includes("interrupted"))
      assert.strictEqual(interrupted.length, 2)
    }).pipe(Effect.timeout("5 minutes"))
  )

  simulated(
    "of a job that was told is over for good, also when its thread dies and it might be begun again",
    Effect.gen(function*() {
      const { layer, lines } = yield* Log
      yield* Effect.scoped(Effect.gen(function*() {
        const slow = yield* Fault.calm(Pool.make(Slow, options({ intensity: { restarts: 9, within: "1 minute" } })))
        yield* slow.tell.Hold({ millis: 600_000 }, { runTimeout: "200 millis" })
        yield* Effect.sleep(500)
        yield* Fault.kill("worker-0")
        yield* emptied(slow)
      })).pipe(Effect.provide(layer))
      assert.deepStrictEqual(
        lines.filter((line) => line.includes("told")).map((line) => line.split(",")[0]),
        ["Slow/pool: a Hold that was told is interrupted", "Slow/pool: a Hold that was told is lost with worker-0"]
      )
    }).pipe(Effect.timeout("1 minute")),
    slowWorker
  )

  slowly("does not count how long an actor takes to be there again", (slow) =>
    Effect.gen(function*() {
      for (let i = 0; i < 2; i++) {
        yield* Effect.exit(slow.ask.Boom())
        const [took, answer] = yield* elapsed(slow.ask.Wait({ millis: 50 }, { ...forever, runTimeout: "100 millis" }))
        assert.strictEqual(answer, 50)
        assert.isAtLeast(took, 900)
      }
      yield* Effect.exit(slow.ask.Boom())
      isNear((yield* overrun(slow.ask.Wait({ millis: 150 }, { ...forever, runTimeout: "100 millis" }))).ranMillis, 100)
      yield* emptied(slow)
    }))

  slowly("of a stream goes to its first element, and what follows has any time", (slow) =>
    Effect.gen(function*() {
      const all = slow.ask.Ticks({ first: 50, next: 500 }, { ...forever, bufferSize: 1 })
      assert.deepStrictEqual(yield* Stream.runCollect(all), [0, 1, 2])
      const late = slow.ask.Ticks({ first: 600, next: 1 }, { ...forever, runTimeout: "200 millis" })
      isNear((yield* overrun(Stream.runCollect(late))).ranMillis, 200)
      yield* emptied(slow)
    }), { runTimeout: "100 millis" })

  slowly("of a job of a job is its own, and goes while the other one waits", (slow) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* slow.ask.Ask({ millis: 50, limit: 100 }), "50")
      assert.strictEqual(yield* slow.ask.Ask({ millis: 150, limit: 100 }), "AskTimeout")
      // What it waits for is part of its run, and is given up with it.
      const outer = yield* overrun(
        slow.ask.Ask({ millis: 600_000, limit: 500_000 }, { ...forever, runTimeout: "100 millis" })
      )
      isNear(outer.ranMillis, 100)
      yield* emptied(slow)
      assert.strictEqual(yield* slow.ask.Wait({ millis: 1 }), 1)
    }))

  slowly("of a job of a job is that of the pool where it says none", (slow) =>
    Effect.gen(function*() {
      const [took, answer] = yield* elapsed(
        slow.ask.Ask({ millis: 2_000, limit: 0 }, { ...forever, runTimeout: "Infinity" })
      )
      assert.strictEqual(answer, "AskTimeout")
      // Its worker had to build another actor first.
      isNear(took, 1_300, 30)
      yield* emptied(slow)
    }), { runTimeout: "300 millis" })

  pooled(
    "is over beside an interruption, the end of the worker and of the pool, and the job settles once",
    (jobs) =>
      Effect.gen(function*() {
        const limited = { ...forever, runTimeout: "100 millis" } as const
        for (const millis of [98, 99, 100, 101, 102]) {
          const waiting = yield* Effect.forkChild(Effect.exit(jobs.ask.Wait({ millis: 1_000 }, limited)))
          const ended = yield* Effect.forkChild(Effect.exit(jobs.ask.Wait({ millis }, limited)))
          yield* Effect.sleep(millis)
          yield* Fiber.interrupt(waiting)
          const exit = yield* Fiber.join(ended)
          const [reason] = Exit.isFailure(exit) ? exit.cause.reasons : []
          assert.isTrue(reason === undefined || Cause.isFailReason(reason) && reason.error._tag === "AskTimeout")
          const dying = yield* Effect.forkChild(Effect.exit(jobs.ask.Wait({ millis: 1_000 }, limited)))
          yield* Effect.sleep(millis)
          yield* Fault.kill("worker-0")
          const died = yield* Fiber.join(dying)
          assert.isTrue(Exit.isFailure(died))
        }
        yield* emptied(jobs)
      }),
    { threads: 2, concurrency: 2, intensity: { restarts: 100, within: "1 minute" } }
  )

  pooled("goes on over a reload, which waits for it", (jobs) =>
    Effect.gen(function*() {
      const limited = { ...forever, runTimeout: "500 millis" } as const
      const late = yield* Effect.forkChild(overrun(jobs.ask.Wait({ millis: 600_000 }, limited)))
      const queued = yield* Effect.forkChild(jobs.ask.Wait({ millis: 450 }, limited))
      yield* Effect.sleep(50)
      const [took] = yield* elapsed(Pool.reload(jobs))
      assert.isAtLeast(took, 440)
      yield* Fiber.join(late)
      assert.strictEqual(yield* Fiber.join(queued), 450)
      yield* emptied(jobs)
    }))

  pooled(
    "of what is given up for a newer job is nobody's any more",
    (jobs) =>
      Effect.gen(function*() {
        const limited = { ...forever, runTimeout: "100 millis" } as const
        const first = yield* Effect.forkChild(jobs.ask.Wait({ millis: 90 }, limited))
        yield* Effect.sleep(10)
        const given = yield* Effect.forkChild(Effect.flip(jobs.ask.Wait({ millis: 90 }, limited)))
        yield* Effect.sleep(1)
        const second = yield* Effect.forkChild(jobs.ask.Wait({ millis: 80 }, limited))
        assert.strictEqual((yield* Fiber.join(given))._tag, "MailboxFull")
        assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second)], [90, 80])
        yield* Effect.sleep(500)
        yield* emptied(jobs)
      }),
    { queue: { capacity: 2, overflow: "dropOldest" } }
  )

  pooled("of each item of a batch is its own", (jobs) =>
    Effect.gen(function*() {
      const limited = { runTimeout: "100 millis" } as const
      const items = [10, 20, 30, 150, 40, 50, 60, 70, 80, 90]
      const ask = (millis: number) => jobs.ask.Wait({ millis }, limited)
      const [done, late] = yield* Pool.partition(jobs, items, ask)
      assert.deepStrictEqual([done, late.length], [items.filter((millis) => millis !== 150), 1])
      const inTime = items.filter((millis) => millis < 100)
      assert.deepStrictEqual(yield* Pool.forEach(jobs, inTime, ask), inTime)
      assert.deepStrictEqual(yield* Stream.runCollect(Pool.map(jobs, inTime, ask)), inTime)
      yield* emptied(jobs)
    }))

  pooled("is what was said through a reference that something is around", (jobs) =>
    Effect.gen(function*() {
      const around = Interceptor.sending(jobs, (_, next) => next)
      const limited = { ...forever, runTimeout: "100 millis" } as const
      assert.strictEqual((yield* overrun(around.ask.Wait({ millis: 150 }, limited))).timeoutMillis, 100)
      yield* around.tell.Wait({ millis: 600_000 }, limited)
      yield* emptied(jobs)
    }).pipe(Effect.timeout("10 seconds")))

  const nonsense: ReadonlyArray<unknown> = [0, -1, NaN, "0 millis", "soon", null, {}, "25 days", -Infinity]

  pooled("is refused for what is no such time", (jobs) =>
    Effect.gen(function*() {
      for (const value of nonsense) {
        const runTimeout = value as never
        for (const sent of [jobs.ask.Echo({ n: 1 }, { runTimeout }), jobs.tell.Note({ n: 1 }, { runTimeout })]) {
          const exit = yield* Effect.exit(sent)
          const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : assert.fail("it was sent")
          assert.deepInclude({ ...(defect as object) }, { _tag: "InvalidOptions", option: "runTimeout" })
        }
        assert.throws(() => jobs.tellUnsafe.Note({ n: 1 }, { runTimeout }), /runTimeout/)
        assert.throws(() => jobs.askUnsafe.Echo({ n: 1 }, () => {}, { runTimeout }), /runTimeout/)
        const refused = yield* Effect.flip(Effect.scoped(Pool.make(Jobs, options({ runTimeout }))))
        assert.deepInclude({ ...refused }, { _tag: "InvalidOptions", option: "runTimeout" })
      }
      assert.throws(() => jobs.tellUnsafe.Note({ n: 1 }, { runTimeout: "soon" as never }), /runTimeout is "soon"/)
      // Just above nothing it is a millisecond, and the longest is one.
      assert.strictEqual(yield* jobs.ask.Echo({ n: 2 }, { runTimeout: "24 days" }), 2)
      const least = yield* overrun(jobs.ask.Wait({ millis: 50 }, { runTimeout: "1 micro" }))
      assert.strictEqual(least.timeoutMillis, 1)
      yield* emptied(jobs)
    }))

  pooled("of a long queue is looked at no more often than every ten milliseconds", (jobs) =>
    Effect.gen(function*() {
      const first = yield* Effect.forkChild(jobs.ask.Wait({ millis: 1_000 }, forever))
      yield* Effect.sleep(5)
      const limited = { ...forever, runTimeout: "1 milli" } as const
      const late = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], () => overrun(jobs.ask.Wait({ millis: 500 }, limited)), { concurrency: "unbounded" })
      )
      yield* Fiber.join(first)
      const since = yield* Clock.currentTimeMillis
      for (const { ranMillis } of yield* Fiber.join(late)) isNear(ranMillis, 1, 15)
      assert.isAtMost((yield* Clock.currentTimeMillis) - since, 60)
      yield* emptied(jobs)
    }))
})
