/**
 * A program that is told to end while there is work: what it has accepted it still does. The signal interrupts the main fiber, its
 * scopes close, and each actor accepts nothing more, handles what it has, and is gone before those that it needs.
 *
 * Output:
 *
 *     8 orders were accepted
 *     SIGTERM
 *     the ledger is closed with 8 orders: its scope was closed
 *     ended in order
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Desk, Ledger, LedgerLive } from "./orders.ts"

const program = Effect.gen(function*() {
  // Spawned first, stopped last: the desk files its orders in it.
  const ledger = yield* Ledger.spawn("2026", { placement: "here" })
  const desk = yield* Desk.spawn("front", { shutdown: "30 seconds" })
  for (let order = 1; order <= 8; order++) yield* desk.tell.Place({ order, ledger })
  yield* Console.log("8 orders were accepted")
  // Somebody outside tells the program to end.
  process.kill(process.pid, "SIGTERM")
  return yield* Effect.never
})

const System = LedgerLive.pipe(Layer.provideMerge(ActorSystem.layerThreads({
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 1
})))

const main = Effect.runFork(Effect.ensuring(
  Effect.scoped(program).pipe(Effect.provide(System)),
  Console.log("ended in order")
))

process.once("SIGTERM", () => {
  console.log("SIGTERM")
  main.interruptUnsafe()
})
