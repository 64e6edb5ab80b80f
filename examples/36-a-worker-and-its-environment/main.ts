/**
 * What a worker knows of the program that has started it: its environment, its data, and what its own layer provides.
 *
 * Output:
 *
 *     Servus, Ada of Graz (log level Warn)
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Greeter } from "./protocol.ts"

const program = Effect.gen(function*() {
  const greeter = yield* Greeter.spawn("a")
  yield* Console.log(yield* greeter.ask.Greet({ name: "Ada" }))
})

const Threads = ActorSystem.layerThreads({
  spawn: ({ name }) =>
    new Worker(new URL("./worker.ts", import.meta.url), {
      name,
      env: { ...process.env, GREETING: "Servus" },
      workerData: { city: "Graz" }
    }),
  threads: 1
})

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Threads)))
