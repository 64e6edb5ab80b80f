import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { PoolThread } from "shared-nothing"
import * as Rehearsal from "../../src/pool/internal/rehearsal.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"
import * as Entry from "../../src/thread/kernel/Entry.ts"
import { MILLIS } from "../../src/thread/kernel/Rehearsal.ts"

describe("what the threads of a pool rehearse", () => {
  it.live("is both sides of a job, once, without the layer that is served later", () =>
    Effect.gen(function*() {
      let builds = 0
      const layer = Layer.effectDiscard(Effect.sync(() => void builds++))
      const taker = Entry.takerOf(thread)
      let rehearsal: Entry.Rehearsal = () => Effect.void
      taker.take = (_, taken) => void (rehearsal = taken)
      PoolThread.launch(layer)
      taker.take = undefined
      // One that is started again is missed.
      assert.isFalse(yield* rehearsal({ epoch: 2 } as Entry.ThreadStart))
      assert.isTrue(yield* Rehearsal.rehearsal(MILLIS))
      assert.isFalse(yield* rehearsal(undefined))
      assert.strictEqual(builds, 0)
    }))
})
