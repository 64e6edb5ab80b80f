import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Intensity from "../../src/supervisor/Intensity.ts"
import { InvalidSupervision } from "../../src/supervisor/SupervisorError.ts"

describe("Intensity", () => {
  it("allows three restarts in five seconds unless told otherwise", () => {
    assert.deepStrictEqual(Intensity.make(undefined), { restarts: 3, withinMillis: 5_000, per: "supervisor" })
    assert.deepStrictEqual(Intensity.make({ restarts: 0, within: "1 minute", per: "child" }), {
      restarts: 0,
      withinMillis: 60_000,
      per: "child"
    })
  })

  it.each<[field: string, options: Intensity.IntensityOptions]>([
    ["intensity.restarts", { restarts: -1, within: "1 second" }],
    ["intensity.restarts", { restarts: 1.5, within: "1 second" }],
    ["intensity.restarts", { restarts: Infinity, within: "1 second" }],
    ["intensity.restarts", { restarts: NaN, within: "1 second" }],
    ["intensity.within", { restarts: 1, within: 0 }],
    ["intensity.within", { restarts: 1, within: -5 }],
    ["intensity.within", { restarts: 1, within: "Infinity" }],
    ["intensity.within", { restarts: 1, within: "soon" as Duration.Input }],
    ["intensity.per", { restarts: 1, within: 1, per: "thread" as "child" }]
  ])("refuses a wrong %s", (field, options) => {
    try {
      Intensity.make(options, "supervisor \"s\"")
    } catch (error) {
      assert.instanceOf(error, InvalidSupervision)
      assert.strictEqual(error.option, field)
      assert.isTrue(error.message.startsWith(`supervisor "s": ${field} is `))
      return
    }
    assert.fail("nothing was thrown")
  })

  it.effect("reads monotonic milliseconds from the current clock", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const before = Intensity.monotonicMillisUnsafe(clock)
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(Intensity.monotonicMillisUnsafe(clock) - before, 1_500)
    }))

  it("keeps the times within the window, its left end included", () => {
    assert.deepStrictEqual(Intensity.recent([0, 1, 2, 3], 6, 5), [1, 2, 3])
  })
})

describe("RestartWindow", () => {
  it("allows as many as it says and refuses the next", () => {
    const window = new Intensity.RestartWindow(2, 1_000)
    assert.deepStrictEqual([window.record(0), window.record(0), window.record(0)], [true, true, false])
  })

  it("refuses every restart when none is allowed", () => {
    assert.isFalse(new Intensity.RestartWindow(0, 1_000).record(0))
  })

  it("still counts a restart exactly as old as the window, and not an older one", () => {
    const at = (millis: number) => {
      const window = new Intensity.RestartWindow(1, 1_000)
      window.record(0)
      return window.record(millis)
    }
    assert.deepStrictEqual([at(1_000), at(1_000.001)], [false, true])
  })

  it("takes a time before the last one as the last one", () => {
    const window = new Intensity.RestartWindow(2, 1_000)
    for (const allowed of [true, true, false]) assert.strictEqual(window.record(allowed ? 5_000 : 0), allowed)
    // Four at 5,000 and after, as it sees them; had the 0 been kept, it would be the one that is forgotten here.
    for (const millis of [0, 5_100, 5_200]) assert.isFalse(window.record(millis), String(millis))
  })

  it("forgets everything when cleared", () => {
    const window = new Intensity.RestartWindow(1, 1_000)
    window.record(0)
    window.clear()
    assert.isTrue(window.record(0))
  })

  const Steps = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })))
  const Small = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))

  it.prop(
    "agrees with the rule written out, step by step",
    [Small, Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 })), Steps],
    ([restarts, within, steps]) => {
      const window = new Intensity.RestartWindow(restarts, within)
      const all: Array<number> = []
      let now = 0
      for (const step of steps) {
        now += step
        all.push(now)
        const counted = all.filter((time) => time >= now - within).length
        assert.strictEqual(window.record(now), counted <= restarts)
        assert.strictEqual(window.count(now), Math.min(counted, restarts + 1))
        assert.strictEqual(Intensity.recent(all, now, within).length, counted)
      }
    },
    { arbitrary: { runs: 500 } }
  )
})
