/**
 * An actor that cannot come up again at once: each attempt waits twice as long as the one before, and what was told to it waits as well.
 *
 * Output:
 *
 *     the feed breaks
 *     attempt 1: no answer
 *     attempt 2: no answer
 *     attempt 3: connected
 *     handled: a price of 7
 */
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"

const Feed = Actor.make("Feed", [Rpc.make("Price", { payload: { price: Schema.Int } }), Rpc.make("Break")])

const handled = Deferred.makeUnsafe<number>()

// The server is away for two attempts.
let attempts = -1
const connect = Effect.gen(function*() {
  if (++attempts === 0) return
  const isThere = attempts === 3
  yield* Console.log(`attempt ${attempts}: ${isThere ? "connected" : "no answer"}`)
  if (!isThere) return yield* Effect.die(new Error("no answer"))
})

const FeedLive = Feed.toLayer(
  Effect.as(
    connect,
    Feed.of({
      Price: ({ price }) => Deferred.succeed(handled, price),
      Break: () => Effect.die(new Error("the connection was reset"))
    })
  ),
  {
    supervision: {
      intensity: { restarts: 10, within: "1 minute" },
      // 100, 200, 400 ms …
      backoff: Schedule.exponential("100 millis")
    }
  }
)

const program = Effect.gen(function*() {
  const feed = yield* Feed.spawn("prices")
  yield* Console.log("the feed breaks")
  yield* feed.tell.Break()
  yield* feed.tell.Price({ price: 7 })
  yield* Console.log(`handled: a price of ${yield* Deferred.await(handled)}`)
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(FeedLive.pipe(Layer.provideMerge(ActorSystem.layer))),
  Effect.provideService(References.MinimumLogLevel, "None")
))
