/** How many jobs of a level of priority run at once in a pool. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"
import { poolOf, simulated } from "../support/pooled.ts"

const Level = Schema.Literals(["high", "normal", "low"])

const Mill = Actor.make("Mill", [
  Rpc.make("Grind", { payload: { n: Schema.Int, level: Level, millis: Schema.Int }, success: Schema.Int }),
  /** Grinds on the worker that the number says, for ever; says on which one. */
  Rpc.make("Stay", { payload: { level: Level }, success: Schema.Void }),
  Rpc.make("Boom", { success: Schema.Void }),
  /** Has another one done at the same level, and waits for it; with a key or without. */
  Rpc.make("Nest", {
    payload: { depth: Schema.Int, level: Level, isKeyed: Schema.Boolean },
    success: Schema.Int
  })
])

/** What runs and has run: one for each simulation. */
interface Ledger {
  readonly running: { high: number; normal: number; low: number }
  readonly most: { high: number; normal: number; low: number }
  readonly ended: Array<number>
  /** The worker that has the one that stays. */
  at: string | undefined
}

let ledger: Ledger

const fresh = (): Ledger => ({
  running: { high: 0, normal: 0, low: 0 },
  most: { high: 0, normal: 0, low: 0 },
  ended: [],
  at: undefined
})

const forever = { timeout: "Infinity" } as const

const MillLive = Mill.toLayer(Effect.gen(function*() {
  const pool = Effect.orDie(Pool.ref(Mill))
  const where = yield* Pool.CurrentWorker
  return Mill.of({
    Grind: ({ level, millis, n }) =>
      Effect.suspend(() => {
        const { ended, most, running } = ledger
        ledger.at = where?.name
        most[level] = Math.max(most[level], ++running[level])
        return Effect.as(Effect.sleep(millis), n).pipe(Effect.ensuring(Effect.sync(() => {
          running[level]--
          ended.push(n)
        })))
      }),
    Stay: () =>
      Effect.suspend(() => {
        ledger.at = where?.name
        return Effect.never
      }),
    Boom: () => Effect.die(new Error("boom")),
    Nest: ({ depth, isKeyed, level }) =>
      depth === 0 ? Effect.succeed(0) : Effect.orDie(Effect.gen(function*() {
        const mill = yield* pool
        const key = isKeyed ? `k${depth}` : undefined
        return 1 + (yield* mill.ask.Nest({ depth: depth - 1, isKeyed, level }, { ...forever, priority: level, key }))
      }))
  })
}))

type MillRef = Pool.Ref<typeof Mill>

const run = simulated(() => PoolThread.launch(MillLive))

const milled = (
  name: string,
  options: Partial<Pool.PoolOptions>,
  body: (mill: MillRef) => Effect.Effect<unknown, unknown, Scope.Scope>
) =>
  run(name, () =>
    Effect.gen(function*() {
      ledger = fresh()
      const mill = yield* poolOf(Mill, { threads: 3, ...options })
      yield* body(mill)
      // Whatever has been, all places are free.
      ledger = fresh()
      yield* grindAll(mill, upTo(6).map((n) => ({ n, level: "low" as const })))
      assert.strictEqual(ledger.most.low, options.queue?.allowance?.low)
    }))

interface Job {
  readonly n: number
  readonly level: "high" | "normal" | "low"
  readonly key?: string | undefined
  readonly millis?: number
}

const grind = (mill: MillRef, { key, level, millis = 5, n }: Job) =>
  mill.ask.Grind({ n, level, millis }, { ...forever, key, priority: level })

const grindAll = (mill: MillRef, jobs: ReadonlyArray<Job>) =>
  Effect.forEach(jobs, (job) => grind(mill, job), { concurrency: "unbounded" })

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)
const levels = ["low", "normal", "high"] as const
const one = { queue: { allowance: { low: 1 } } }

describe("the allowance of a level", () => {
  milled("is how many of it run at once, and others pass", one, (mill) =>
    Effect.gen(function*() {
      const low = yield* Effect.forkChild(grindAll(mill, upTo(5).map((n) => ({ n, level: "low", millis: 50 }))))
      yield* Effect.sleep(1)
      yield* grindAll(mill, upTo(8).map((n) => ({ n: 100 + n, level: "normal" })))
      yield* Fiber.join(low)
      assert.strictEqual(ledger.most.low, 1)
      assert.isAtLeast(ledger.most.normal, 2)
      // Eight that take 5 milliseconds each are done beside the first or second one that takes 50.
      assert.isAtLeast(ledger.ended.indexOf(1), 8)
    }))

  milled("counts what waits for one worker alone, with what any may take", {
    queue: { allowance: { low: 2, normal: 1 } },
    concurrency: 2
  }, (mill) =>
    Effect.gen(function*() {
      const jobs = upTo(36).map((n) => ({
        n,
        level: levels[n % 3]!,
        key: n % 2 === 0 ? undefined : `k${n % 5}`,
        millis: n % 4
      }))
      assert.deepStrictEqual(yield* grindAll(mill, jobs), upTo(36))
      assert.isAtMost(ledger.most.low, 2)
      assert.isAtMost(ledger.most.normal, 1)
      assert.isAbove(ledger.most.high, 1)
    }))

  milled("counts what has keys, each on its worker, and wakes who was refused", one, (mill) =>
    Effect.gen(function*() {
      yield* grindAll(mill, upTo(12).map((n) => ({ n, level: "low", key: `k${n}`, millis: n % 3 })))
      assert.strictEqual(ledger.most.low, 1)
    }))

  milled(
    "is another worker's when the one that had it goes on with something else",
    { ...one, threads: 2 },
    (mill) =>
      Effect.gen(function*() {
        const first = yield* Effect.forkChild(grind(mill, { n: 1, level: "low", millis: 20 }), {
          startImmediately: true
        })
        while (ledger.at === undefined) yield* Effect.sleep(1)
        const worker = Pool.workers(mill)[Number(ledger.at.slice(-1))]!
        const long = yield* Effect.forkChild(worker.ask.Grind({ n: 2, level: "normal", millis: 500 }, forever), {
          startImmediately: true
        })
        yield* grind(mill, { n: 3, level: "low" })
        assert.deepStrictEqual(ledger.ended, [1, 3])
        yield* Fiber.join(first)
        yield* Fiber.join(long)
      })
  )

  milled("is there again when the worker dies that had it", one, (mill) =>
    Effect.gen(function*() {
      for (const _ of upTo(2)) {
        ledger.at = undefined
        const stays = yield* Effect.forkChild(
          Effect.exit(mill.ask.Stay({ level: "low" }, { ...forever, priority: "low" })),
          { startImmediately: true }
        )
        while (ledger.at === undefined) yield* Effect.sleep(1)
        const waiting = yield* Effect.forkChild(
          grindAll(mill, [{ n: 1, level: "low" }, { n: 2, level: "low", key: "a" }]),
          { startImmediately: true }
        )
        yield* Effect.sleep(10)
        assert.deepStrictEqual(ledger.ended, [])
        yield* Fault.kill(ledger.at)
        assert.isTrue(Exit.isFailure(yield* Fiber.join(stays)))
        yield* Fiber.join(waiting)
        ledger.ended.length = 0
      }
    }))

  milled(
    "is there again when a job is late, interrupted, defective, or was never begun",
    one,
    (mill) =>
      Effect.gen(function*() {
        const low = { priority: "low" } as const
        const job = { n: 1, level: "low", millis: 1000 } as const
        const exits = yield* Effect.forEach(upTo(8), (n) =>
          Effect.exit<unknown, unknown, never>(
            n % 2 === 0
              ? mill.ask.Grind(job, { timeout: 5 + n, ...low, key: n % 4 === 0 ? "a" : undefined })
              : mill.ask.Boom({ ...forever, ...low })
          ), { concurrency: "unbounded" })
        assert.isTrue(exits.every(Exit.isFailure))
        const asking = yield* Effect.forkChild(mill.ask.Grind(job, { ...forever, ...low }))
        yield* Effect.sleep(5)
        yield* Fiber.interrupt(asking)
      })
  )

  for (const isKeyed of [true, false]) {
    milled(
      `is given up by a job that waits for jobs, ${isKeyed ? "with keys" : "without"}, so that none waits for ever`,
      { queue: { allowance: { low: 1, normal: 1 } }, threads: 2 },
      (mill) =>
        Effect.gen(function*() {
          const nest = (level: "normal" | "low") =>
            mill.ask.Nest({ depth: 5, isKeyed, level }, { ...forever, priority: level })
          const all = [nest("low"), nest("normal"), nest("low"), nest("low")]
          assert.deepStrictEqual(yield* Effect.all(all, { concurrency: "unbounded" }), [5, 5, 5, 5])
        })
    )
  }

  it.effect("is a number from 1 on, of what is not high", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [unknown, string]> = [
        [{ low: 0 }, "queue.allowance.low"],
        [{ normal: 1.5 }, "queue.allowance.normal"],
        [{ low: "2" }, "queue.allowance.low"],
        [{ high: 2 }, "queue.allowance"],
        [Object.assign(Object.create(null), { lowest: 1 }), "queue.allowance"],
        [2, "queue.allowance"],
        [null, "queue.allowance"]
      ]
      for (const [allowance, option] of wrong) {
        const made = Pool.make(Mill, { spawn: noThread, queue: { allowance: allowance as never } })
        const refused = yield* Effect.flip(Effect.scoped(made))
        assert.strictEqual(refused._tag, "InvalidOptions")
        assert.strictEqual("option" in refused && refused.option, option)
      }
    }))
})
