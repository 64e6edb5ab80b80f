import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ActorThread } from "shared-nothing"
import * as Rehearsal from "../../src/system/internal/rehearsal.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"
import * as Entry from "../../src/thread/kernel/Entry.ts"

describe("what a thread rehearses before it is ready", () => {
  it.live("is the whole way of an ask, without the layer that it serves later", () =>
    Effect.gen(function*() {
      let builds = 0
      const layer = Layer.effectDiscard(Effect.sync(() => void builds++))
      const taker = Entry.takerOf(thread)
      let rehearsal: Entry.Rehearsal = () => Effect.void
      taker.take = (_, taken) => void (rehearsal = taken)
      ActorThread.launch(layer)
      taker.take = undefined
      assert.isTrue(yield* rehearsal(undefined))
      // A thread that was in reserve has done so before it has its place.
      assert.isFalse(yield* rehearsal(undefined))
      assert.strictEqual(builds, 0)
    }))

  it("is long where nobody waits, shorter where threads share cores, and nothing where a thread is missed", () => {
    const start = (threads: number, epoch: number) => ({
      epoch,
      data: { names: Array.from({ length: threads + 1 }, (_, thread) => `thread ${thread}`) }
    })
    assert.strictEqual(Rehearsal.millisOf(undefined, 2), Rehearsal.MILLIS)
    assert.deepStrictEqual([1, 2, 4, 8, 9, 64].map((threads) => Rehearsal.millisOf(start(threads, 1), 2)), [
      Rehearsal.MILLIS,
      Rehearsal.MILLIS,
      Rehearsal.MILLIS / 2,
      Rehearsal.MILLIS / 4,
      0,
      0
    ])
    assert.strictEqual(Rehearsal.millisOf(start(1, 2), 2), 0)
  })
})
