/**
 * `npm run demo`: three million flights through partition actors on worker threads, one of which is killed on the way.
 *
 * The records are streamed from the file to partitions (by origin airport), which count; query actors on the same
 * threads merge what all partitions counted into delays by hour of departure. When half of the records are in, one
 * thread is terminated. Its supervisor starts another one, its partitions are restored from their last checkpoints, and
 * what they had not yet counted is fed again. The result is held against a plain computation on one thread, value by
 * value, and the last line says how many records were lost or counted twice.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { ActorSystem, Tree } from "shared-nothing"
import * as Aggregate from "./aggregate.ts"
import * as Feeder from "./feeder.ts"
import { countFlights, flightsFile, readFlights } from "./flights.ts"
import { plain } from "./plain.ts"
import { Partition, Query } from "./protocol.ts"
import * as Report from "./report.ts"
import * as Screen from "./screen.ts"

const threads = Math.min(4, Math.max(2, availableParallelism() - 1))
const partitions = threads * 4
const victim = threads - 1

// The handles are kept for one purpose: to kill a thread behind the system's back.
const workers: Array<Worker> = []
const spawn = () => {
  const worker = new Worker(new URL("./worker.ts", import.meta.url))
  workers.push(worker)
  return worker
}

const spawnLanes = Effect.forEach(
  Array.from({ length: partitions }, (_, i) => i),
  (i) => Effect.map(Partition.spawn(`p${i}`, { placement: { thread: i % threads } }), (ref) => new Feeder.Lane(ref))
)

const spawnQueries = Effect.forEach(
  Array.from({ length: threads }, (_, thread) => thread),
  (thread) => Query.spawn(`q${thread}`, { placement: { thread } })
)

const killHalfway = Effect.fnUntraced(function*(lanes: ReadonlyArray<Feeder.Lane>, total: number) {
  yield* Effect.sleep("5 millis").pipe(Effect.repeat({ until: () => Feeder.recordsFed(lanes) >= total / 2 }))
  yield* Screen.say(`killing worker thread ${victim} with terminate()`)
  yield* Effect.promise(() => workers[victim]!.terminate())
})

/** Feeds the whole file while the progress is shown and one thread is killed. */
const load = Effect.fnUntraced(function*(lanes: ReadonlyArray<Feeder.Lane>, total: number) {
  yield* Effect.forkScoped(Screen.showProgress(lanes, total))
  yield* Effect.forkScoped(killHalfway(lanes, total))
  yield* Stream.runForEach(readFlights(flightsFile), (chunk) => Feeder.feedChunk(lanes, chunk))
}, Effect.scoped)

const program = Effect.gen(function*() {
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const total = yield* countFlights(flightsFile)
  const lanes = yield* spawnLanes
  const queries = yield* spawnQueries
  yield* Screen.say(`${total} flights, ${partitions} partitions on ${threads} worker threads`)
  yield* load(lanes, total)
})

NodeRuntime.runMain(program.pipe(Effect.scoped, Effect.provide(ActorSystem.layerThreads({ spawn, threads }))))
