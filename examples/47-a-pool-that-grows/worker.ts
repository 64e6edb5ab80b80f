/** What every worker thread of the pool runs. */
import * as Effect from "effect/Effect"
import { Pool, PoolThread } from "shared-nothing"
import { Journal } from "./protocol.ts"

PoolThread.launch(
  Journal.toLayer(Effect.map(Pool.CurrentWorker, (worker) =>
    Journal.of({
      Audit: () => Effect.sleep("5 millis"),
      Write: () => Effect.succeed(worker?.name ?? "nobody")
    })))
)
