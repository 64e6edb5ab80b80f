/**
 * Threads are released at the same time: the release takes about as long as the slowest of them, also when that one does
 * not end by itself, and no thread is up afterwards.
 *
 * Output:
 *
 *     six finalizers of a second took less than three: true, still up: 0
 *     two that never end took less than twice the limit: true, still up: 0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { isMainThread, Worker, workerData } from "node:worker_threads"
import { ActorSystem, ActorThread } from "shared-nothing"

if (!isMainThread) {
  const finalizer = Effect.acquireRelease(Effect.void, () => Effect.sleep(workerData as number))
  ActorThread.launch(Layer.effectDiscard(finalizer))
} else {
  const release = (threads: number, finalizerMillis: number) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      let up = 0
      const spawn = () => {
        const worker = new Worker(new URL(import.meta.url), { workerData: finalizerMillis })
        up++
        worker.once("exit", () => up--)
        return worker
      }
      const system = ActorSystem.layerThreads({ threads, spawn, readyTimeout: "1 minute" })
      yield* Layer.buildWithScope(Layer.provideMerge(system, Logger.layer([])), scope)
      const start = performance.now()
      yield* Scope.close(scope, Exit.void)
      return { millis: performance.now() - start, up }
    })
  await Effect.runPromise(Effect.gen(function*() {
    const six = yield* release(6, 1000)
    console.log(
      `six finalizers of a second took less than three: ${six.millis < 3000 || six.millis}, still up: ${six.up}`
    )
    const two = yield* release(2, 60_000)
    console.log(
      `two that never end took less than twice the limit: ${two.millis < 9000 || two.millis}, still up: ${two.up}`
    )
  }))
}
