/** A worker: to read takes a while, in which its thread does nothing else. */
import * as Effect from "effect/Effect"
import { Pool, PoolThread } from "shared-nothing"
import { Files } from "./protocol.ts"

// What a library does that waits with the whole thread.
const hold = Effect.sync(() => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000))

PoolThread.launch(Files.toLayer(Effect.gen(function*() {
  const worker = yield* Pool.CurrentWorker
  return Files.of({
    Read: () => Effect.as(Pool.blocking(hold), `${worker?.name} has read a file`),
    Size: () => Effect.succeed(`${worker?.name} has looked how large one is`)
  })
})))
