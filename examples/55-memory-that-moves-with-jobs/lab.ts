/** The handlers. They do not know whether an actor or a pool runs them. */
import * as Effect from "effect/Effect"
import { Lab } from "./protocol.ts"

export const LabLive = Lab.toLayer(Effect.succeed(Lab.of({
  Invert: ({ frame }) =>
    Effect.sync(() => {
      const pixels = frame.value
      for (let i = 0; i < pixels.length; i++) pixels[i]! ^= 0xff
      return frame
    }),
  Judge: () => Effect.fail("out of focus")
})))
