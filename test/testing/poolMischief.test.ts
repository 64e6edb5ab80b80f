/** What jobs do to their own pool at its worst: maps in maps, parts that block and outlive what they are parts of, places that are held by who waits. */
import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, ActorSystem, Pool, PoolThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { poolOf, simulated } from "../support/pooled.ts"

const Knots = Actor.make("Knots", [
  /** How many leaves a tree has, by maps in maps. */
  Rpc.make("Leaves", { payload: { depth: Schema.Int, width: Schema.Int }, success: Schema.Int }),
  Rpc.make("Who", { success: Schema.String }),
  Rpc.make("Rest", { payload: { millis: Schema.Int } }),
  /** Blocks in a part that goes on when the job has ended. */
  Rpc.make("BlockBeside", { payload: { millis: Schema.Int } }),
  Rpc.make("Block", { payload: { millis: Schema.Int } }),
  /** Blocks for each element. */
  Rpc.make("BlockedRows", { payload: { rows: Schema.Int, millis: Schema.Int }, success: Schema.Int, stream: true }),
  /** Blocks until another job has been begun. */
  Rpc.make("BlockUntilOpened"),
  Rpc.make("Open")
])

const forever = { timeout: "Infinity" } as const

// Of all threads of a simulation, which share this module.
let opened = Deferred.makeUnsafe<void>()

const KnotsLive = Knots.toLayer(Effect.gen(function*() {
  const name = (yield* Pool.CurrentWorker)!.name
  const knots = yield* Pool.ref(Knots)
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
  return Knots.of({
    Leaves: ({ depth, width }) =>
      depth === 0 ? Effect.succeed(1) : Effect.orDie(
        Pool.reduce(knots, numbers(width), () => knots.ask.Leaves({ depth: depth - 1, width }, forever), {
          initial: 0,
          combine: (sum, leaves) => sum + leaves
        })
      ),
    Who: () => Effect.succeed(name),
    Rest: ({ millis }) => Effect.sleep(millis),
    BlockBeside: ({ millis }) => Effect.asVoid(Effect.forkDetach(Pool.blocking(Effect.sleep(millis)))),
    Block: ({ millis }) => Pool.blocking(Effect.sleep(millis)),
    BlockedRows: ({ millis, rows }) =>
      Stream.mapEffect(Stream.range(1, rows), (row) => Effect.as(Pool.blocking(Effect.sleep(millis)), row)),
    BlockUntilOpened: () => Pool.blocking(Deferred.await(opened)),
    Open: () => Effect.asVoid(Deferred.succeed(opened, undefined))
  })
}))

type KnotsRef = Pool.Ref<typeof Knots>

const run = simulated(() => PoolThread.launch(KnotsLive))

const settled = (knots: KnotsRef) =>
  Effect.gen(function*() {
    for (let left = 2000; (yield* knots.depth) > 0; left--) {
      if (left === 0) assert.fail(`${yield* knots.depth} jobs are under way`)
      yield* Effect.sleep(5)
    }
  })

const pooled = (
  name: string,
  body: (knots: KnotsRef) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {}
) =>
  run(name, () => {
    opened = Deferred.makeUnsafe<void>()
    return Effect.flatMap(poolOf(Knots, options), (knots) => Effect.andThen(body(knots), settled(knots)))
  })

describe("maps in jobs", () => {
  for (const threads of [1, 2]) {
    pooled(`go into each other on ${threads} workers, and come to their end`, (knots) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* knots.ask.Leaves({ depth: 4, width: 4 }, forever), 256)
        assert.strictEqual(yield* knots.ask.Leaves({ depth: 2, width: 40 }, forever), 1600)
      }), { threads })

    pooled(
      `leave room to those in them on ${threads} workers with a queue of sixteen`,
      (knots) =>
        Effect.gen(function*() {
          assert.strictEqual(yield* knots.ask.Leaves({ depth: 3, width: 6 }, forever), 216)
          assert.strictEqual(yield* knots.ask.Leaves({ depth: 2, width: 20 }, forever), 400)
        }),
      { threads, queue: { capacity: 16 } }
    )
  }
})

describe("maps in jobs that are given up", () => {
  for (const capacity of [1024, 16]) {
    pooled(
      `at any moment, with a worker or without, leave nothing of a queue of ${capacity}`,
      (knots) =>
        Effect.gen(function*() {
          for (let round = 0; round < 6; round++) {
            const trees = yield* Effect.forEach([1, 2], () =>
              Effect.forkChild(Effect.exit(knots.ask.Leaves({ depth: 3, width: 5 }, forever)), {
                startImmediately: true
              }))
            yield* Effect.sleep(yield* Simulation.draw(8))
            if (round % 3 === 0) {
              yield* Fault.kill("worker-0")
            }
            yield* Fiber.interruptAll(trees)
            yield* settled(knots)
          }
          assert.strictEqual(yield* knots.ask.Leaves({ depth: 3, width: 5 }, forever), 125)
        }),
      { queue: { capacity } }
    )
  }
})

const threads = { min: 1, max: 3, idle: "1 hour", adapt: { wait: "1 hour", cooldown: "50 millis" } } as const

const become = (knots: KnotsRef, wanted: number) =>
  Effect.gen(function*() {
    for (let left = 5000; (yield* Pool.stats(knots)).size !== wanted; left--) {
      if (left === 0) assert.fail(`there are ${(yield* Pool.stats(knots)).size} workers, and not ${wanted}`)
      yield* Effect.sleep(5)
    }
  })

const blockingPool = (
  name: string,
  body: (knots: KnotsRef) => Effect.Effect<unknown, unknown, Scope.Scope>
) => pooled(name, (knots) => Effect.andThen(body(knots), become(knots, 1)), { threads })

describe("a part that blocks", () => {
  blockingPool("and outlives its job counts for as long as it blocks", (knots) =>
    Effect.gen(function*() {
      yield* knots.ask.BlockBeside({ millis: 500 }, forever)
      yield* become(knots, 2)
    }))

  blockingPool(
    "in a stream counts while an element is made, and no more when nobody reads on",
    (knots) =>
      Effect.gen(function*() {
        const rows = yield* Stream.runCollect(Stream.take(knots.ask.BlockedRows({ rows: 1000, millis: 100 }), 5))
        assert.deepStrictEqual(Array.from(rows), [1, 2, 3, 4, 5])
      })
  )

  blockingPool("until another job has been done has somebody do that", (knots) =>
    Effect.gen(function*() {
      const blocked = yield* Effect.forkChild(knots.ask.BlockUntilOpened(forever), { startImmediately: true })
      yield* Effect.sleep(yield* Simulation.draw(20))
      yield* knots.ask.Open(forever)
      yield* Fiber.join(blocked)
    }))

  blockingPool(
    "is interrupted at any moment, with its worker or without, and the size is what it was",
    (knots) =>
      Effect.gen(function*() {
        for (let round = 0; round < 6; round++) {
          const blocks = yield* Effect.forEach(
            [1, 2, 3],
            () => Effect.forkChild(Effect.exit(knots.ask.Block({ millis: 300 }, forever)), { startImmediately: true })
          )
          yield* Effect.sleep(yield* Simulation.draw(120))
          if (round % 3 === 0) yield* Fault.kill("worker-0")
          if (round % 3 === 1) yield* Fiber.interruptAll(blocks)
          for (const block of blocks) yield* Fiber.await(block)
        }
      })
  )

  blockingPool("goes on while the pool is changed by hand and made anew", (knots) =>
    Effect.gen(function*() {
      const blocked = yield* Effect.forkChild(knots.ask.Block({ millis: 400 }, forever), { startImmediately: true })
      yield* become(knots, 2)
      yield* Pool.resize(knots, 3)
      const other = yield* Effect.forkChild(knots.ask.Block({ millis: 400 }, forever), { startImmediately: true })
      yield* Pool.reload(knots)
      yield* Fiber.join(blocked)
      yield* Fiber.join(other)
      yield* Pool.resize(knots, 1)
    }))

  run("is over with its pool, and nothing comes after that", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const knots = yield* Scope.provide(poolOf(Knots, { threads, shutdown: "20 millis" }), scope)
      const blocks = yield* Effect.forEach([1, 2, 3, 4], () =>
        Effect.forkChild(Effect.exit(knots.ask.Block({ millis: 600_000 }, forever)), { startImmediately: true }))
      yield* Effect.sleep(yield* Simulation.draw(30))
      yield* Scope.close(scope, Exit.void)
      for (const block of blocks) {
        assert.isTrue(Exit.isFailure(yield* Fiber.join(block)))
      }
    }))
})

describe("a level with one place", () => {
  pooled(
    "is held by nobody who waits: maps of low jobs in low jobs come to their end",
    (knots) =>
      Effect.gen(function*() {
        const low = { ...forever, priority: "low" } as const
        const trees = [1, 2, 3, 4].map(() => knots.ask.Leaves({ depth: 3, width: 3 }, low))
        assert.deepStrictEqual(yield* Effect.all(trees, { concurrency: "unbounded" }), [27, 27, 27, 27])
      }),
    { queue: { allowance: { low: 1, normal: 1 } } }
  )

  pooled("that blocks lets others have workers, and its place goes with it", (knots) =>
    Effect.gen(function*() {
      const low = { ...forever, priority: "low" } as const
      const blocks = yield* Effect.forEach([1, 2, 3], () =>
        Effect.forkChild(Effect.exit(knots.ask.Block({ millis: 200 }, low)), { startImmediately: true }))
      yield* become(knots, 2)
      for (let n = 0; n < 20; n++) {
        yield* knots.ask.Who({ ...forever, priority: "high" })
      }
      yield* Fiber.interrupt(blocks[1]!)
      yield* Fault.kill("worker-0")
      for (const block of blocks) {
        yield* Fiber.await(block)
      }
      yield* knots.ask.Rest({ millis: 1 }, low)
      yield* become(knots, 1)
    }), { threads, queue: { allowance: { low: 1 } } })
})

const Clerk = Actor.make("Clerk", [Rpc.make("Rest", { payload: { millis: Schema.Int } })])

describe("an ask that an actor has handed on to a pool", () => {
  run("ends when its time is over, as any", () =>
    Effect.gen(function*() {
      const knots = yield* poolOf(Knots)
      const live = Clerk.toLayer(Effect.succeed(Clerk.of({
        Rest: ({ millis }) => Actor.forward(knots.ask.Rest({ millis }))
      })))
      const context = yield* Layer.build(Layer.provideMerge(live, ActorSystem.layer))
      const clerk = yield* Effect.provideContext(Clerk.spawn("clerk"), context)
      yield* clerk.ask.Rest({ millis: 1 })
      const late = yield* Effect.flip(clerk.ask.Rest({ millis: 10_000 }, { timeout: 5 }))
      assert.strictEqual(late._tag, "AskTimeout")
      while ((yield* Pool.stats(knots)).running > 0) yield* Effect.sleep(1)
      yield* clerk.ask.Rest({ millis: 1 })
    }))
})
