/** The desk that takes orders, which takes its time for each, and the ledger in which they come to stand. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ExitReason } from "shared-nothing"

export const Ledger = Actor.make("Ledger", [Rpc.make("File", { payload: { order: Schema.Int } })])

export const LedgerLive = Ledger.toLayer(Effect.gen(function*() {
  let filed = 0
  yield* Actor.onRelease((why) =>
    Console.log(
      why._tag === "End" ? `the ledger is closed with ${filed} orders: ${ExitReason.render(why.reason)}` : "again"
    )
  )
  return Ledger.of({ File: () => Effect.sync(() => void filed++) })
}))

export const Desk = Actor.make("Desk", [
  Rpc.make("Place", { payload: { order: Schema.Int, ledger: Ledger.ref } })
])

export const DeskLive = Desk.toLayer(Effect.succeed(Desk.of({
  Place: ({ ledger, order }) => Effect.andThen(Effect.sleep("20 millis"), Effect.orDie(ledger.tell.File({ order })))
})))
