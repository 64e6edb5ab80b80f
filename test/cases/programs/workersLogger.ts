/**
 * What the library itself logs on a worker goes to the logger and by the level that were given to `launch`, and nowhere else.
 *
 * Output:
 *
 *     the worker's own logger was told: true
 *     logged elsewhere: 0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { isMainThread, Worker, workerData } from "node:worker_threads"
import { ActorThread } from "shared-nothing"
import { Probe, probeLive } from "./probe.ts"
import { outcome, runIn, threads, until, whenUp } from "./support.ts"

if (!isMainThread) {
  const told = workerData as Int32Array
  ActorThread.launch(
    Layer.provide(probeLive(), Logger.layer([Logger.make(() => void Atomics.add(told, 0, 1))]))
  )
} else {
  const told = new Int32Array(new SharedArrayBuffer(4))
  let elsewhere = 0
  const spawn = () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: told, stdout: true, stderr: true })
    for (const stream of [worker.stdout, worker.stderr]) stream.on("data", () => elsewhere++)
    return worker
  }
  const program = Effect.gen(function*() {
    const probe = yield* Probe.spawn("probe")
    yield* outcome(probe.ask.Crash({ afterMillis: 0 }))
    yield* whenUp(probe.ask.Count())
    yield* until(Effect.sync(() => Atomics.load(told, 0) > 0))
  })
  await runIn(threads(import.meta.url, { spawn }), program)
  console.log(`the worker's own logger was told: ${Atomics.load(told, 0) > 0}`)
  console.log(`logged elsewhere: ${elsewhere}`)
}
