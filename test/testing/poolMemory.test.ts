/** A pool that has no more workers than there is memory for. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { totalmem } from "node:os"
import { Actor, Pool, PoolThread } from "shared-nothing"
import { ProcessMemory } from "../../src/thread/kernel/Heap.ts"
import { noThread } from "../simulate/scenario.ts"
import { poolOf, simulated } from "../support/pooled.ts"

const Files = Actor.make("Files", [
  Rpc.make("Rest", { payload: { millis: Schema.Int } }),
  Rpc.make("Read", { payload: { millis: Schema.Int } })
])

const FilesLive = Files.toLayer(Effect.succeed(Files.of({
  Rest: ({ millis }) => Effect.sleep(millis),
  Read: ({ millis }) => Pool.blocking(Effect.sleep(millis))
})))

const run = simulated(() => PoolThread.launch(FilesLive))

const forever = { timeout: "Infinity" } as const
const threads = { min: 1, max: 4, idle: "2 seconds", adapt: { memory: 0.9, cooldown: "100 millis" } } as const

interface Heard {
  readonly files: Pool.Ref<typeof Files>
  readonly events: ReadonlyArray<Pool.PoolEvent>
  readonly held: () => ReadonlyArray<Pool.GrowthHeld>
  readonly size: Effect.Effect<number>
  /** Has the process use so much of 1,000 bytes. */
  readonly uses: (bytes: number) => void
}

const filed = (name: string, body: (heard: Heard) => Effect.Effect<unknown, unknown, Scope.Scope>) =>
  run(name, () =>
    Effect.gen(function*() {
      let usedBytes = 0
      const memory = () => ({ usedBytes, limitBytes: 1000 })
      const files = yield* Effect.provideService(poolOf(Files, { threads }), ProcessMemory, memory)
      const events: Array<Pool.PoolEvent> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Pool.events(files), (event) => Effect.sync(() => events.push(event))),
        { startImmediately: true }
      )
      // It listens by then.
      yield* Effect.sleep(1)
      yield* body({
        files,
        events,
        held: () => events.filter((event) => event._tag === "GrowthHeld"),
        size: Effect.map(Pool.stats(files), ({ size }) => size),
        uses: (bytes) => void (usedBytes = bytes)
      })
    }))

const become = (size: Effect.Effect<number>, wanted: number) =>
  Effect.gen(function*() {
    while ((yield* size) !== wanted) yield* Effect.sleep(10)
  })

describe("a pool whose process has too little memory left", () => {
  filed(
    "has no more workers while jobs wait, says so once, and has some when there is memory",
    (heard) =>
      Effect.gen(function*() {
        const { files, held, size, uses } = heard
        uses(901)
        const asked = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 200 }), () => files.ask.Rest({ millis: 200 }, forever), {
            concurrency: "unbounded"
          })
        )
        yield* Effect.sleep(5000)
        assert.strictEqual(yield* size, 1)
        assert.deepStrictEqual(held().map(({ size, wanted, why }) => [size, wanted, why]), [[1, 2, "waiting"]])
        const { memoryBytes, memoryLimitBytes, waiting } = held()[0]!.signal
        assert.deepStrictEqual([memoryBytes, memoryLimitBytes], [901, 1000])
        assert.isAbove(waiting, 0)
        uses(900)
        yield* become(size, 2)
        uses(950)
        const before = yield* size
        yield* Effect.sleep(3000)
        assert.strictEqual(yield* size, before)
        assert.deepStrictEqual(held().map((event) => event.size), [1, before])
        // Who says so by hand is asked for no memory.
        yield* Pool.resize(files, 4)
        assert.strictEqual(yield* size, 4)
        yield* Fiber.join(asked)
        // To leave needs none.
        yield* become(size, 1)
        assert.strictEqual(held().length, 2)
      })
  )

  filed("has nobody stand in for a worker that blocks, and says so each time", (heard) =>
    Effect.gen(function*() {
      const { events, files, held, size, uses } = heard
      uses(901)
      for (let n = 0; n < 2; n++) {
        yield* files.ask.Read({ millis: 1000 }, forever)
        assert.strictEqual(yield* size, 1)
        // That it blocks no more has been heard of by then.
        yield* Effect.sleep(10)
      }
      assert.deepStrictEqual(held().map(({ signal, wanted, why }) => [signal.blocked, wanted, why]), [
        [1, 2, "blocking"],
        [1, 2, "blocking"]
      ])
      uses(900)
      const reading = yield* Effect.forkChild(files.ask.Read({ millis: 1000 }, forever))
      yield* become(size, 2)
      uses(1000)
      yield* Fiber.join(reading)
      yield* become(size, 1)
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "Resized" ? [event.why] : []),
        ["blocking", "unblocked"]
      )
    }))
})

describe("the part of its memory that a process may use", () => {
  it.effect("is above 0, and 1 at most", () =>
    Effect.gen(function*() {
      for (const memory of [0, -1, 1.01, NaN, "0.5", null, {}] as ReadonlyArray<any>) {
        const made = Pool.make(Files, { spawn: noThread, threads: { min: 1, max: 2, adapt: { memory } } })
        const error = yield* Effect.flip(Effect.scoped(made))
        assert.strictEqual(error._tag === "InvalidOptions" && error.option, "threads.adapt.memory")
      }
    }))

  it("is of what its container grants it, or the machine has", () => {
    const { limitBytes, usedBytes } = ProcessMemory.defaultValue()()
    assert.isAbove(usedBytes, 0)
    assert.isAbove(limitBytes, usedBytes)
    assert.isAtMost(limitBytes, totalmem())
  })
})
