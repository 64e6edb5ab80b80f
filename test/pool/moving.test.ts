/** What moves with the jobs of a pool on real threads: in place, and the arena's again whatever ends. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { ActorSystem, Iso, Pool, SharedChannel, ThreadArenas } from "shared-nothing"
import * as Arena from "../../src/memory/Arena.ts"
import type { ArenaEnd } from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Loads } from "../fixtures/loads.ts"
import { LoadUser } from "../fixtures/loadUsers.ts"
import { until } from "../support/until.ts"

const BLOCK = 4096
const forever = { timeout: "Infinity" } as const
const file = new URL("../fixtures/loads.worker.ts", import.meta.url)

interface Ground {
  readonly arena: ArenaEnd
  /** The threads that have been started. */
  readonly threads: ReadonlyArray<Worker>
  readonly used: () => number
}

const within = <A, E>(
  body: (ground: Ground) => Effect.Effect<A, E, Pool.Pool<"Loads"> | Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 512 * BLOCK, blockBytes: BLOCK }), 1)
    const threads: Array<Worker> = []
    const layer = Pool.layer(Loads, {
      spawn: () => {
        const worker = new Worker(file, { stdout: true, stderr: true })
        threads.push(worker)
        return worker
      },
      threads: 2,
      arenas: [arena],
      intensity: { restarts: 1000, within: "1 minute" },
      readyTimeout: "1 minute",
      ...options
    })
    const used = () => usage(arena.buffer).usedBytes / BLOCK
    yield* Effect.scoped(body({ arena, threads, used })).pipe(
      Effect.provide(Layer.provideMerge(layer, Logger.layer([])))
    )
    assert.strictEqual(used(), 0, "blocks that are nobody's after the end of the pool")
  }))

describe("what moves with a job between threads", () => {
  it.live("goes there and back without a copy, also from job to job, and is made over there", () =>
    within(({ arena, used }) =>
      Effect.gen(function*() {
        const loads = yield* Pool.ref(Loads)
        const numbers = yield* Iso.allocate(arena, Int32Array, 250_000)
        numbers.value.fill(41)
        const { byteOffset } = numbers.value
        const back = yield* loads.ask.Raise({ numbers, millis: 0 }, forever)
        assert.isFalse(numbers.isHeld)
        assert.deepStrictEqual([back.value.byteOffset, back.value[249_999]], [byteOffset, 42])
        const passed = yield* loads.ask.Pass({ numbers: back, millis: 0, depth: 5 }, forever)
        assert.deepStrictEqual([passed.value.byteOffset, passed.value[0]], [byteOffset, 43])
        const told = yield* Stream.runCollect(
          Stream.take(loads.ask.Tell({ numbers: passed, millis: 0, fails: false }, forever), 3)
        )
        assert.deepStrictEqual(told, [44, 44, 44])
        yield* until(() => used() === 0, used)
        const made = yield* loads.ask.Make({ length: 5000 }, forever)
        assert.strictEqual(made.value.length, 5000)
        Iso.release(made)
        assert.strictEqual(used(), 0)
      })
    ))

  it.live("goes with a thread that exits, used or not, and nobody else's does", () =>
    within(({ arena, used }) =>
      Effect.gen(function*() {
        const loads = yield* Pool.ref(Loads)
        const ones = Iso.allocate(arena, Int32Array, 2)
        for (const uses of [true, false]) {
          const waiting = yield* Effect.forkChild(loads.ask.Raise({ numbers: yield* ones, millis: 100 }, forever), {
            startImmediately: true
          })
          const lost = yield* Effect.flip(loads.ask.Exit({ numbers: yield* ones, uses }, forever))
          assert.strictEqual(lost._tag, "ThreadLost")
          Iso.release(yield* Fiber.join(waiting))
          yield* until(() => used() === 0, used)
        }
      })
    ))

  it.live("is the end of a channel, also for a thread that has started since that was told of", () =>
    within(({ threads }) =>
      Effect.gen(function*() {
        const loads = yield* Pool.ref(Loads)
        const report = Effect.fnUntraced(function*(between: Effect.Effect<void>) {
          const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "mpsc", capacity: 16 })
          yield* loads.tell.Report({ to: sender, upTo: 5, millis: 0 })
          yield* between
          return (yield* Stream.runCollect(receiver.stream)).join()
        }, Effect.scoped)
        assert.strictEqual(yield* report(Effect.void), "1,2,3,4,5")
        yield* Effect.forkChild(Effect.exit(loads.ask.Wait({ millis: 60_000 }, forever)), { startImmediately: true })
        while ((yield* Pool.stats(loads)).running === 0) yield* Effect.yieldNow
        const next = Effect.promise(async () => void await threads[0]!.terminate())
        assert.strictEqual(yield* report(next), "1,2,3,4,5")
      }), { threads: 1 }))

  it.live("is the arena's again when a thread has ended that had joined the pool, and what it had told is done", () =>
    within(({ arena, used }) =>
      Effect.gen(function*() {
        const system = ActorSystem.layerThreads({
          spawn: () => new Worker(new URL("../fixtures/load-users.worker.ts", import.meta.url), { stderr: true }),
          threads: 1,
          arenas: [arena],
          intensity: { restarts: 100, within: "1 minute" },
          readyTimeout: "1 minute"
        })
        yield* Effect.gen(function*() {
          const user = yield* LoadUser.spawn("a")
          assert.strictEqual(yield* user.ask.Flood({ asks: 60, exitAfter: 1000 }, forever), 60)
          for (const exitAfter of [1, 7, 20, 43]) {
            const flood = Effect.flip(user.ask.Flood({ asks: 60, exitAfter }, forever))
            let lost = yield* flood
            // Its thread is not back yet.
            while (lost._tag === "ActorRestarting") lost = yield* flood
            assert.strictEqual(lost._tag, "ThreadLost")
            yield* until(() => used() === 0, used)
          }
        }).pipe(Effect.scoped, Effect.provide(system))
      })
    ))

  it.live("is the arena's again when threads are ended at any moment, and askers go", () =>
    within(({ arena, threads, used }) =>
      Effect.gen(function*() {
        const loads = yield* Pool.ref(Loads)
        const seen = { moved: 0, isOver: false }
        const ending = yield* Effect.forkChild(Effect.gen(function*() {
          for (let n = 0; n < 12; n++) {
            const goal = seen.moved + 150 + 37 * n
            yield* until(() => seen.moved >= goal, () => seen.moved)
            const worker = threads.at(-1 - n % 2)
            yield* Effect.promise(async () => await worker?.terminate())
          }
          seen.isOver = true
        }))
        const one = Effect.fnUntraced(function*(n: number) {
          const numbers = yield* Effect.orDie(Iso.allocate(arena, Int32Array, 2))
          numbers.value.fill(n)
          // What is used stays its actor's when nobody waits any more, so these are not.
          const isHasty = n % 17 === 0
          const asked = isHasty
            ? loads.ask.Back({ numbers, millis: n % 3 }, { timeout: 1 })
            : n % 5 === 0
            ? loads.ask.Pass({ numbers, millis: 0, depth: 2 }, forever)
            : loads.ask.Raise({ numbers, millis: n % 23 === 0 ? 2 : 0 }, forever)
          const exit = yield* Effect.exit(asked)
          seen.moved++
          if (Exit.isFailure(exit)) return
          const wanted = isHasty ? n : n + 1
          assert.strictEqual(exit.value.value.join(), `${wanted},${wanted}`)
          Iso.release(exit.value)
        }, Effect.scoped)
        const flood = (first: number) =>
          Effect.gen(function*() {
            for (let n = first; !seen.isOver; n += 8) yield* one(n)
          })
        yield* Effect.forEach([0, 1, 2, 3, 4, 5, 6, 7], flood, { concurrency: "unbounded" })
        yield* Fiber.join(ending)
        yield* until(() => used() === 0, used)
      })
    ))
})
