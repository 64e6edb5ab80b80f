/** How it is answered. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { Digests, Unreadable } from "./protocol.ts"

const unreadable = (error: unknown) =>
  new Unreadable({ why: error instanceof Error ? error.message.split(":")[0]! : "" })

export const DigestsLive = Digests.toLayer(Effect.succeed(Digests.of({
  // A worker has nothing else to do meanwhile: it may read as one does on a thread of one's own.
  Sha256: ({ file }) =>
    Effect.try({ try: () => createHash("sha256").update(readFileSync(file)).digest("hex"), catch: unreadable })
})))
