/** The handlers. They do not know whether an actor or a pool runs them. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { Hashing, TooManyRounds } from "./protocol.ts"

const MOST = 100_000

export const HashingLive = Hashing.toLayer(Effect.succeed(Hashing.of({
  Sha256: ({ rounds, text }) => {
    if (rounds > MOST) return Effect.fail(new TooManyRounds({ most: MOST }))
    let digest = text
    for (let i = 0; i < rounds; i++) digest = createHash("sha256").update(digest).digest("hex")
    return Effect.succeed(digest)
  }
})))
