/**
 * One trace over three threads: an ask is a client span here and a server span there, a tell is a consumer span there.
 *
 * Output:
 *
 *     order (internal) on thread 0
 *       Checkout.Buy (client) on thread 0
 *         Checkout.Buy (server) on thread 1
 *           Stock.Reserve (client) on thread 1
 *             Stock.Reserve (server) on thread 2
 *               hand over (internal) on thread 2
 *                 Post.Ship (consumer) on thread 1
 *     7 spans, 1 trace
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Checkout, Post, Recorder, type Span, Stock } from "./protocol.ts"
import { RecorderLive, Telemetry } from "./telemetry.ts"

type Span = typeof Span.Type

const printTree = (spans: ReadonlyArray<Span>, parent: string | undefined, indent: string): Effect.Effect<void> =>
  Effect.forEach(
    spans.filter((span) => span.parent === parent),
    (span) =>
      Effect.andThen(
        Console.log(`${indent}${span.name} (${span.kind}) on thread ${span.thread}`),
        printTree(spans, span.id, `${indent}  `)
      ),
    { discard: true }
  )

const program = Effect.gen(function*() {
  const checkout = yield* Checkout.spawn("c", { placement: { thread: 0 } })
  const stock = yield* Stock.spawn("s", { placement: { thread: 1 } })
  const post = yield* Post.spawn("p", { placement: { thread: 0 } })
  const recorders = [
    yield* Recorder.spawn("main", { placement: "here" }),
    yield* Recorder.spawn("r0", { placement: { thread: 0 } }),
    yield* Recorder.spawn("r1", { placement: { thread: 1 } })
  ]

  yield* Effect.withSpan(checkout.ask.Buy({ item: "lamp", stock, post }), "order")

  // Nobody waits for a tell, so its span may come last.
  const spans = yield* Effect.forEach(recorders, (recorder) => recorder.ask.Spans()).pipe(
    Effect.map((all) => all.flat()),
    Effect.repeat({ until: (spans) => spans.length >= 7 })
  )
  yield* printTree(spans, undefined, "")
  yield* Console.log(`${spans.length} spans, ${new Set(spans.map((span) => span.traceId)).size} trace`)
})

const Threads = ActorSystem.layerThreads({
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 2
})

const Main = RecorderLive.pipe(Layer.provideMerge(Threads), Layer.provideMerge(Telemetry))

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Main)))
