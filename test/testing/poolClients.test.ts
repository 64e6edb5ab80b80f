/** A pool as threads use it that have not made it, in simulations: each by several seeds. The main thread may be such a thread too. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, Pool, PoolThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { Jobs, JobsLive } from "../fixtures/jobs.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const make = (options: Partial<Pool.PoolOptions> = {}) =>
  Fault.calm(Pool.make(Jobs, {
    spawn: noThread,
    threads: 2,
    intensity: { restarts: 1_000_000, within: "1 minute" },
    ...options
  }))

const simulated = (
  name: string,
  body: Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Simulation.CheckOptions> = {}
) =>
  it.effect(name, () =>
    Simulation.check({
      name,
      seeds: tries(8),
      faults: { portDelay: 2, lateWake: 10 },
      worker: () => PoolThread.launch(JobsLive),
      ...options
    }, Effect.scoped(body)))

const forever = { timeout: "Infinity" } as const

describe("a thread that joins a pool", () => {
  simulated(
    "waits for one that is not there yet, and hears when there is none",
    Effect.gen(function*() {
      const joining = yield* Effect.forkChild(Pool.join(Jobs))
      yield* Effect.sleep(1000)
      yield* make()
      const jobs = yield* Fiber.join(joining)
      assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }), 1)
      const other = yield* Effect.flip(Pool.join(Jobs, { name: "other", timeout: "3 seconds" }))
      assert.deepStrictEqual([other._tag, other.message.includes("Jobs/other")], ["PoolNotFound", true])
      const wrong = yield* Effect.flip(Pool.join(Jobs, { timeout: "soon" as never }))
      assert.strictEqual(wrong._tag, "InvalidOptions")
    })
  )

  simulated(
    "finds no place among as many as may, until one leaves",
    Effect.gen(function*() {
      yield* make({ clients: 2 })
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(Pool.join(Jobs), scope)
      yield* Pool.join(Jobs)
      const crowded = yield* Effect.flip(Pool.join(Jobs))
      assert.deepInclude({ ...crowded }, { _tag: "PoolCrowded", clients: 2 })
      const waiting = yield* Effect.forkChild(Effect.flip(first.ask.Wait({ millis: 3000 }, forever)))
      const noted = Effect.map(first.ask.Where(), ({ handled }) => handled)
      yield* noted
      yield* Effect.sleep(10)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      // Who has left waits for nothing, and asks nothing.
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "ActorStopped")
      assert.strictEqual((yield* Effect.flip(first.ask.Echo({ n: 1 })))._tag, "ActorStopped")
      assert.strictEqual(yield* first.depth, 0)
      yield* Effect.sleep(1000)
      const next = yield* Pool.join(Jobs)
      assert.strictEqual(yield* next.ask.Echo({ n: 2 }), 2)
    })
  )

  simulated(
    "gives up looking, and takes no place by that",
    Effect.gen(function*() {
      const gone = yield* Effect.forkChild(Effect.scoped(Pool.join(Jobs, { timeout: "1 hour" })))
      const late = yield* Effect.forkChild(Effect.exit(Effect.scoped(Pool.join(Jobs, { timeout: "10 millis" }))))
      yield* Effect.sleep(10)
      const making = yield* Effect.forkChild(make({ clients: 1 }))
      yield* Fiber.interrupt(gone)
      yield* Fiber.join(late)
      yield* Fiber.join(making)
      const jobs = yield* Pool.join(Jobs)
      assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }), 1)
    })
  )

  simulated(
    "says that it speaks otherwise, or that there are two of the name",
    Effect.gen(function*() {
      yield* make()
      const Other = Actor.make("Jobs", [Rpc.make("Echo", { payload: { n: Schema.String }, success: Schema.String })])
      const other = yield* Effect.flip(Pool.join(Other))
      assert.strictEqual(other._tag, "LayoutMismatch")
      assert.match(other.message, /is defined otherwise on the other thread: /)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* make()
        yield* make({ name: "own" })
        assert.strictEqual((yield* Effect.flip(Pool.join(Jobs)))._tag, "PoolAmbiguous")
        const own = yield* Pool.join(Jobs, { name: "own" })
        assert.deepStrictEqual([own.key, yield* own.ask.Echo({ n: 1 })], ["own", 1])
      }))
      const jobs = yield* Pool.join(Jobs)
      assert.deepStrictEqual([jobs.key, yield* jobs.ask.Echo({ n: 1 })], ["pool", 1])
    })
  )

  simulated(
    "hears of the end of the pool, and why",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* make({ intensity: { restarts: 0, within: "1 minute" } }).pipe(
        Effect.provideService(Pool.EndsProgram, false),
        Scope.provide(scope)
      )
      const jobs = yield* Pool.join(Jobs)
      const idle = yield* Pool.join(Jobs)
      const down = yield* Effect.forkChild(idle.down)
      const waiting = yield* Effect.forkChild(Effect.flip(jobs.ask.Wait({ millis: 600_000 }, forever)))
      yield* Effect.sleep(10)
      yield* Fault.kill("worker-0")
      yield* Fault.kill("worker-1")
      assert.strictEqual((yield* Fiber.join(down)).reason._tag, "SupervisorGaveUp")
      assert.include(["ThreadLost", "ActorStopped"], (yield* Fiber.join(waiting))._tag)
      const refused = yield* Effect.flip(jobs.tell.Note({ n: 1 }))
      assert.strictEqual(refused._tag === "ActorStopped" && refused.reason._tag, "SupervisorGaveUp")
      assert.deepStrictEqual([yield* jobs.depth, yield* idle.depth], [0, 0])
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
    })
  )

  simulated(
    "has what it waits for settled when the pool is released",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.provide(make({ shutdown: "brutalKill", queue: { capacity: 2 } }), scope)
      const jobs = yield* Pool.join(Jobs)
      const waiting = yield* Effect.forEach(
        [1, 2, 3, 4],
        () => Effect.forkChild(Effect.flip(jobs.ask.Wait({ millis: 600_000 }, forever)))
      )
      yield* Effect.sleep(10)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      const begun: Array<unknown> = []
      for (const fiber of waiting) {
        const error = yield* Fiber.join(fiber)
        begun.push(error._tag === "ActorStopped" ? error.begun : error._tag)
      }
      assert.deepStrictEqual(begun, [true, true, false, false])
      assert.strictEqual(yield* jobs.depth, 0)
    })
  )

  simulated(
    "does not know what becomes of its jobs when it leaves",
    Effect.gen(function*() {
      const pool = yield* make({ threads: 1, concurrency: 1, queue: { capacity: 2 } })
      const asked = yield* Effect.scoped(Effect.gen(function*() {
        const jobs = yield* Pool.join(Jobs)
        const ask = Effect.forkDetach(Effect.flip(jobs.ask.Wait({ millis: 600_000 }, forever)), {
          startImmediately: true
        })
        // One runs, one waits for the worker, and one for room.
        const fibers = [yield* ask, yield* ask, yield* ask]
        while ((yield* Pool.stats(pool)).running === 0) yield* Effect.sleep(1)
        return fibers
      }))
      const begun: Array<unknown> = []
      for (const fiber of asked) {
        const error = yield* Fiber.join(fiber)
        begun.push(error._tag === "ActorStopped" ? error.begun : error._tag)
      }
      assert.deepStrictEqual(begun, [true, "unknown", false])
    })
  )

  simulated(
    "is no danger to a pool whose workers are not all up yet",
    Effect.gen(function*() {
      const joining = yield* Effect.forkChild(Effect.gen(function*() {
        const jobs = yield* Pool.join(Jobs)
        const stubborn = Effect.exit(jobs.ask.Stubborn({ millis: 600_000 }, { timeout: "10 millis" }))
        yield* Effect.forEach(Array.from({ length: 40 }), () => stubborn, { concurrency: 2 })
        return yield* jobs.ask.Echo({ n: 1 }, forever)
      }))
      yield* make({ threads: 4, grace: "1 millis" })
      assert.strictEqual(yield* Fiber.join(joining), 1)
    }),
    { faults: { portDelay: 400 }, seeds: tries(20) }
  )

  simulated(
    "has a worker replaced that holds a job of its own for which nobody waits",
    Effect.gen(function*() {
      yield* make({ threads: 1, grace: "1 second", intensity: { restarts: 0, within: "1 minute" } })
      const jobs = yield* Pool.join(Jobs)
      const late = yield* Effect.flip(jobs.ask.Stubborn({ millis: 600_000 }, { timeout: "50 millis" }))
      assert.strictEqual(late._tag, "AskTimeout")
      assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }, { timeout: "1 minute" }), 1)
    })
  )
})

const depths = { payload: { depth: Schema.Int }, success: Schema.Int }
const Left = Actor.make("Left", [Rpc.make("Down", depths)])
const Right = Actor.make("Right", [Rpc.make("Down", depths)])

const LeftLive = Left.toLayer(Effect.gen(function*() {
  const right = yield* Pool.ref(Right)
  return Left.of({
    Down: ({ depth }) => depth === 0 ? Effect.succeed(0) : deeper(right.ask.Down({ depth: depth - 1 }, forever))
  })
}))

const RightLive = Right.toLayer(Effect.gen(function*() {
  const left = yield* Pool.ref(Left)
  return Right.of({
    Down: ({ depth }) => depth === 0 ? Effect.succeed(0) : deeper(left.ask.Down({ depth: depth - 1 }, forever))
  })
}))

const deeper = (below: Effect.Effect<number, unknown>) => Effect.map(Effect.orDie(below), (depth) => depth + 1)

describe("two pools", () => {
  const Both = Layer.mergeAll(
    LeftLive.pipe(Layer.provide(Pool.layerJoin(Right))),
    RightLive.pipe(Layer.provide(Pool.layerJoin(Left)))
  )
  simulated(
    "whose jobs wait for each other keep no worker from them",
    Effect.gen(function*() {
      const options = { spawn: noThread, threads: 1 }
      const [left] = yield* Effect.all([Pool.make(Left, options), Pool.make(Right, options)], { concurrency: 2 })
      assert.strictEqual(yield* left.ask.Down({ depth: 20 }, { timeout: "1 minute" }), 20)
      const many = Array.from({ length: 6 }, () => left.ask.Down({ depth: 5 }, { timeout: "1 minute" }))
      assert.deepStrictEqual(yield* Effect.all(many, { concurrency: "unbounded" }), [5, 5, 5, 5, 5, 5])
    }),
    { worker: () => PoolThread.launch(Both) }
  )
})
