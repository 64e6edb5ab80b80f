/**
 * One side of a tracing case, loaded once with tracing and once as the twin without: each has classes and loops of its own.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import type { Tally } from "../runner/Case.ts"
import { TallyCounter } from "../runner/Sampling.ts"
import { Receiver, receiverLive } from "./actors.ts"
import * as Loops from "./loops.ts"

/** The operations whose price is measured. */
export type Operation = "tell-local" | "ask-local" | "tell-remote" | "ask-remote"

const twin = import.meta.url.includes("?")

const local = Layer.provideMerge(receiverLive("answers"), ActorSystem.layer)

const remote = ActorSystem.layerThreads({
  spawn: () =>
    new Worker(
      twin ? new URL("./untraced.worker.ts", import.meta.url) : new URL("./receiver.worker.ts", import.meta.url)
    ),
  threads: 1
})

/** Starts a system that lives as long as the process, and answers a loop of `count` operations; the loop answers what came back. */
export const start = (operation: Operation, count: number): Promise<Effect.Effect<Tally, unknown>> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const isRemote = operation.endsWith("remote")
    const context = yield* Layer.buildWithScope(isRemote ? remote : local, scope)
    const ref = yield* Receiver.spawn("receiver", { placement: isRemote ? { thread: 0 } : "here" }).pipe(
      Effect.provideContext(context),
      Scope.provide(scope)
    )
    return operation.startsWith("tell")
      ? Effect.andThen(Loops.send(!isRemote)(ref, count), ref.ask.Tally())
      : Effect.gen(function*() {
        const replies = new TallyCounter()
        for (let value = 0; value < count; value++) replies.addReply(yield* ref.ask.Add({ value }))
        return replies.tally
      })
  }).pipe(Effect.runPromise)
