/**
 * The only worker of a pool is about to block, and says so: another one stands in for it until it is free again.
 *
 * Output:
 *
 *     2 workers: blocking
 *     worker-1 has looked how large one is
 *     worker-0 has read a file
 *     1 worker: unblocked
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Files } from "./protocol.ts"

const program = Effect.scoped(Effect.gen(function*() {
  const files = yield* Pool.ref(Files)
  const sizes = yield* Stream.toPull(Stream.filter(Pool.events(files), ({ _tag }) => _tag === "Resized"))
  const next = Effect.flatMap(sizes, ([event]) =>
    event._tag === "Resized"
      ? Console.log(`${event.to} worker${event.to === 1 ? "" : "s"}: ${event.why}`)
      : Effect.void)
  const reading = yield* Effect.forkChild(files.ask.Read(), { startImmediately: true })
  yield* next
  yield* Effect.flatMap(files.ask.Size(), Console.log)
  yield* Effect.flatMap(Fiber.join(reading), Console.log)
  yield* next
}))

await Effect.runPromise(program.pipe(Effect.provide(Pool.layer(Files, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: { min: 1, max: 2 }
}))))
