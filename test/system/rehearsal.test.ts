import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ActorThread } from "shared-nothing"
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
})
