/** One test body, in simulations and on real threads. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import * as System from "../fixtures/system.ts"

const Threads = ActorSystem.layerThreads({
  spawn: () => new Worker(new URL("../fixtures/system.worker.ts", import.meta.url)),
  threads: 2,
  readyTimeout: "1 minute"
})

const body = Effect.gen(function*() {
  const probe = yield* System.Probe.spawn("p", { placement: { thread: 0 } })
  const relay = yield* System.Relay.spawn("r", { placement: { thread: 1 } })
  let noted = 0
  yield* Invariant.always("notes only grow", () => noted >= 0)
  const flood = (from: number) =>
    Effect.map(relay.ask.Flood({ to: probe, from, messages: 20 }), (n) => void (noted += n))
  yield* Effect.all([flood(0), flood(100), flood(200)], { concurrency: "unbounded" })
  while ((yield* probe.ask.Count()) < noted) yield* Effect.yieldNow
  const notes = yield* probe.ask.Notes()
  assert.strictEqual(notes.length, 60)
  for (const from of [0, 100, 200]) {
    const own = notes.filter((n) => n >= from && n < from + 100)
    assert.deepStrictEqual(own, Array.from({ length: 20 }, (_, i) => from + i))
  }
}).pipe(Effect.scoped, Effect.provide(Threads))

describe("one body", () => {
  it.effect("passes in simulations, which import the file of its workers", () =>
    Effect.asVoid(Simulation.check({ seeds: 50, worker: () => import("../fixtures/system.worker.ts") }, body)))

  it.live("passes on real threads", () => body)
})
