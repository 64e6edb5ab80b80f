/** What other pools are known to fail at (`docs/reference/scenarios.md`), where no other test of ours is about that alone. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { Jobs, JobsLive } from "../fixtures/jobs.ts"
import { type Options, poolOf, simulated } from "../support/pooled.ts"

const run = simulated(() => PoolThread.launch(JobsLive))

const forever = { timeout: "Infinity" } as const

const pooled = (
  name: string,
  body: (jobs: Pool.Ref<typeof Jobs>) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {},
  simulation: Options = {}
) => run(name, () => Effect.flatMap(poolOf(Jobs, options), body), simulation)

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

const Slow = Actor.make("Slow", [Rpc.make("Echo", { payload: { n: Schema.Int }, success: Schema.Int })])

/** How long its layer takes until it is built. */
const WARM_UP = 3000

const SlowLive = Slow.toLayer(
  Effect.as(Effect.sleep(WARM_UP), Slow.of({ Echo: ({ n }) => Effect.succeed(n) }))
)

describe("what is sent", () => {
  pooled(
    "X19 as a part of a pooled Buffer goes alone, and leaves what lies beside it",
    (jobs) =>
      Effect.gen(function*() {
        // Node cuts small buffers out of one.
        const [before, sent, after] = ["left", "middle", "right"].map((text) => Buffer.from(text))
        assert.strictEqual(before!.buffer, after!.buffer)
        const reversed = yield* jobs.ask.Reverse({ bytes: sent! }, forever)
        assert.strictEqual(Buffer.from(reversed).toString(), "elddim")
        assert.deepStrictEqual([before, sent, after].map(String), ["left", "middle", "right"])
        assert.strictEqual(sent!.byteLength, 6)
      })
  )

  pooled(
    "X28 by thousands at once into a queue of sixteen is let in without regard to the stack, in order",
    (jobs) =>
      Effect.gen(function*() {
        const done: Array<number> = []
        const ask = (n: number) => Effect.tap(jobs.ask.Echo({ n }, forever), () => Effect.sync(() => done.push(n)))
        yield* Effect.forEach(numbers(8000), ask, { concurrency: "unbounded", discard: true })
        assert.deepStrictEqual(done, numbers(8000))
        assert.strictEqual(yield* jobs.depth, 0)
      }),
    { threads: 1, queue: { capacity: 16 } },
    { seeds: 1 }
  )
})

describe("the time of a job", () => {
  simulated(() => PoolThread.launch(SlowLive))(
    "X17 has nothing of the time that workers take to come up, also those that are started again",
    () =>
      Effect.gen(function*() {
        const slow = yield* poolOf(Slow, { readyTimeout: "1 minute" })
        const second = { timeout: "1 second" } as const
        assert.strictEqual(yield* slow.ask.Echo({ n: 1 }, second), 1)
        yield* Fault.kill("worker-0")
        // The other one has it.
        assert.strictEqual(yield* slow.ask.Echo({ n: 2 }, second), 2)
      })
  )
})

describe("the number of workers", () => {
  pooled("X12 is not the largest for a burst that one does in a moment", (jobs) =>
    Effect.gen(function*() {
      for (let burst = 0; burst < 5; burst++) {
        yield* Effect.forEach(numbers(40), (n) => jobs.ask.Echo({ n }, forever), { concurrency: "unbounded" })
        yield* Effect.sleep(700)
      }
      const { resizes, size } = yield* Pool.stats(jobs)
      assert.deepStrictEqual([size, resizes], [1, 0])
    }), { threads: { min: 1, max: 8 } })
})

describe("a job that dies", () => {
  pooled(
    "X03 is a defect of who has asked for it, and of nobody beside it, on the same worker or another",
    (jobs) =>
      Effect.gen(function*() {
        const others = yield* Effect.forkChild(
          Effect.forEach(numbers(20), (n) => jobs.ask.Wait({ millis: 10 + n }, forever), { concurrency: "unbounded" })
        )
        yield* Effect.sleep(5)
        const exits = yield* Effect.forEach(numbers(5), () => Effect.exit(jobs.ask.Boom({ why: "torn" }, forever)), {
          concurrency: "unbounded"
        })
        assert.isTrue(exits.every(Exit.hasDies))
        assert.deepStrictEqual(yield* Fiber.join(others), numbers(20).map((n) => 10 + n))
      }),
    { concurrency: 4 }
  )
})
