/** Events are heard by all who keep up, although one does not. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Bulletin from "../../src/observe/kernel/Bulletin.ts"

describe("Bulletin", () => {
  it.effect("tells those who keep up everything, while one stands still and misses the oldest", () =>
    Effect.scoped(Effect.gen(function*() {
      const bulletin = yield* PubSub.sliding<number>(4)
      const still = yield* PubSub.subscribe(bulletin)
      const quick = yield* PubSub.subscribe(bulletin)
      const heard: Array<number> = []
      for (let n = 0; n < 100; n++) {
        Bulletin.publish(bulletin, n)
        heard.push(...(yield* PubSub.takeAll(quick)))
      }
      assert.deepStrictEqual(heard, Array.from({ length: 100 }, (_, n) => n))
      assert.deepStrictEqual(yield* PubSub.takeAll(still), [96, 97, 98, 99])
    })))

  it.effect("gives a subscriber that waits the event at once", () =>
    Effect.scoped(Effect.gen(function*() {
      const bulletin = yield* PubSub.sliding<number>(1)
      yield* PubSub.subscribe(bulletin)
      const subscription = yield* PubSub.subscribe(bulletin)
      const fiber = yield* Effect.forkChild(PubSub.take(subscription), { startImmediately: true })
      Bulletin.publish(bulletin, 1)
      assert.strictEqual(fiber.pollUnsafe()?._tag, "Success")
      Bulletin.publish(bulletin, 2)
      assert.deepStrictEqual(yield* PubSub.takeAll(subscription), [2])
    })))

  it.effect("takes nothing from what is left to be read once it has ended", () =>
    Effect.scoped(Effect.gen(function*() {
      const bulletin = yield* PubSub.sliding<number>(2)
      const subscription = yield* PubSub.subscribe(bulletin)
      Bulletin.publish(bulletin, 1)
      Bulletin.publish(bulletin, 2)
      PubSub.endUnsafe(bulletin, 0)
      Bulletin.publish(bulletin, 3)
      assert.deepStrictEqual(yield* PubSub.takeAll(subscription), [1, 2])
    })))
})
