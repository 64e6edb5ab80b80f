/**
 * What a scope has acquired, actors among it, is released in the reverse of the order in which it was acquired.
 *
 * Output:
 *
 *     file opened
 *     second stops
 *     file closed
 *     first stops
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import { Actor } from "shared-nothing"
import { runLocal } from "./support.ts"

const Writer = Actor.make("Writer", [Rpc.make("Write")])
const WriterLive = Writer.toLayer(Effect.gen(function*() {
  const { key } = yield* Actor.CurrentActor
  yield* Effect.addFinalizer(() => Console.log(`${key} stops`))
  return Writer.of({ Write: () => Effect.void })
}))
const program = Effect.gen(function*() {
  yield* Writer.spawn("first")
  yield* Effect.acquireRelease(Console.log("file opened"), () => Console.log("file closed"))
  yield* Writer.spawn("second")
})
await runLocal(WriterLive, program)
