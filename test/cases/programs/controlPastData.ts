/**
 * Eight actors are flooded. On the same thread an ask is interrupted and an actor is spawned and stopped, while that work is
 * going on: neither waits for the end of it.
 *
 * Output:
 *
 *     the interruption overtook the work: true
 *     spawning and stopping overtook the work: true
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import { isMainThread, Worker, workerData } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { runIn, threads, until } from "./support.ts"

/** Shared words: whether the handler was entered, messages done by then, messages done. */
const STARTED = 0
const DONE_AT_INTERRUPTION = 1
const DONE = 2
const actors = 8
const each = 1000
/** Less than this is handled meanwhile, also on a machine that has something else to do; who waits for what lies in the ring sees 480. */
const meanwhile = 320

const Busy = Actor.make("Busy", [Rpc.make("Work")])
const Hang = Actor.make("Hang", [Rpc.make("Forever")])

if (!isMainThread) {
  const words = workerData as Int32Array
  ActorThread.launch(Layer.merge(
    Busy.toLayer(Effect.succeed(Busy.of({
      Work: () =>
        Effect.sync(() => {
          const end = performance.now() + 0.5
          while (performance.now() < end);
          Atomics.add(words, DONE, 1)
        })
    }))),
    Hang.toLayer(Effect.succeed(Hang.of({
      Forever: () =>
        Effect.andThen(
          Effect.sync(() => void Atomics.store(words, STARTED, 1)),
          Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => void Atomics.store(words, DONE_AT_INTERRUPTION, Atomics.load(words, DONE) + 1)))
        )
    })))
  ))
} else {
  const words = new Int32Array(new SharedArrayBuffer(12))
  const read = (cell: number) => Atomics.load(words, cell)
  const spawn = () => new Worker(new URL(import.meta.url), { workerData: words })
  const all = actors * each
  const program = Effect.gen(function*() {
    const hang = yield* Hang.spawn("hang")
    const asking = yield* Effect.forkChild(hang.ask.Forever(undefined, { timeout: "1 minute" }), {
      startImmediately: true
    })
    yield* until(Effect.sync(() => read(STARTED) === 1))
    const busy = yield* Effect.forEach(Array.from({ length: actors }, (_, i) => i), (i) => Busy.spawn(`busy ${i}`))
    for (const one of busy) {
      for (let n = 0; n < each; n++) one.tellUnsafe.Work()
    }
    yield* Fiber.interrupt(asking)
    yield* Effect.scoped(Hang.spawn("short"))
    const doneAtStop = read(DONE)
    yield* until(Effect.sync(() => read(DONE_AT_INTERRUPTION) > 0))
    const doneAtInterruption = read(DONE_AT_INTERRUPTION) - 1
    console.log(
      `the interruption overtook the work: ${doneAtInterruption < all / 2 || `${doneAtInterruption} of ${all}`}`
    )
    console.log(`spawning and stopping overtook the work: ${doneAtStop < meanwhile || `${doneAtStop} of ${all}`}`)
    // What would be dropped at the end would be logged.
    yield* until(Effect.sync(() => read(DONE) === all))
  })
  await runIn(threads(import.meta.url, { spawn }), program)
}
