/** An actor that counts, sleeps and crashes as it is told to. */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Probe = Actor.make("Probe", [
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  Rpc.make("Count", { success: Schema.Int }),
  Rpc.make("Sleep", { payload: { millis: Schema.Int } }),
  Rpc.make("Crash", { payload: { afterMillis: Schema.Int } })
])

export const probeLive = (options: Parameters<typeof Probe.toLayer>[1] = {}) =>
  Probe.toLayer(
    Effect.sync(() => {
      let count = 0
      return Probe.of({
        Note: () => Effect.sync(() => void count++),
        Count: () => Effect.sync(() => count),
        Sleep: ({ millis }) => Effect.sleep(millis),
        Crash: ({ afterMillis }) => Effect.delay(Effect.die(new Error("boom")), afterMillis)
      })
    }),
    options
  )
