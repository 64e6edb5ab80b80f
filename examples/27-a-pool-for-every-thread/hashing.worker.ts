/** A worker of the pool. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { PoolThread } from "shared-nothing"
import { Hashing } from "./protocol.ts"

PoolThread.launch(Hashing.toLayer(Effect.succeed(Hashing.of({
  Sha256: ({ text }) => Effect.succeed(createHash("sha256").update(text).digest("hex"))
}))))
