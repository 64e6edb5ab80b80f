/**
 * A worker's file and all that it imports as one module: a thread then starts several times as fast, and holds half of the memory.
 *
 * Output:
 *
 *     worker.mjs imports: node modules alone
 *     hello, Ada
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { build } from "rolldown"
import { ActorSystem } from "shared-nothing"
import { Greeter } from "./protocol.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "bundled-worker-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

// A program does this when it is built, with the main file as a second entry.
const bundle = (dir: string) =>
  build({
    input: { worker: fileURLToPath(new URL("./worker.ts", import.meta.url)) },
    platform: "node",
    // The first is for the sources of this repository; the others are what Node takes itself.
    resolve: { conditionNames: ["source", "import", "node", "default"] },
    output: { dir, format: "esm", entryFileNames: "[name].mjs" },
    logLevel: "warn"
  })

const program = Effect.gen(function*() {
  const dir = yield* folder
  const { output: [worker] } = yield* Effect.promise(() => bundle(dir))
  const others = worker.imports.filter((name) => !name.startsWith("node:"))
  yield* Console.log(`${worker.fileName} imports: ${others.length === 0 ? "node modules alone" : others.join(", ")}`)
  const threads = ActorSystem.layerThreads({ spawn: () => new Worker(join(dir, worker.fileName)), threads: 1 })
  yield* Effect.gen(function*() {
    const greeter = yield* Greeter.spawn("a")
    yield* Console.log(yield* greeter.ask.Greet({ name: "Ada" }))
  }).pipe(Effect.scoped, Effect.provide(threads))
})

await Effect.runPromise(Effect.scoped(program))
