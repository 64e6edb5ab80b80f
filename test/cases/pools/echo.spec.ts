/** Run by vitest itself, in each of its pools: a test that asks an actor on a worker thread. */
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { expect, it } from "vitest"
import { Echo } from "./echo.ts"

it("is answered", async () => {
  const program = Effect.gen(function*() {
    const echo = yield* Echo.spawn("echo")
    return yield* echo.ask.Ping(undefined, { timeout: "10 seconds" })
  })
  const spawn = () => new Worker(new URL("./echo.worker.ts", import.meta.url), { stdout: true, stderr: true })
  const system = ActorSystem.layerThreads({ threads: 1, spawn, readyTimeout: "1 minute" })
  expect(await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(system)))).toBe(1)
})
