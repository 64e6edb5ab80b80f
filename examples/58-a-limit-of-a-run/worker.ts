/** A worker that tries patterns of its users: nothing but the end of its thread ends one that goes on and on. */
import * as Effect from "effect/Effect"
import { PoolThread } from "shared-nothing"
import { Matching } from "./protocol.ts"

PoolThread.launch(Matching.toLayer(Effect.succeed(Matching.of({
  Test: ({ pattern, text }) => Effect.sync(() => new RegExp(pattern).test(text))
}))))
