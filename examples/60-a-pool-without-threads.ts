/**
 * A service that uses a pool, in a unit test without threads: the same handlers on this thread, and a table of answers in their place, both under the clock of the test.
 *
 * Output:
 *
 *     the handlers: welcome, ada#terces
 *     the table: welcome, ada#stored
 *     it was asked for Hash of {"password":"secret"}
 *     a slow pool: try again later
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Actor, Pool } from "shared-nothing"
import { StandIn } from "shared-nothing/testing"

const Hashing = Actor.make("Hashing", [
  Rpc.make("Hash", { payload: { password: Schema.String }, success: Schema.String })
])

// What the file of a worker launches.
const HashingLive = Hashing.toLayer(Effect.succeed(Hashing.of({
  Hash: ({ password }) => Effect.succeed([...password].toReversed().join(""))
})))

/** What is tested. */
const signUp = (name: string, password: string) =>
  Effect.gen(function*() {
    const hashing = yield* Pool.ref(Hashing)
    const hash = yield* hashing.ask.Hash({ password }, { key: name, timeout: "5 seconds" })
    return `welcome, ${name}#${hash}`
  }).pipe(Effect.catchTag("AskTimeout", () => Effect.succeed("try again later")))

const handlers = Effect.gen(function*() {
  yield* Console.log(`the handlers: ${yield* signUp("ada", "secret")}`)
}).pipe(Effect.provide(StandIn.pool(Hashing, HashingLive)))

const { calls, layer } = StandIn.spy(StandIn.fromTable(Hashing, { Hash: () => Effect.succeed("stored") }))

const table = Effect.gen(function*() {
  yield* Console.log(`the table: ${yield* signUp("ada", "secret")}`)
  for (const { payload, tag } of calls) yield* Console.log(`it was asked for ${tag} of ${JSON.stringify(payload)}`)
}).pipe(Effect.provide(StandIn.pool(Hashing, layer)))

const slow = Effect.gen(function*() {
  const signing = yield* Effect.forkChild(signUp("bob", "secret"))
  yield* TestClock.adjust("5 seconds")
  yield* Console.log(`a slow pool: ${yield* Fiber.join(signing)}`)
}).pipe(Effect.provide(
  StandIn.pool(Hashing, StandIn.fromTable(Hashing, { Hash: () => Effect.never })).pipe(
    Layer.provideMerge(Layer.fresh(TestClock.layer()))
  )
))

await Effect.runPromise(Effect.andThen(handlers, Effect.andThen(table, slow)))
