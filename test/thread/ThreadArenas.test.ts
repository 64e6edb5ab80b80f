import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ThreadArenas } from "shared-nothing"
import * as Arena from "../../src/memory/Arena.ts"
import { ThreadContext } from "../../src/runtime/ThreadContext.ts"
import { CurrentThread, thread } from "../../src/thread/kernel/CurrentThread.ts"
import { arenasOf } from "../../src/wire/kernel/ThreadCarriage.ts"

const make = () => Arena.create({ capacityBytes: 8 * 4096, blockBytes: 4096 })

describe("ThreadArenas", () => {
  it.effect("has an arena open as long as a scope does, and one end of it", () =>
    Effect.gen(function*() {
      const memory = make()
      const id = yield* Effect.scoped(Effect.gen(function*() {
        const outer = yield* ThreadArenas.open(memory, 1)
        assert.strictEqual(yield* Effect.scoped(ThreadArenas.open(memory, 1)), outer)
        assert.strictEqual(arenasOf(thread).at(outer.id), outer)
        return outer.id
      }))
      assert.strictEqual(arenasOf(thread).at(id), undefined)
    }))

  it.effect("dies for another number in the same arena", () =>
    Effect.gen(function*() {
      const memory = make()
      yield* ThreadArenas.open(memory, 1)
      const exit = yield* Effect.exit(ThreadArenas.open(memory, 2))
      assert.match(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), /ArenaTaken/)
    }).pipe(Effect.scoped))

  it.effect("opens on the thread of the fiber alone", () =>
    Effect.gen(function*() {
      const other = new ThreadContext(thread.runtime)
      const memory = make()
      const here = yield* ThreadArenas.open(memory, 1)
      const there = yield* Effect.provideService(ThreadArenas.open(memory, 2), CurrentThread, other)
      assert.deepStrictEqual([here.owner, there.owner], [1, 2])
      assert.strictEqual(arenasOf(other).at(here.id), there)
    }).pipe(Effect.scoped))
})
