import * as Effect from "effect/Effect"
import { PoolThread } from "shared-nothing"
import { work } from "../peers/jobs.ts"
import { Work } from "./jobs.ts"

PoolThread.launch(Work.toLayer(Effect.succeed(Work.of({
  Run: ({ micros, value }) => Effect.succeed(work(value, micros))
}))))
