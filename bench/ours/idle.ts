/**
 * A system of four worker threads with nothing to do.
 */
import * as Effect from "effect/Effect"
import type { Measured, Params } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"
import { Receiver } from "./actors.ts"
import { threadsLayer } from "./threads.ts"

/** One actor on each thread, asked before and after the window. */
export const idle = (params: Params): Promise<Measured> =>
  Effect.gen(function*() {
    const refs = yield* Effect.forEach(
      [0, 1, 2, 3],
      (thread) => Receiver.spawn(`receiver-${thread}`, { placement: { thread } })
    )
    return yield* Effect.promise(() =>
      Sampling.measureIdle(params, async (replies) => {
        for (const [value, ref] of refs.entries()) replies.addReply(await Effect.runPromise(ref.ask.Add({ value })))
      })
    )
  }).pipe(Effect.scoped, Effect.provide(threadsLayer("answers", 4)), Effect.runPromise)
