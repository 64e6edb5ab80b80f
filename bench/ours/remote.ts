/**
 * This library from one thread to an actor on another.
 */
import * as Effect from "effect/Effect"
import type { Measured, Params } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"
import { type Handler, Receiver, Streamer } from "./actors.ts"
import * as Loops from "./loops.ts"
import { threadsLayer } from "./threads.ts"

const withReceiver = (handler: Handler, use: (ref: Loops.Ref) => Effect.Effect<Measured>): Promise<Measured> =>
  Effect.flatMap(Receiver.spawn("receiver", { placement: { thread: 0 } }), use).pipe(
    Effect.scoped,
    Effect.provide(threadsLayer(handler, 1)),
    Effect.runPromise
  )

/** Tells as fast as the receiver lets the sender, each an effect. */
export const tell = (params: Params, handler: Handler): Promise<Measured> =>
  withReceiver(handler, (ref) => Loops.tell(params, ref, Loops.send(false)))

/** Tells as fast as the receiver lets the sender, each a function call. */
export const tellUnsafe = (params: Params, handler: Handler): Promise<Measured> =>
  withReceiver(handler, (ref) => Loops.tell(params, ref, Loops.sendUnsafe(false)))

/** One ask at a time. */
export const ask = (params: Params, pause: "none" | "idle"): Promise<Measured> =>
  withReceiver("answers", (ref) => Loops.askLatencies(params, ref, pause))

/** The first ask of a program, right after its actor has been spawned. */
export const firstAsk = (): Promise<Measured> =>
  withReceiver(
    "answers",
    (ref) => Effect.promise(() => Sampling.measureFirst(() => Effect.runPromise(ref.ask.Add({ value: 0 }))))
  )

/** The elements of a stream, each an effect on both sides, or in chunks. */
export const stream = (oneByOne: boolean) => (params: Params): Promise<Measured> =>
  Effect.flatMap(
    Streamer.spawn("streamer", { placement: { thread: 0 } }),
    (ref) =>
      Effect.promise(() =>
        Sampling.measureStreams(params, oneByOne, () => ref.ask.Stream({ count: params.count, oneByOne }))
      )
  ).pipe(Effect.scoped, Effect.provide(threadsLayer("answers", 1)), Effect.runPromise)

/** A fixed number of asks in flight. */
export const askPipelined = (inFlight: number) => (params: Params): Promise<Measured> =>
  withReceiver("answers", (ref) => Loops.askPipelined(params, ref, inFlight))

/** A fixed number of asks in flight, each with a callback. */
export const askUnsafePipelined = (inFlight: number) => (params: Params): Promise<Measured> =>
  withReceiver("answers", (ref) => Loops.askUnsafePipelined(params, ref, inFlight))
