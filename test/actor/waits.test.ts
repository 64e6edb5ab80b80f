import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { ActorError, ActorSystem } from "shared-nothing"
import { settle } from "../contract/eventually.ts"
import { waitsContract } from "../contract/waitsContract.ts"
import { Hop, HopLive } from "../fixtures/waits.ts"

const Local = HopLive.pipe(Layer.provideMerge(ActorSystem.layer))

waitsContract("asks whose actors wait for each other, on one thread", { layer: Local, live: false })

describe("a cycle through a message that was handed on", () => {
  it.effect("is that of who asks and of who is to answer", () =>
    Effect.gen(function*() {
      const [a] = yield* Effect.forEach(["a", "b", "c"], (key) => Hop.spawn(key))
      const asking = yield* Effect.forkChild(Effect.flip(a!.ask.Ask({ path: ["b", "c", "a"], millis: 200 })), {
        startImmediately: true
      })
      yield* settle
      yield* TestClock.adjust(200)
      const error = yield* Fiber.join(asking)
      assert.instanceOf(error, ActorError.AskTimeout)
      assert.strictEqual(error.actor, "Hop/b")
      assert.deepStrictEqual(error.chain, ["Hop/a", "Hop/c", "Hop/a"])
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Local))))
})
