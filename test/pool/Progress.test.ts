/** What a progress says at each moment, on a clock of the test. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Progress } from "shared-nothing"
import { Counts } from "../../src/pool/internal/counts.ts"

const counts = Effect.map(Progress.make, (progress) => progress as Counts)
const ok = Exit.void
const no = Exit.fail("no")

describe("a progress", () => {
  it.effect("says nothing before anything has begun", () =>
    Effect.gen(function*() {
      const progress = yield* Progress.make
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* progress.snapshot, {
        done: 0,
        failed: 0,
        total: undefined,
        elapsedMillis: 0,
        perSecond: 0,
        remainingMillis: undefined,
        isOver: false
      })
    }))

  it.effect("counts, and says how fast it goes and what is left", () =>
    Effect.gen(function*() {
      const progress = yield* counts
      yield* TestClock.adjust("1 minute")
      progress.begin(10, 60_000)
      yield* TestClock.adjust("2 seconds")
      progress.count(ok)
      progress.count(no)
      progress.count(ok)
      progress.count(ok)
      assert.deepStrictEqual(yield* progress.snapshot, {
        done: 4,
        failed: 1,
        total: 10,
        elapsedMillis: 2000,
        perSecond: 2,
        remainingMillis: 3000,
        isOver: false
      })
      progress.end(62_000)
      yield* TestClock.adjust("1 hour")
      const last = yield* progress.snapshot
      assert.deepStrictEqual([last.isOver, last.elapsedMillis, last.remainingMillis], [true, 2000, 0])
    }))

  it.effect("counts the time from its first batch on, also when others come after that", () =>
    Effect.gen(function*() {
      const progress = yield* counts
      progress.begin(1, 0)
      progress.end(1000)
      progress.begin(1, 5000)
      yield* TestClock.adjust("6 seconds")
      const { elapsedMillis, isOver } = yield* progress.snapshot
      assert.deepStrictEqual([elapsedMillis, isOver], [6000, false])
    }))

  it.effect("is over when the last of several batches is, and says no total when one knows none", () =>
    Effect.gen(function*() {
      const progress = yield* counts
      progress.begin(2, 0)
      progress.begin(3, 0)
      assert.strictEqual((yield* progress.snapshot).total, 5)
      progress.end(0)
      assert.isFalse((yield* progress.snapshot).isOver)
      progress.begin(undefined, 0)
      assert.strictEqual((yield* progress.snapshot).total, undefined)
      progress.end(0)
      progress.end(0)
      assert.isTrue((yield* progress.snapshot).isOver)
      // One that begins after that counts on.
      progress.begin(1, 0)
      assert.isFalse((yield* progress.snapshot).isOver)
    }))

  it.effect("is told every so often, and once more at its end, at once", () =>
    Effect.gen(function*() {
      const progress = yield* counts
      progress.begin(4, 0)
      const seen: Array<string> = []
      const shown = yield* Progress.changes(progress, "1 second").pipe(
        Stream.runForEach(({ done, isOver }) => Effect.sync(() => void seen.push(`${done} ${isOver}`))),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("1500 millis")
      progress.count(ok)
      yield* TestClock.adjust("1 second")
      progress.count(ok)
      progress.count(ok)
      progress.count(ok)
      progress.end(2500)
      yield* Fiber.join(shown)
      assert.deepStrictEqual(seen, ["0 false", "0 false", "1 false", "4 true"])
      // Who comes later is told the end.
      const late = yield* Stream.runCollect(Progress.changes(progress, "1 second"))
      assert.deepStrictEqual(Array.from(late, ({ done }) => done), [4])
    }))

  it("does not go back in time with the clock of the wall", () => {
    const progress = new Counts()
    progress.begin(2, 5000)
    progress.count(ok)
    progress.end(4000)
    const { elapsedMillis, perSecond } = Effect.runSync(progress.snapshot)
    assert.deepStrictEqual([elapsedMillis, perSecond], [0, 0])
  })

  it("is drawn as a line", () => {
    const now = {
      done: 5,
      failed: 0,
      total: 10,
      elapsedMillis: 2500,
      perSecond: 2,
      remainingMillis: 2500,
      isOver: false
    }
    assert.strictEqual(Progress.bar(now, { width: 10 }), "[#####.....] 5 of 10, 2.0/s, 3 s left")
    assert.strictEqual(
      Progress.bar({ ...now, failed: 2, perSecond: 120.4, remainingMillis: undefined }, { width: 4 }),
      "[##..] 5 of 10, 2 failed, 120/s"
    )
    assert.strictEqual(
      Progress.bar({ ...now, total: undefined, remainingMillis: undefined }, { width: 4 }),
      "[....] 5, 2.0/s"
    )
    assert.strictEqual(Progress.bar({ ...now, done: 10, isOver: true }, { width: 4 }), "[####] 10 of 10, 2.0/s, in 3 s")
    assert.strictEqual(
      Progress.bar({ ...now, total: 0, done: 0, perSecond: 0, isOver: true }, { width: 2 }),
      "[##] 0 of 0, 0.0/s, in 3 s"
    )
    assert.strictEqual(Progress.bar(now), Progress.bar(now, { width: 24 }))
    for (const width of [0, -3, NaN]) assert.strictEqual(Progress.bar(now, { width }), "[] 5 of 10, 2.0/s, 3 s left")
    assert.strictEqual(Progress.bar(now, { width: 2.5 }), "[#.] 5 of 10, 2.0/s, 3 s left")
    assert.isBelow(Progress.bar(now, { width: Infinity }).length, 1100)
  })
})
