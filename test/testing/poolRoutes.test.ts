/** Routes of messages to the workers of a pool, and the order of the jobs of one key. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { begun, oddly, Routed, RoutedLive } from "../fixtures/routed.ts"
import { poolOf, simulated } from "../support/pooled.ts"

const forever = { timeout: "Infinity" } as const

const run = simulated(() => PoolThread.launch(RoutedLive))

const pooled = (
  name: string,
  body: (routed: Pool.Ref<typeof Routed>) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options?: Partial<Pool.PoolOptions>
) =>
  run(name, () =>
    Effect.gen(function*() {
      begun.length = 0
      const routed = yield* poolOf(Routed, { threads: 3, ...options })
      yield* body(routed)
      while ((yield* routed.depth) > 0) yield* Effect.sleep(1)
      for (const worker of Pool.workers(routed)) assert.strictEqual(yield* worker.depth, 0)
    }))

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

/** Where jobs ran, none of them twice. */
const places = (workers: ReadonlyArray<string>) => new Set(workers).size

describe("a route", () => {
  for (const tag of ["Step", "Sticky", "Remainder"] as const) {
    pooled(`by key (${tag}) has all of a key on one worker, and uses them all`, (routed) =>
      Effect.gen(function*() {
        const of = yield* Effect.forEach(numbers(20), (key) =>
          Effect.forEach(numbers(3), (n) =>
            routed.ask[tag]({ key: `k${key}`, n, millis: n }, forever), {
            concurrency: "unbounded"
          }), { concurrency: "unbounded" })
        for (const one of of) {
          assert.strictEqual(places(one), 1)
        }
        assert.strictEqual(places(of.flat()), 3)
      }))
  }

  pooled(
    "gives way to the key of one job, which goes where its message would have it go by that",
    (routed) =>
      Effect.gen(function*() {
        for (const tag of ["Step", "Sticky", "Remainder"] as const) {
          for (const key of numbers(12).map((n) => `k${n}`)) {
            const step = (own: string, options?: Pool.JobOptions) =>
              routed.ask[tag]({ key: own, n: 0, millis: 0 }, { ...forever, ...options })
            const at = yield* step(key)
            assert.strictEqual(yield* step("another", { key }), at)
            assert.strictEqual(yield* step("another", { key, priority: "low" }), at)
          }
        }
        // Of what has no route, or another one, the worker with the highest random weight has the key.
        for (const key of numbers(12).map((n) => `k${n}`)) {
          const at = yield* routed.ask.Step({ key, n: 0, millis: 0 }, forever)
          assert.strictEqual(yield* routed.ask.Once({ n: 0, millis: 0 }, { ...forever, key }), at)
          assert.strictEqual(yield* routed.ask.Who({ ...forever, key }), at)
          assert.strictEqual(yield* routed.ask.Turn(undefined, { ...forever, key }), at)
        }
      })
  )

  pooled(
    "by the key of one job has those of a key one at a time, in order, whatever their priorities",
    (routed) =>
      Effect.gen(function*() {
        const priorities = ["low", "high", "normal", undefined] as const
        const all = numbers(24).map((n) =>
          routed.ask.Once({ n, millis: n % 3 }, { ...forever, key: `k${n % 2}`, priority: priorities[n % 4] })
        )
        yield* Effect.all(all, { concurrency: "unbounded" })
        for (const key of [0, 1]) {
          const order = begun.map(({ n }) => n).filter((n) => n % 2 === key)
          assert.deepStrictEqual(order, numbers(24).filter((n) => n % 2 === key))
        }
      }),
    { concurrency: 4 }
  )

  pooled("by range has what lies together on one worker", (routed) =>
    Effect.gen(function*() {
      const at = (value: number) => routed.ask.Ranged({ value })
      const of = yield* Effect.forEach([-1, 9, 10, 19, 20, 29, 30, 1000], at)
      assert.deepStrictEqual(of.map((worker) => worker.slice(-1)).join(""), "00112200")
    }))

  pooled("to a worker, by turns, to the one with the least to do", (routed) =>
    Effect.gen(function*() {
      const at = yield* Effect.forEach([2, 0, 1], (worker) => routed.ask.At({ worker }))
      assert.deepStrictEqual(at, ["worker-2", "worker-0", "worker-1"])
      const turns = yield* Effect.forEach(numbers(6), () => routed.ask.Turn())
      assert.deepStrictEqual(turns.slice(0, 3), turns.slice(3))
      assert.strictEqual(places(turns), 3)
      // Two are busy, one with what waits for it.
      const [first, second] = Pool.workers(routed)
      yield* Effect.forEach([first!, second!, second!], (worker, n) => worker.tell.Put({ n, millis: 50 }))
      yield* Effect.sleep(10)
      assert.strictEqual(yield* routed.ask.Least({ n: 10, millis: 50 }, { timeout: "1 second" }), "worker-2")
      assert.strictEqual(yield* routed.ask.Odd({ how: "busiest" }, forever), "worker-1")
      const spread = yield* Effect.forEach(numbers(6), (n) => routed.ask.Least({ n, millis: 20 }, forever), {
        concurrency: "unbounded"
      })
      for (const worker of ["worker-0", "worker-1", "worker-2"]) {
        assert.strictEqual(spread.filter((one) => one === worker).length, 2)
      }
    }))

  pooled(
    "without a key, that throws, that says nonsense or that sends itself fails what is sent, and nothing else",
    (routed) =>
      Effect.gen(function*() {
        const refused = [
          yield* Effect.flip(routed.ask.Step({ key: "", n: 1, millis: 0 })),
          yield* Effect.flip(routed.tell.Step({ key: "x".repeat(1025), n: 1, millis: 0 })),
          yield* Effect.flip(routed.ask.Odd({ how: "throws" })),
          yield* Effect.flip(routed.ask.Odd({ how: "nonsense" })),
          yield* Effect.flip(routed.ask.At({ worker: -1 })),
          yield* Effect.flip(routed.ask.At({ worker: 0.5 })),
          yield* Effect.flip(routed.ask.Ranged({ value: Number.NaN }))
        ]
        assert.deepStrictEqual(refused.map(({ _tag }) => _tag), refused.map(() => "NotRouted" as const))
        for (
          const [i, text] of ["has 0 characters", "has 1025", "no idea", "expected 0 to 2", "is -1", "0.5", "NaN"]
            .entries()
        ) {
          assert.include(refused[i]!.message, text.replace("is -1", "-1"))
        }
        // What breaks its schema is told as that, although its key cannot be read.
        const broken = yield* Effect.flip(routed.ask.Step(null as never))
        assert.strictEqual(broken._tag, "InvalidPayload")
        const sent: Array<unknown> = []
        oddly.reenters = () => {
          oddly.reenters = () => {}
          sent.push(routed.tellUnsafe.Put({ n: 1, millis: 0 }))
          routed.askUnsafe.Odd({ how: "reenters" }, (exit) => sent.push(exit._tag), forever)
        }
        assert.include(yield* routed.ask.Odd({ how: "reenters" }, forever), "worker-")
        assert.strictEqual(sent[0], true)
        while (sent.length < 2) yield* Effect.sleep(1)
        assert.strictEqual(sent[1], "Success")
      })
  )

  run("that sends more than there is room for refuses nothing that was taken", () =>
    Effect.gen(function*() {
      const routed = yield* poolOf(Routed, { queue: { capacity: 2 } })
      let sent = 0
      oddly.reenters = () => {
        oddly.reenters = () => {}
        while (routed.tellUnsafe.Put({ n: sent, millis: 0 })) sent++
      }
      assert.include(yield* routed.ask.Odd({ how: "reenters" }, forever), "worker-")
      assert.strictEqual(sent, 2)
      while ((yield* routed.depth) > 0) yield* Effect.sleep(1)
    }))
})

describe("the jobs of one key", () => {
  const inOrder = (keys: number, each: number) => {
    for (const key of numbers(keys)) {
      const of = begun.filter(({ n }) => Math.floor(n / 1000) === key)
      const seen = of.map(({ n }) => n % 1000)
      assert.deepStrictEqual(seen, seen.slice().sort((a, b) => a - b))
      assert.deepStrictEqual(Array.from(new Set(seen)), numbers(each))
      assert.strictEqual(new Set(of.map(({ worker }) => worker)).size, 1)
    }
  }

  pooled(
    "are begun one at a time, however many others its worker begins meanwhile",
    (routed) =>
      Effect.gen(function*() {
        const asks = numbers(5).flatMap((n) =>
          numbers(4).map((key) => ({ key: `k${key}`, n: 1000 * key + n, millis: 10 - n }))
        )
        const watching = yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
          const now = begun.filter(({ ended }) => !ended).map(({ n }) => Math.floor(n / 1000))
          assert.strictEqual(new Set(now).size, now.length)
          yield* Effect.sleep(1)
        })))
        const started = yield* Effect.clockWith((clock) => Effect.sync(() => clock.currentTimeMillisUnsafe()))
        yield* Effect.forEach(asks, (step) => routed.ask.Step(step, forever), { concurrency: "unbounded" })
        const ended = yield* Effect.clockWith((clock) => Effect.sync(() => clock.currentTimeMillisUnsafe()))
        inOrder(4, 5)
        yield* Fiber.interrupt(watching)
        // All keys at once, although one worker has them all.
        assert.isBelow(ended - started, 80)
      }),
    { threads: 1, concurrency: 4 }
  )

  pooled("keep their order over deaths of all workers", (routed) =>
    Effect.gen(function*() {
      const clients = yield* Effect.forEach(numbers(6), (key) =>
        Effect.forkChild(Effect.forEach(numbers(12), (n) =>
          routed.ask.Step({ key: `k${key}`, n: 1000 * key + n, millis: 2 }, forever), {
          concurrency: 4
        })))
      for (const victim of ["worker-0", "worker-1", "worker-2", "worker-0"]) {
        yield* Effect.sleep(7)
        yield* Fault.kill(victim)
      }
      yield* Fiber.joinAll(clients)
      inOrder(6, 12)
    }), { concurrency: 2 })
})
