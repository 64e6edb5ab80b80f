import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Backoff from "../../src/supervisor/Backoff.ts"
import { InvalidSupervision } from "../../src/supervisor/SupervisorError.ts"

const next = (backoff: Backoff.Backoff, nowMillis: number, cause: Cause.Cause<unknown> = Cause.fail("boom")) =>
  Effect.map(backoff.next(nowMillis, cause), Option.match({ onNone: () => "over" as const, onSome: Duration.toMillis }))

const capped = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("1 second")])

describe("Backoff", () => {
  it.effect("gives the delays of the schedule, one a failure", () =>
    Effect.gen(function*() {
      const backoff = Backoff.make(capped)
      const delays: Array<number | "over"> = []
      for (let i = 0; i < 6; i++) delays.push(yield* next(backoff, i))
      assert.deepStrictEqual(delays, [100, 200, 400, 800, 1_000, 1_000])
    }))

  it.effect("starts over when the time since the end of the last delay is the quiet time", () =>
    Effect.gen(function*() {
      const backoff = Backoff.make({ schedule: Schedule.exponential("100 millis"), resetAfter: "1 second" })
      assert.strictEqual(yield* next(backoff, 0), 100)
      assert.strictEqual(yield* next(backoff, 100 + 999), 200)
      assert.strictEqual(yield* next(backoff, 1_099 + 200 + 1_000), 100)
    }))

  it.effect("does not take a long delay for a quiet time", () =>
    Effect.gen(function*() {
      const backoff = Backoff.make({ schedule: Schedule.exponential("1 minute"), resetAfter: "1 second" })
      assert.strictEqual(yield* next(backoff, 0), 60_000)
      assert.strictEqual(yield* next(backoff, 60_500), 120_000)
    }))

  it.effect("never starts over when told never to", () =>
    Effect.gen(function*() {
      const backoff = Backoff.make({ schedule: Schedule.exponential("1 second"), resetAfter: "Infinity" })
      assert.strictEqual(yield* next(backoff, 0), 1_000)
      assert.strictEqual(yield* next(backoff, 1e12), 2_000)
    }))

  it.effect("is over when the schedule is, until it starts over", () =>
    Effect.gen(function*() {
      const backoff = Backoff.make({
        schedule: Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 1 })),
        resetAfter: "1 minute"
      })
      assert.strictEqual(yield* next(backoff, 0), 1_000)
      assert.strictEqual(yield* next(backoff, 1_000), "over")
      backoff.reset()
      assert.strictEqual(yield* next(backoff, 2_000), 1_000)
    }))

  it.effect("hands the cause to the schedule", () =>
    Effect.gen(function*() {
      const byCause = Schedule.passthrough(
        Schedule.spaced("1 second") as Schedule.Schedule<number, Cause.Cause<unknown>>
      )
        .pipe(Schedule.modifyDelay(({ output }) => Effect.succeed(Cause.hasDies(output) ? "1 minute" : "1 second")))
      const backoff = Backoff.make(byCause)
      assert.strictEqual(yield* next(backoff, 0), 1_000)
      assert.strictEqual(yield* next(backoff, 0, Cause.die("bug")), 60_000)
    }))

  it.effect("steps the schedule with the wall clock, whatever the monotonic one says", () =>
    Effect.gen(function*() {
      const seen: Array<number> = []
      const schedule = Schedule.fromStep<unknown, number, never, never, never, never>(
        Effect.succeed((now) =>
          Effect.sync(() => {
            seen.push(now)
            return [0, Duration.zero]
          })
        )
      )
      yield* TestClock.adjust("7 seconds")
      yield* next(Backoff.make(schedule), 123)
      assert.deepStrictEqual(seen, [7_000])
    }))

  it("refuses what is no schedule and a quiet time that is none", () => {
    assert.throws(
      () => Backoff.make(5 as never),
      InvalidSupervision,
      "backoff: backoff is 5, expected a Schedule"
    )
    assert.throws(
      () => Backoff.make({ schedule: capped, resetAfter: 0 }),
      InvalidSupervision,
      "backoff.resetAfter is 0"
    )
  })
})
