/** What every worker thread of the pool runs. */
import * as Effect from "effect/Effect"
import { getPriority } from "node:os"
import { PoolThread } from "shared-nothing"
import { Sums } from "./protocol.ts"

PoolThread.launch(Sums.toLayer(Effect.succeed(Sums.of({
  UpTo: ({ n }) => Effect.sync(() => ({ sum: n * (n + 1) / 2, niceness: getPriority() }))
}))))
