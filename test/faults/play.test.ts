/** A few of the plays that `npm run faults` makes by the hundred. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { play } from "./play/play.ts"

describe("the books of a play balance", () => {
  it.live.each([1, 2, 3, 4])("with seed %s", (seed) =>
    Effect.gen(function*() {
      const { handedBack, handled, late, lost, sent, setAside, wrong } = yield* play(seed)
      assert.deepStrictEqual(wrong, [])
      assert.strictEqual(handled + handedBack + setAside + late + lost, sent)
    }))
})
