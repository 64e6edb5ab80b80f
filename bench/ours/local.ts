/**
 * This library within one thread.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ActorSystem } from "shared-nothing"
import type { Measured, Params } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"
import { type Build, type Handler, Idle, idleLive, Receiver, receiverLive } from "./actors.ts"
import * as Loops from "./loops.ts"

const withReceiver = (handler: Handler, use: (ref: Loops.Ref) => Effect.Effect<Measured>): Promise<Measured> =>
  Effect.flatMap(Receiver.spawn("receiver"), use).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(receiverLive(handler), ActorSystem.layer)),
    Effect.runPromise
  )

/** Paced tells, each an effect of the sender. */
export const tell = (params: Params, handler: Handler): Promise<Measured> =>
  withReceiver(handler, (ref) => Loops.tell(params, ref, Loops.send(true)))

/** Paced tells, each a function call. */
export const tellUnsafe = (params: Params, handler: Handler): Promise<Measured> =>
  withReceiver(handler, (ref) => Loops.tell(params, ref, Loops.sendUnsafe(true)))

/** One ask at a time. */
export const ask = (params: Params): Promise<Measured> => withReceiver("answers", (ref) => Loops.ask(params, ref))

/** Idle actors: how fast they are spawned, or what they weigh. */
export const idle = (params: Params, figure: "rate" | "memory", build: Build): Promise<Measured> => {
  const counter = new Sampling.TallyCounter()
  const done = Deferred.makeUnsafe<void>()
  const answer = (id: number): void => {
    counter.addReply(id)
    if (counter.count === params.count) Deferred.doneUnsafe(done, Effect.void)
  }
  return Effect.gen(function*() {
    type Ref = Effect.Success<ReturnType<typeof Idle.spawn>>
    const refs = new Array<Ref>(params.count)
    const gauge = Sampling.gaugeSpawn(params.count)
    for (let id = 0; id < params.count; id++) refs[id] = yield* Idle.spawn(String(id))
    yield* Effect.promise(Sampling.turn)
    const samples = [gauge(figure)]
    for (const ref of refs) yield* ref.tell.Report()
    yield* Deferred.await(done)
    return { samples, received: counter.tally, expected: Sampling.expectedIds(params.count) }
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(idleLive(answer, build), ActorSystem.layer)),
    Effect.runPromise
  )
}
