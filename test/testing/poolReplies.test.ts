/** Replies of a pool that find no room in its arena. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { poolOf, simulated } from "../support/pooled.ts"

const KIB = 1024

const Files = Actor.make("Files", [
  Rpc.make("Read", { payload: { bytes: Schema.Int, n: Schema.Int }, success: Schema.Uint8Array }),
  Rpc.make("Unpack", { payload: { file: Schema.Uint8Array }, success: Schema.Uint8Array })
])
const FilesLive = Files.toLayer(Effect.succeed(Files.of({
  Read: ({ bytes, n }) => Effect.sync(() => new Uint8Array(bytes).fill(n)),
  Unpack: ({ file }) => Effect.sync(() => new Uint8Array(120 * KIB).fill(file[0]!))
})))

const pooled = simulated(() => PoolThread.launch(FilesLive))
const forever = { timeout: "Infinity" } as const
const small = { arena: { capacityBytes: 512 * KIB }, queue: { capacity: 64 } } as const

describe("a reply for which there is no room", () => {
  pooled("waits until others have been read, and none is lost", () =>
    Effect.gen(function*() {
      const files = yield* poolOf(Files, small)
      const all = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, n) => n),
        (n) => files.ask.Read({ bytes: 100 * KIB, n }, forever),
        { concurrency: "unbounded" }
      )
      for (const [n, file] of all.entries()) {
        assert.deepStrictEqual([file.length, file[0], file.at(-1)], [100 * KIB, n, n])
      }
      assert.strictEqual(yield* files.depth, 0)
    }))

  pooled(
    "finds room beside payloads that wait for its worker, also one that is larger than those",
    () =>
      Effect.gen(function*() {
        const files = yield* poolOf(Files, small)
        const all = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, n) => n),
          (n) => files.ask.Unpack({ file: new Uint8Array(100 * KIB).fill(n) }, forever),
          { concurrency: "unbounded" }
        )
        for (const [n, file] of all.entries()) {
          assert.deepStrictEqual([file.length, file[0], file.at(-1)], [120 * KIB, n, n])
        }
      })
  )

  pooled("is lost with its thread, and its asker hears of it", () =>
    Effect.gen(function*() {
      const files = yield* poolOf(Files, { ...small, threads: 1 })
      const asks = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => n),
        (n) => Effect.forkChild(Effect.exit(files.ask.Read({ bytes: 100 * KIB, n }, forever)))
      )
      yield* Effect.yieldNow
      yield* Fault.kill("worker-0")
      for (const ask of asks) yield* Fiber.join(ask)
      assert.strictEqual((yield* files.ask.Read({ bytes: 100 * KIB, n: 1 }, forever)).length, 100 * KIB)
      assert.strictEqual(yield* files.depth, 0)
    }))

  pooled("does not keep back a worker whose askers have gone", () =>
    Effect.gen(function*() {
      const files = yield* poolOf(Files, small)
      const asks = yield* Effect.forEach(
        Array.from({ length: 30 }, (_, n) => n),
        (n) => Effect.forkChild(files.ask.Read({ bytes: 200 * KIB, n }, forever))
      )
      yield* Effect.sleep(2)
      for (const ask of asks) yield* Fiber.interrupt(ask)
      assert.strictEqual((yield* files.ask.Read({ bytes: 500 * KIB, n: 1 }, forever)).length, 500 * KIB)
      while ((yield* files.depth) > 0) yield* Effect.sleep(1)
    }))

  pooled("comes to its end before a worker is made anew, and before its pool ends", () =>
    Effect.gen(function*() {
      const files = yield* poolOf(Files, small)
      const asks = yield* Effect.forEach(
        Array.from({ length: 30 }, (_, n) => n),
        (n) => Effect.forkChild(files.ask.Read({ bytes: 200 * KIB, n }, forever))
      )
      yield* Effect.sleep(1)
      yield* Pool.reload(files)
      for (const [n, ask] of asks.entries()) assert.strictEqual((yield* Fiber.join(ask))[0], n)
    }))

  pooled("that can never have any is a defect at once", () =>
    Effect.gen(function*() {
      const files = yield* poolOf(Files, small)
      const exit = yield* Effect.exit(files.ask.Read({ bytes: 600 * KIB, n: 1 }, forever))
      assert.include(String(exit), "has no room")
    }))
})
