import * as Effect from "effect/Effect"
import { Pool, PoolThread } from "shared-nothing"
import { work } from "../peers/jobs.ts"
import { Work } from "./jobs.ts"

const forever = { timeout: "Infinity" } as const

const fork = (depth: number, micros: number): Effect.Effect<number, never, Pool.Pool<"Work">> =>
  depth === 0 ? Effect.sync(() => work(0, micros)) : Effect.orDie(Effect.gen(function*() {
    const { ask } = yield* Pool.ref(Work)
    const half = ask.Fork({ depth: depth - 1, micros }, forever)
    const [left, right] = yield* Effect.all([half, half], { concurrency: 2 })
    return left + right
  }))

PoolThread.launch(Work.toLayer(Effect.succeed(Work.of({
  Run: ({ micros, value }) => Effect.succeed(work(value, micros)),
  Fork: ({ depth, micros }) => fork(depth, micros)
}))))
