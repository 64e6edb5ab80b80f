/**
 * A mailbox that survives its thread: orders lie in shared memory until they are handled. The thread dies in the middle of one; the
 * next thread handles it again, and then the rest in order. Whoever asked has an answer.
 *
 * Output:
 *
 *     bomb, begun 2 times
 *     flowers
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Orders } from "./protocol.ts"

const program = Effect.gen(function*() {
  const orders = yield* Orders.spawn("today", { placement: { thread: 0 } })
  yield* orders.tell.Place({ item: "bomb" })
  yield* orders.tell.Place({ item: "flowers" })
  for (const line of yield* orders.ask.Placed(undefined, { timeout: "1 minute" })) yield* Console.log(line)
})

const Threads = ActorSystem.layerThreads({
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 1
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(Threads),
  Effect.provideService(References.MinimumLogLevel, "None")
))
