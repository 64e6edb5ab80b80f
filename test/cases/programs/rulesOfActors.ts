/**
 * When a thread is started again, each of its actors comes back by its own rules: one whose build fails once is tried again
 * after its backoff, and a temporary one has ended, with a reason that names the thread.
 *
 * Output:
 *
 *     cache: pong
 *     once: ActorStopped, and it says which thread: true
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { isMainThread, Worker, workerData } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { outcome, runIn, threads, until, whenUp } from "./support.ts"

const Cache = Actor.make("Cache", [Rpc.make("Ping", { success: Schema.String }), Rpc.make("Exit")])
const Once = Actor.make("Once", [Rpc.make("Ping", { success: Schema.String })])

if (!isMainThread) {
  const isFirst = workerData === 0
  let builds = 0
  const CacheLive = Cache.toLayer(
    Effect.suspend(() =>
      // What it needs comes back a moment after the thread.
      !isFirst && ++builds === 1
        ? Effect.fail("not reachable yet")
        : Effect.succeed(
          Cache.of({ Ping: () => Effect.succeed("pong"), Exit: () => Effect.sync(() => process.exit(1)) })
        )
    ),
    {
      supervision: { intensity: { restarts: 100, within: "1 minute" }, backoff: Schedule.spaced("20 millis") }
    }
  )
  const OnceLive = Once.toLayer(
    Effect.succeed(Once.of({ Ping: () => Effect.succeed(isFirst ? "first" : "started again") })),
    { supervision: { restart: "temporary" } }
  )
  ActorThread.launch(Layer.mergeAll(CacheLive, OnceLive))
} else {
  let workers = 0
  const spawn = () => new Worker(new URL(import.meta.url), { workerData: workers++, stdout: true, stderr: true })
  const program = Effect.gen(function*() {
    const cache = yield* Cache.spawn("cache")
    const once = yield* Once.spawn("once")
    yield* outcome(cache.ask.Exit())
    yield* until(
      Effect.map(outcome(once.ask.Ping()), (answer) => answer !== "ActorRestarting" && answer !== "ThreadLost")
    )
    console.log("cache:", yield* outcome(whenUp(cache.ask.Ping())))
    const ended = yield* Effect.exit(once.ask.Ping())
    const names = String(ended).includes("worker-0")
    console.log(`once: ${yield* outcome(once.ask.Ping())}, and it says which thread: ${names || String(ended)}`)
  })
  await runIn(threads(import.meta.url, { spawn }), program)
}
