/**
 * The loops over a reference of this library: the same ones for an actor in this thread and on another.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Measured, Params } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"
import type { Receiver } from "./actors.ts"

/** A reference to a receiver, wherever it is. */
export type Ref = Effect.Success<ReturnType<typeof Receiver.spawn>>

type Send = (ref: Ref, count: number) => Effect.Effect<void, unknown>

/** `yield* ref.tell.Note(...)` for each message; `paced` gives the receiver a turn after each group. */
export const send = (paced: boolean): Send => (ref, count) =>
  Effect.gen(function*() {
    for (let id = 0; id < count; id++) {
      yield* ref.tell.Note(Sampling.message(id))
      if (paced && id % Sampling.groupSize === Sampling.groupSize - 1) yield* Effect.yieldNow
    }
  })

/** `ref.tellUnsafe.Note(...)` for each message, again after a turn when the mailbox was full. */
export const sendUnsafe = (paced: boolean): Send => (ref, count) =>
  Effect.promise(async () => {
    for (let id = 0; id < count; id++) {
      const message = Sampling.message(id)
      while (!ref.tellUnsafe.Note(message)) await Sampling.turn()
      if (paced && id % Sampling.groupSize === Sampling.groupSize - 1) await Sampling.turn()
    }
  })

/** Measures tells until the receiver has answered how many there were: an ask stays behind the tells before it. */
export const tell = (params: Params, ref: Ref, send: Send): Effect.Effect<Measured> => {
  let received = { count: 0, checksum: 0 }
  const once = Effect.gen(function*() {
    const start = performance.now()
    yield* send(ref, params.count)
    received = yield* ref.ask.Tally()
    return Sampling.nanosEach(performance.now() - start, params.count)
  })
  return Effect.map(
    Effect.promise(() => Sampling.sample(params, () => Effect.runPromise(once))),
    (samples) => ({
      samples,
      received,
      expected: Sampling.expectedTally(params.count, params.samples + params.warmups)
    })
  )
}

/** Measures asks one after the other, as a mean over `params.count`. */
export const ask = (params: Params, ref: Ref): Effect.Effect<Measured> =>
  Effect.promise(() =>
    Sampling.measureAsks(params, (count, replies) =>
      Effect.runPromise(Effect.gen(function*() {
        for (let value = 0; value < count; value++) replies.addReply(yield* ref.ask.Add({ value }))
      })))
  )

/** Measures asks one by one, back to back or with both sides idle in between. */
export const askLatencies = (params: Params, ref: Ref, pause: "none" | "idle"): Effect.Effect<Measured> =>
  Effect.promise(() =>
    Sampling.measureLatencies(params, (latencies, replies) =>
      Effect.runPromise(Effect.gen(function*() {
        for (let value = 0; value < latencies.length; value++) {
          if (pause === "idle") yield* Effect.sleep(Sampling.idleMillis)
          const start = performance.now()
          const reply = yield* ref.ask.Add({ value })
          latencies[value] = performance.now() - start
          replies.addReply(reply)
        }
      })))
  )

/** Measures asks of which a fixed number is in flight, each in its fiber. */
export const askPipelined = (params: Params, ref: Ref, inFlight: number): Effect.Effect<Measured> =>
  Effect.promise(() =>
    Sampling.measureAsks(params, (count, replies) =>
      Effect.runPromise(Effect.forEach(
        Array.from({ length: count }, (_, value) => value),
        (value) => Effect.map(ref.ask.Add({ value }), (reply) => replies.addReply(reply)),
        { concurrency: inFlight, discard: true }
      )))
  )

/** Measures asks of which a fixed number is in flight, each with a callback instead of a fiber. */
export const askUnsafePipelined = (params: Params, ref: Ref, inFlight: number): Effect.Effect<Measured> =>
  Effect.promise(() => Sampling.measureAsks(params, (count, replies) => askAll(ref, count, inFlight, replies)))

const askAll = (ref: Ref, count: number, inFlight: number, replies: Sampling.TallyCounter): Promise<void> =>
  new Promise((resolve, reject) => {
    let asked = 0
    let answered = 0
    const askNext = (): void => {
      if (asked < count) ref.askUnsafe.Add({ value: asked++ }, onExit)
    }
    const onExit = (exit: Exit.Exit<number, unknown>): void => {
      if (exit._tag === "Failure") return reject(new Error(String(exit.cause)))
      replies.addReply(exit.value)
      if (++answered === count) resolve()
      else askNext()
    }
    for (let i = 0; i < inFlight; i++) askNext()
  })
