import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { ActorControl, ActorError } from "shared-nothing"
import { eventually } from "../contract/eventually.ts"
import { waitsContract } from "../contract/waitsContract.ts"
import { type Gate, Hop } from "../fixtures/waits.ts"
import { until } from "../support/until.ts"
import { crew, threads, within } from "./threads.ts"

const layer = threads({ spawn: crew("waits").spawn, threads: 2 })

waitsContract("asks whose actors wait for each other, over threads", { layer, live: true })

const late = <A, E, R>(asking: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(asking), (error) => {
    assert.instanceOf(error, ActorError.AskTimeout)
    return error
  })

describe("asks whose actors wait for each other", () => {
  it.live("are those of keys as well, wherever these are", () =>
    within(
      layer,
      Effect.gen(function*() {
        const hops = yield* Hop.keyed()
        const path = ["k2", "k3", "k4", "k5", "k1"]
        const asking = late(hops.ref("k1").ask.Go({ path, millis: 200 }))
        // A thread of a busy machine may be too late to say whom its actors wait for.
        const error = yield* Effect.repeat(asking, { until: ({ isChainCut }) => isChainCut !== true, times: 20 })
        assert.deepStrictEqual(error.chain, ["k1", ...path].map((key) => `Hop/${key}`))
      })
    ))

  it.live("are known up to a thread that does not say whom its actors wait for", () => {
    const gate = new Int32Array(new SharedArrayBuffer(8))
    const given: Gate = { gate }
    return within(
      threads({ spawn: crew("waits", { workerData: given }).spawn, threads: 2 }),
      Effect.gen(function*() {
        const [here, there] = [{ placement: { thread: 0 } }, { placement: { thread: 1 } }]
        const a = yield* Hop.spawn("a", here)
        const b = yield* Hop.spawn("b", there)
        const holder = yield* Hop.spawn("holder", there)
        const once = Effect.gen(function*() {
          Atomics.store(gate, 0, 0)
          Atomics.store(gate, 1, 0)
          const asking = yield* Effect.forkChild(
            late(a.ask.Go({ path: ["b"], millis: 3_600_000 }, { timeout: "1 second" })),
            { startImmediately: true }
          )
          yield* eventually(ActorControl.ping(b), ({ status }) => status === "running", "it is asked")
          yield* holder.tell.Hold()
          yield* until(() => Atomics.load(gate, 0) === 1, () => "its thread is not held")
          const error = yield* Fiber.join(asking)
          Atomics.store(gate, 1, 1)
          Atomics.notify(gate, 1)
          return error
        })
        // The other thread may be too late as well, on a busy machine.
        const error = yield* Effect.repeat(once, { until: ({ chain }) => chain !== undefined, times: 10 })
        assert.deepStrictEqual(error.chain, ["Hop/a", "Hop/b"])
        assert.isTrue(error.isChainCut)
        assert.include(error.message, "Hop/a waits for Hop/b, and whom that waits for is not known")
      })
    )
  })
})
