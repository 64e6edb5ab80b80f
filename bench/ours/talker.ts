/**
 * An actor that sends a receiver as many messages as it is told to.
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"
import { message } from "../runner/Sampling.ts"
import { Receiver } from "./actors.ts"

/** See the module. The answer comes when the receiver has answered behind the last one. */
export const Talker = Actor.make("Talker", [
  Rpc.make("Talk", { payload: { to: Receiver.ref, count: Schema.Int }, success: Schema.Int })
])

export const talkerLive = Talker.toLayer(Effect.succeed(Talker.of({
  Talk: ({ count, to }) =>
    Effect.gen(function*() {
      for (let id = 0; id < count; id++) yield* to.tell.Note(message(id))
      return yield* to.ask.Add({ value: count }, { timeout: "1 minute" })
    }).pipe(Effect.orDie)
})))
