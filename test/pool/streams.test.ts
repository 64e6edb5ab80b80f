/** Streams of pools on real threads: the parity of what the simulations hold. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { ActorError, Pool, SharedChannel } from "shared-nothing"
import { RowReader } from "../fixtures/rowReaders.ts"
import { Rows } from "../fixtures/rows.ts"

const options = {
  spawn: () => new Worker(new URL("../fixtures/rows.worker.ts", import.meta.url), { stdout: true, stderr: true }),
  threads: 2,
  readyTimeout: "1 minute"
} as const

const layer = Pool.layer(Rows, options)

const within = <A, E>(program: Effect.Effect<A, E, Pool.Pool<"Rows"> | Scope.Scope>) =>
  Effect.scoped(program).pipe(Effect.provide(Layer.provideMerge(layer, Logger.layer([]))))

const forever = { timeout: "Infinity" } as const
const upTo = (n: number): Array<number> => Array.from({ length: n }, (_, i) => i + 1)

describe("streams of a pool of threads", () => {
  it.live("come in order, many at once, large and small, also inside of jobs", () =>
    within(Effect.gen(function*() {
      const rows = yield* Pool.ref(Rows)
      const all = yield* Effect.forEach(
        upTo(20),
        (n) => Stream.runCollect(rows.ask.Count({ to: 50 * n, chunk: 1 + n % 7 }, { bufferSize: n, ...forever })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(all, upTo(20).map((n) => upTo(50 * n)))
      const lengths = [0, 1, 100_000, 3, 1_000_000, 450]
      const texts = yield* Stream.runCollect(rows.ask.Texts({ lengths }, forever))
      assert.deepStrictEqual(texts.map(({ length }) => length), lengths)
      assert.strictEqual(yield* rows.ask.Sum({ to: 100 }, forever), 5050)
      assert.strictEqual((yield* Stream.runCollect(rows.ask.Nested({ depth: 4 }, forever))).length, 16)
      assert.strictEqual(yield* rows.depth, 0)
    })))

  it.live("let go on their threads when their readers do, and are lost with them", () =>
    within(Effect.gen(function*() {
      const rows = yield* Pool.ref(Rows)
      const readers = yield* Effect.forEach(upTo(8), () =>
        Effect.forkChild(Stream.runDrain(rows.ask.Tick({ millis: 1 }, forever))))
      yield* Stream.runDrain(Stream.take(rows.ask.Count({ to: 1e9, chunk: 100 }, forever), 500))
      yield* Fiber.interruptAll(readers)
      const accounts = Effect.map(
        Pool.broadcast(rows, (worker) =>
          worker.ask.Account()),
        (all) => all.map((exit) => Exit.isSuccess(exit) ? exit.value : [-1, -1])
      )
      let account = yield* accounts
      for (const deadline = performance.now() + 10_000; performance.now() < deadline; account = yield* accounts) {
        if (account.every(([made, released]) => made === released)) break
      }
      for (const [made, released] of account) assert.strictEqual(made, released)
      assert.strictEqual(account.reduce((sum, [made]) => sum + made, 0), 9)
      // One that has not begun is begun by the next worker.
      const lost = yield* Effect.forEach(upTo(4), () =>
        Effect.gen(function*() {
          const first = yield* Deferred.make<void>()
          const ticks = Stream.tap(rows.ask.Tick({ millis: 1 }, forever), () => Deferred.succeed(first, undefined))
          const reader = yield* Effect.forkChild(Effect.flip(Stream.runDrain(ticks)))
          yield* Deferred.await(first)
          return reader
        }))
      yield* Effect.forEach(Pool.workers(rows), (worker) => Effect.exit(worker.ask.Exit({ code: 1 }, forever)))
      for (
        const error of yield* Effect.forEach(lost, (fiber) => Fiber.join(fiber))
      ) {
        assert.instanceOf(error, ActorError.ThreadLost)
      }
      assert.deepStrictEqual(yield* Stream.runCollect(rows.ask.Count({ to: 5, chunk: 2 }, forever)), upTo(5))
    })))

  it.live("are let go when the thread of their reader dies, and the pool ends at once", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const rows = yield* Scope.provide(Pool.make(Rows, { ...options, shutdown: "30 seconds" }), scope)
      const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "mpsc" })
      const readers = yield* Effect.forEach(upTo(3), () =>
        Effect.gen(function*() {
          const seen = yield* sender.clone
          const reader = yield* RowReader.start({
            spawn: () => new Worker(new URL("../fixtures/row-reader.worker.ts", import.meta.url)),
            ends: { seen }
          })
          yield* receiver.receive
          return reader.thread
        }))
      const accounts = Effect.map(
        Pool.broadcast(rows, (worker) => worker.ask.Account()),
        (all) => all.flatMap((exit) => Exit.isSuccess(exit) ? [exit.value] : [])
      )
      const sum = (all: ReadonlyArray<readonly [number, number]>, at: 0 | 1) => all.reduce((n, one) => n + one[at], 0)
      assert.deepStrictEqual([sum(yield* accounts, 0), sum(yield* accounts, 1)], [3, 0])
      yield* readers[0]!.kill
      for (const deadline = performance.now() + 5000; sum(yield* accounts, 1) < 1;) {
        if (performance.now() > deadline) assert.fail("it has not been let go")
      }
      assert.strictEqual(sum(yield* accounts, 1), 1)
      for (const reader of readers.slice(1)) yield* reader.kill
      const began = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - began, 5000)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))))
})
