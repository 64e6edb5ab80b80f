/**
 * The other side of Effect's `Worker.send`.
 */
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import * as Effect from "effect/Effect"
import * as WorkerRunner from "effect/workers/WorkerRunner"
import type { Tally } from "../../runner/Case.ts"
import { TallyCounter } from "../../runner/Sampling.ts"
import type { Request } from "./effect-worker.ts"

Effect.gen(function*() {
  const platform = yield* WorkerRunner.WorkerRunnerPlatform
  const runner = yield* platform.start<Tally, Request>()
  const counter = new TallyCounter()
  yield* runner.run((port, request) => {
    if (request === "tally") return runner.send(port, counter.tally)
    counter.add(request)
  })
}).pipe(Effect.scoped, Effect.provide(NodeWorkerRunner.layer), Effect.runFork)
