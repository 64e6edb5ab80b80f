/**
 * One trace from who asks over the jobs of a pool, on its threads: which worker ran each, at which attempt, and how long it had waited. Of a job
 * that was given up the span of who asked says whether anybody had begun it.
 *
 * Output:
 *
 *     order (internal)
 *       Shop.Total (client) begun 1 time, by worker-0
 *         Shop.Total (server) attempt 1 on worker-0, after some time in the queue
 *           Shop.Price (client) begun 1 time, by worker-1
 *             Shop.Price (server) attempt 1 on worker-1, after some time in the queue
 *           Shop.Price (client) begun 1 time, by worker-1
 *             Shop.Price (server) attempt 1 on worker-1, after some time in the queue
 *     in a hurry (internal)
 *       Shop.Price (client) begun 0 times
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Shop, type Span } from "./protocol.ts"
import { spans, Telemetry } from "./telemetry.ts"

type Span = typeof Span.Type

const saysOf = ({ attributes, kind }: Span): string => {
  const worker = attributes["pool.worker"]
  if (kind === "server") {
    const waited = typeof attributes["pool.queue_time_ms"] === "number" ? "some" : "no"
    return ` attempt ${attributes["pool.attempt"]} on ${worker}, after ${waited} time in the queue`
  }
  if (kind !== "client") return ""
  const attempts = attributes["pool.attempts"]
  return ` begun ${attempts} time${attempts === 1 ? "" : "s"}${worker === undefined ? "" : `, by ${worker}`}`
}

const printTree = (all: ReadonlyArray<Span>, parent: string | undefined, indent: string): Effect.Effect<void> =>
  Effect.forEach(
    all.filter((span) => span.parent === parent),
    (span) =>
      Effect.andThen(
        Console.log(`${indent}${span.name} (${span.kind})${saysOf(span)}`),
        printTree(all, span.id, `${indent}  `)
      ),
    { discard: true }
  )

const program = Effect.gen(function*() {
  const shop = yield* Pool.ref(Shop)
  yield* Effect.withSpan(shop.ask.Total({ items: ["tea", "milk"] }), "order")

  // Worker 1 has something else to do, and nobody waits for longer than this.
  const counting = yield* Effect.forkChild(shop.ask.CountStock({ timeout: "Infinity" }), { startImmediately: true })
  yield* shop.ask.Price({ item: "bread" }, { timeout: "100 millis" }).pipe(
    Effect.withSpan("in a hurry"),
    Effect.catchTag("AskTimeout", () => Effect.void)
  )
  yield* Fiber.interrupt(counting)

  const ofWorkers = yield* Effect.forEach(Pool.workers(shop), (worker) => worker.ask.Spans())
  yield* printTree([...(yield* spans), ...ofWorkers.flat()], undefined, "")
})

const ShopPool = Pool.layer(Shop, { spawn: () => new Worker(new URL("./worker.ts", import.meta.url)), threads: 2 })

await Effect.runPromise(program.pipe(Effect.provide(Layer.provideMerge(ShopPool, Telemetry))))
