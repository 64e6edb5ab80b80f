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

/** How many handlers that take their time have begun, on this thread. */
export const begun = { count: 0 }

const taking = <A, E>(handler: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    begun.count++
    return handler
  })

export const probeLive = (options: Parameters<typeof Probe.toLayer>[1] = {}) =>
  Probe.toLayer(
    Effect.sync(() => {
      let count = 0
      return Probe.of({
        Note: () => Effect.sync(() => void count++),
        Count: () => Effect.sync(() => count),
        Sleep: ({ millis }) => taking(Effect.sleep(millis)),
        Crash: ({ afterMillis }) => taking(Effect.delay(Effect.die(new Error("boom")), afterMillis))
      })
    }),
    options
  )
