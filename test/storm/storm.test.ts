import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { storm } from "./storm.ts"

describe("after a storm", () => {
  it.live("every ask is settled, every account is zero, and messages add up", () =>
    Effect.gen(function*() {
      const report = yield* storm({ seed: 20261128, millis: 1_500, kills: false })
      assert.deepStrictEqual(report.wrong, [], JSON.stringify(report))
      assert.isAbove(report.handled, 100)
      for (const name of ["Success", "AskTimeout", "Interrupt"]) assert.isAbove(report.asks[name] ?? 0, 0, name)
    }))

  it.live("that kills threads the same holds, but for the messages in their mailboxes", () =>
    Effect.gen(function*() {
      const report = yield* storm({ seed: 20261129, millis: 3_000, kills: true })
      assert.deepStrictEqual(report.wrong, [], JSON.stringify(report))
      assert.isAbove(report.restarts, 0)
    }))
})
