/**
 * A build hangs where it cannot be interrupted: spawn fails after its `initTimeout`, and the release of the system ends.
 *
 * Output:
 *
 *     spawn has failed
 *     released
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import { Actor } from "shared-nothing"
import { outcome, runLocal } from "./support.ts"

const Db = Actor.make("Db", [Rpc.make("Query")])
const DbLive = Db.toLayer(
  Effect.gen(function*() {
    yield* Effect.acquireRelease(Effect.andThen(Effect.never, Effect.void), () => Effect.void)
    return Db.of({ Query: () => Effect.void })
  }),
  { initTimeout: "100 millis" }
)
const program = Effect.gen(function*() {
  const ended = yield* outcome(Effect.scoped(Db.spawn("db")))
  console.log(ended.endsWith("Failed") ? "spawn has failed" : ended)
})
await runLocal(DbLive, program)
console.log("released")
process.exit()
