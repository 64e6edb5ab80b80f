/** Streams that are read from a pool whose queue is full: what has begun is read on and let go, whatever is given up around it. */
import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, PoolThread } from "shared-nothing"
import { poolOf, simulated } from "../support/pooled.ts"

const Feed = Actor.make("Feed", [
  Rpc.make("Numbers", { success: Schema.Int, stream: true }),
  Rpc.make("Visit", { payload: { n: Schema.Int }, success: Schema.Int }),
  Rpc.make("Hold")
])

/** Of all threads of a simulation, which share this module. */
interface Ledger {
  closed: number
  readonly held: Deferred.Deferred<void>
  readonly free: Deferred.Deferred<void>
}

let ledger: Ledger

const FeedLive = Feed.toLayer(Effect.succeed(Feed.of({
  Numbers: () =>
    Stream.range(1, 1_000_000).pipe(
      Stream.rechunk(1),
      Stream.ensuring(Effect.sync(() => void ledger.closed++))
    ),
  Visit: ({ n }) => Effect.succeed(n),
  Hold: () => Effect.andThen(Deferred.succeed(ledger.held, undefined), Deferred.await(ledger.free))
})))

const run = simulated(() => PoolThread.launch(FeedLive))

const forever = { timeout: "Infinity" } as const

interface Flooded {
  readonly pull: Effect.Effect<ReadonlyArray<number>, unknown>
  /** Reads no further. */
  readonly close: Effect.Effect<void>
  /** Asks for far more than there is room for. */
  readonly flood: Effect.Effect<unknown, never, Scope.Scope>
  readonly free: Effect.Effect<unknown>
}

/** Begins to read a stream, and has the only worker held. */
const flooded = (
  name: string,
  overflow: "fail" | "dropNewest" | "dropOldest",
  body: (flooded: Flooded) => Effect.Effect<unknown, unknown, Scope.Scope>
) =>
  run(name, () =>
    Effect.gen(function*() {
      ledger = { closed: 0, held: Deferred.makeUnsafe(), free: Deferred.makeUnsafe() }
      const feed = yield* poolOf(Feed, { threads: 1, queue: { capacity: 4, overflow } })
      const scope = yield* Scope.fork(yield* Effect.scope)
      const pull = yield* Scope.provide(Stream.toPull(feed.ask.Numbers({ bufferSize: 1 })), scope)
      assert.deepStrictEqual(yield* pull, [1])
      // The next one is here by then, and it is not asked for more.
      yield* Effect.sleep(20)
      const holding = yield* Effect.forkChild(feed.ask.Hold(forever), { startImmediately: true })
      yield* Deferred.await(ledger.held)
      let refused = 0
      const visit = (n: number) => Effect.tapError(feed.ask.Visit({ n }, forever), () => Effect.sync(() => refused++))
      const visits = Array.from({ length: 20 }, (_, n) => Effect.exit(visit(n)))
      yield* body({
        pull,
        close: Scope.close(scope, Exit.void),
        flood: Effect.forkScoped(Effect.all(visits, { concurrency: "unbounded" }), { startImmediately: true }),
        free: Deferred.succeed(ledger.free, undefined)
      })
      yield* Fiber.join(holding)
      assert.isAbove(refused, 0)
      yield* Scope.close(scope, Exit.void)
      for (let left = 1000; ledger.closed === 0; left--) {
        if (left === 0) assert.fail("the stream of the handler goes on")
        yield* Effect.sleep(5)
      }
      while ((yield* feed.depth) > 0) yield* Effect.sleep(1)
    }))

for (const overflow of ["fail", "dropNewest", "dropOldest"] as const) {
  describe(`a stream of a full pool with the overflow ${overflow}`, () => {
    flooded("is read on as soon as there is room", overflow, ({ flood, free, pull }) =>
      Effect.gen(function*() {
        yield* flood
        const reading = yield* Effect.forkChild(Effect.all([pull, pull, pull]), { startImmediately: true })
        // Nothing that reads on is given up for it.
        yield* flood
        yield* Effect.sleep(5)
        yield* free
        assert.deepStrictEqual((yield* Fiber.join(reading)).flat(), [2, 3, 4])
      }))

    flooded(
      "that is read on when the queue becomes full is read on",
      overflow,
      ({ flood, free, pull }) =>
        Effect.gen(function*() {
          const reading = yield* Effect.forkChild(Effect.all([pull, pull, pull]), { startImmediately: true })
          yield* flood
          yield* free
          assert.deepStrictEqual((yield* Fiber.join(reading)).flat(), [2, 3, 4])
        })
    )

    for (const when of ["before", "after"] as const) {
      flooded(
        `that is read no further ${when} the queue becomes full ends`,
        overflow,
        ({ close, flood, free }) =>
          Effect.gen(function*() {
            if (when === "after") yield* flood
            yield* close
            yield* flood
            yield* Effect.sleep(5)
            yield* free
          })
      )
    }
  })
}
