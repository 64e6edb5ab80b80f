import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Deadline, Deadlines, LINGER_MILLIS } from "../../src/actor/kernel/Deadlines.ts"
import { ThreadContext } from "../../src/runtime/ThreadContext.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"

class Probe extends Deadline {
  readonly name: string
  readonly log: Array<string>
  readonly onExpiry: () => void
  constructor(name: string, log: Array<string>, onExpiry: () => void = () => {}) {
    super()
    this.name = name
    this.log = log
    this.onExpiry = onExpiry
  }
  expire(): void {
    this.log.push(this.name)
    this.onExpiry()
  }
}

const make = Effect.gen(function*() {
  const deadlines = new Deadlines(
    yield* Effect.context<never>(),
    yield* Clock.Clock,
    new ThreadContext(runtime),
    () => {}
  )
  yield* Effect.addFinalizer(() => Effect.sync(() => deadlines.close()))
  return deadlines
})

describe("Deadlines", () => {
  it.effect("expires each when its time is over, not before", () =>
    Effect.gen(function*() {
      const deadlines = yield* make
      const log: Array<string> = []
      deadlines.add(new Probe("200", log), 200)
      deadlines.add(new Probe("100", log), 100)
      yield* TestClock.adjust(50)
      deadlines.add(new Probe("100 later", log), 100)
      yield* TestClock.adjust(49)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["100"])
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(log, ["100", "100 later"])
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(log, ["100", "100 later", "200"])
    }))

  it.effect("expires those of one timeout in the order in which they started", () =>
    Effect.gen(function*() {
      const deadlines = yield* make
      const log: Array<string> = []
      for (const name of ["a", "b", "c"]) deadlines.add(new Probe(name, log), 100)
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(log, ["a", "b", "c"])
    }))

  it.effect("forgets those that are removed: the first, the last, one in between, all of them", () =>
    Effect.gen(function*() {
      const names = ["a", "b", "c", "d"]
      for (const removed of [["a"], ["d"], ["b"], ["b", "c"], ["a", "d"], names, ["d", "c", "b", "a"], []]) {
        const deadlines = yield* make
        const log: Array<string> = []
        const probes = new Map(names.map((name) => [name, new Probe(name, log)]))
        for (const probe of probes.values()) deadlines.add(probe, 100)
        for (const name of removed) {
          deadlines.remove(probes.get(name)!)
          deadlines.remove(probes.get(name)!)
        }
        deadlines.add(new Probe("e", log), 100)
        yield* TestClock.adjust(100)
        assert.deepStrictEqual(log, [...names.filter((name) => !removed.includes(name)), "e"])
      }
    }))

  it.effect("may be added to and removed from by what expires", () =>
    Effect.gen(function*() {
      const deadlines = yield* make
      const log: Array<string> = []
      const victim = new Probe("victim", log)
      deadlines.add(
        new Probe("first", log, () => {
          deadlines.remove(victim)
          deadlines.add(new Probe("again", log), 100)
        }),
        100
      )
      deadlines.add(victim, 100)
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(log, ["first"])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(log, ["first", "again"])
    }))

  it.effect("watches as many different timeouts as there are, and forgets those that nobody waits for", () =>
    Effect.gen(function*() {
      const deadlines = yield* make
      const log: Array<string> = []
      for (let i = 1; i <= 100; i++) {
        const probe = new Probe(`${i}`, log)
        deadlines.add(probe, i)
        if (i % 2 === 0) deadlines.remove(probe)
      }
      assert.strictEqual(deadlines.size, 50)
      yield* TestClock.adjust(100)
      assert.strictEqual(log.length, 50)
      assert.strictEqual(deadlines.size, 0)
      deadlines.add(new Probe("again", log), 7)
      yield* TestClock.adjust(7)
      assert.include(log, "again")
    }))

  it.effect("goes on when what expires throws, and says so", () =>
    Effect.gen(function*() {
      const thrown: Array<unknown> = []
      const clock = yield* Clock.Clock
      const context = yield* Effect.context<never>()
      const deadlines = new Deadlines(
        context,
        clock,
        new ThreadContext(runtime),
        (defect) => thrown.push(String(defect))
      )
      const log: Array<string> = []
      const bad = () => {
        throw new Error("callback")
      }
      deadlines.add(new Probe("bad", log, bad), 100)
      deadlines.add(new Probe("good", log), 100)
      yield* TestClock.adjust(100)
      deadlines.add(new Probe("later", log), 100)
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(log, ["bad", "good", "later"])
      assert.deepStrictEqual(thrown, ["Error: callback"])
      deadlines.close()
    }))

  it.effect("does as a sorted list does, whatever is added and removed", () =>
    Effect.gen(function*() {
      let seed = 7
      const next = (bound: number) => (seed = (seed * 48271) % 2147483647) % bound
      const deadlines = yield* make
      const log: Array<string> = []
      let model: Array<{ readonly at: number; readonly probe: Probe }> = []
      const expected: Array<string> = []
      let now = 0
      for (let i = 0; i < 2_000; i++) {
        const what = next(10)
        if (what < 6) {
          const probe = new Probe(`${i}`, log)
          const timeout = 1 + next(50)
          deadlines.add(probe, timeout)
          model.push({ at: now + timeout, probe })
        } else if (what < 9 && model.length > 0) {
          const [gone] = model.splice(next(model.length), 1)
          deadlines.remove(gone!.probe)
        } else {
          now += 10
          yield* TestClock.adjust(10)
          model.sort((a, b) => a.at - b.at)
          expected.push(...model.filter(({ at }) => at <= now).map(({ probe }) => probe.name))
          model = model.filter(({ at }) => at > now)
        }
        assert.strictEqual(deadlines.size, model.length)
      }
      assert.deepStrictEqual(log, expected)
    }))

  it.effect("sleeps once, and not for long once nothing is watched", () =>
    Effect.gen(function*() {
      const slept: Array<number> = []
      let wake = () => {}
      let asleep = 0
      let now = 0
      const clock: Clock.Clock = {
        ...(yield* Clock.Clock),
        monotonicTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
        sleep: (duration) =>
          Effect.callback((resume) => {
            slept.push(Duration.toMillis(duration))
            asleep++
            wake = () => {
              asleep--
              now += slept.at(-1)!
              resume(Effect.void)
            }
            return Effect.sync(() => asleep--)
          })
      }
      const deadlines = new Deadlines(yield* Effect.context<never>(), clock, new ThreadContext(runtime), () => {})
      const probes = Array.from({ length: 1_000 }, (_, i) => new Probe(`${i}`, []))
      probes.forEach((probe, i) => deadlines.add(probe, 60_000 - i))
      assert.deepStrictEqual([slept, asleep], [[LINGER_MILLIS], 1])
      // The next one to expire is there to stay, it seems, once it has been seen twice.
      wake()
      wake()
      assert.deepStrictEqual([slept.slice(1), asleep], [[LINGER_MILLIS, 60_000 - 999 - 2 * LINGER_MILLIS], 1])
      for (const probe of probes) deadlines.remove(probe)
      assert.strictEqual(asleep, 0)
      // One that comes and goes wakes nobody, and leaves a short sleep behind.
      for (let i = 0; i < 100; i++) {
        const probe = new Probe("brief", [])
        deadlines.add(probe, 5_000)
        deadlines.remove(probe)
      }
      assert.deepStrictEqual([slept.slice(3), asleep], [[LINGER_MILLIS], 1])
      wake()
      assert.deepStrictEqual([slept.length, asleep], [4, 0])
    }))

  it.effect("does not watch an infinite timeout", () =>
    Effect.gen(function*() {
      const deadlines = yield* make
      const probe = new Probe("never", [])
      deadlines.add(probe, Infinity)
      assert.strictEqual(deadlines.size, 0)
      deadlines.remove(probe)
    }))

  it.effect("lets nothing expire after it was closed", () =>
    Effect.gen(function*() {
      const deadlines = yield* make
      const log: Array<string> = []
      deadlines.add(new Probe("a", log), 100)
      deadlines.close()
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, [])
    }))

  it.effect("measures monotonic time: a wall clock that jumps back delays nothing", () =>
    Effect.gen(function*() {
      let wall = 1_000_000
      let monotonic = 0n
      let wake: (() => void) | undefined
      const clock: Clock.Clock = {
        ...(yield* Clock.Clock),
        currentTimeMillisUnsafe: () => wall,
        monotonicTimeNanosUnsafe: () => monotonic,
        sleep: () =>
          Effect.callback((resume) => {
            wake = () => resume(Effect.void)
          })
      }
      const deadlines = new Deadlines(yield* Effect.context<never>(), clock, new ThreadContext(runtime), () => {})
      const log: Array<string> = []
      deadlines.add(new Probe("a", log), 100)
      wall -= 500_000
      monotonic += 100_000_000n
      wake!()
      assert.deepStrictEqual(log, ["a"])
    }))
})
