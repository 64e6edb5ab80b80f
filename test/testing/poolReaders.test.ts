/** Streams of a pool whose readers go without a word, in simulations: nothing is held for them, and the end of the pool does not wait. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ChannelThread, Pool, PoolThread, SharedChannel } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { account, reset, Rows, RowsLive } from "../fixtures/rows.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"
import { poolOf } from "../support/pooled.ts"

type RowsRef = Pool.Ref<typeof Rows>

const forever = { timeout: "Infinity" } as const

/** The index of a thread that begins one stream after the other. */
const BEGINS = 1

const Reader = ChannelThread.make("reader", { seen: ChannelThread.sender(Schema.Int) })

/** Reads until it has no room, and then no more. */
const standStill = (rows: RowsRef) =>
  Effect.gen(function*() {
    const pull = yield* Stream.toPull(rows.ask.Count({ to: 1e9, chunk: 3 }, { bufferSize: 4, ...forever }))
    yield* pull
  })

const reader = () =>
  Reader.launch(({ seen }, { index }) =>
    Effect.gen(function*() {
      const rows = yield* Pool.join(Rows)
      if (index === BEGINS) {
        yield* seen.send(1)
        // Each stands still behind its only element.
        for (let n = 0;; n++) yield* Effect.flatten(Stream.toPull(rows.ask.Late({ millis: n % 3 }, forever)))
      }
      yield* standStill(rows)
      yield* seen.send(1)
      return yield* Effect.never
    })
  )

/** Waits until each stream that was made has let go, which is long before anybody finds that it is not read. */
const settled = Effect.gen(function*() {
  const began = yield* Clock.currentTimeMillis
  while (account()[0] !== account()[1]) {
    if ((yield* Clock.currentTimeMillis) - began > 4000) {
      assert.fail(`of ${account()[0]} streams ${account()[1]} have let go`)
    }
    yield* Effect.sleep(5)
  }
})

/** Waits for all streams of all workers that anybody reads. */
const reloaded = (rows: RowsRef) =>
  Effect.timeoutOrElse(Pool.reload(rows), {
    duration: 4000,
    orElse: () => Effect.sync(() => assert.fail("a stream is held for nobody"))
  })

const check = (name: string, body: Effect.Effect<unknown, unknown, Scope.Scope>, seeds = 8) =>
  it.effect(name, () =>
    Simulation.check(
      {
        name,
        seeds: tries(seeds),
        maxSteps: 1_000_000,
        faults: { portDelay: 2, lateWake: 10 },
        worker: { "*": () => PoolThread.launch(RowsLive), reader }
      },
      Effect.suspend(() => {
        reset()
        return Effect.scoped(body)
      })
    ))

/** A thread that has read, and stands still, or begins to read. */
const start = Effect.fnUntraced(function*(index: number) {
  const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "spsc" })
  const started = yield* Reader.start({ spawn: noThread, index, ends: { seen: sender } })
  yield* receiver.receive
  return started.thread
})

const reading = start(0)

describe("a stream of a pool whose reader has gone", () => {
  check(
    "is let go when the thread of that has died",
    Effect.gen(function*() {
      const rows = yield* poolOf(Rows, { clients: 1 })
      for (let n = 1; n <= 3; n++) {
        const thread = yield* reading
        yield* Effect.sleep(200)
        assert.deepStrictEqual(account(), [n, n - 1])
        yield* thread.kill
        yield* settled
        // Its place is another's.
        assert.strictEqual(yield* rows.ask.Echo({ n }), n)
      }
      yield* reloaded(rows)
    })
  )

  check(
    "is let go when the thread of that has died while it was begun",
    Effect.gen(function*() {
      yield* poolOf(Rows)
      for (let n = 0; n < 6; n++) {
        const thread = yield* start(BEGINS)
        yield* Effect.sleep(yield* Simulation.draw(30))
        yield* thread.kill
        yield* settled
      }
    }),
    // It is seldom withdrawn between its begin and its first look at who reads.
    32
  )

  check(
    "does not keep its pool from ending",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.provide(poolOf(Rows, { shutdown: "1 minute" }), scope)
      const threads = [yield* reading, yield* reading]
      const began = yield* Clock.currentTimeMillis
      for (const thread of threads) yield* Effect.forkChild(thread.kill)
      yield* Scope.close(scope, Exit.void)
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 5000)
      assert.deepStrictEqual(account(), [2, 2])
    })
  )

  check(
    "is let go when its reader leaves the pool, and not that of another one",
    Effect.gen(function*() {
      yield* poolOf(Rows)
      const [scope, life] = [yield* Scope.make(), yield* Scope.make()]
      const staying = yield* Pool.join(Rows)
      const pull = yield* Stream.toPull(staying.ask.Count({ to: 60, chunk: 3 }, { bufferSize: 4, ...forever }))
      yield* pull
      const leaving = yield* Scope.provide(Pool.join(Rows), scope)
      yield* Scope.provide(standStill(leaving), life)
      yield* Effect.sleep(20)
      yield* Scope.close(scope, Exit.void)
      for (let left = 800; account()[1] === 0; left--) {
        if (left === 0) assert.fail("it has not been let go")
        yield* Effect.sleep(5)
      }
      assert.deepStrictEqual(account(), [2, 1])
      const read: Array<number> = []
      yield* Effect.exit(Effect.forever(Effect.map(pull, (elements) => read.push(...elements))))
      assert.strictEqual(read.at(-1), 60)
      yield* Scope.close(life, Exit.void)
      yield* settled
    })
  )

  check(
    "is let go when a job has read it whose worker has died, whatever was under way between the two",
    Effect.gen(function*() {
      const rows = yield* poolOf(Rows)
      for (let n = 0; n < 6; n++) {
        const [made] = account()
        const asking = yield* Effect.forkChild(
          Effect.exit(rows.ask.Follow({ millis: 1 + n % 3, stands: n % 2 === 0 }, forever))
        )
        while (account()[0] === made && asking.pollUnsafe() === undefined) yield* Effect.sleep(1)
        yield* Effect.sleep(yield* Simulation.draw(40))
        yield* Fault.kill(`worker-${yield* Simulation.draw(2)}`)
        // It may be on the other worker, with all of it.
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(asking)
        yield* reloaded(rows)
      }
      assert.strictEqual(yield* rows.ask.Sum({ to: 4 }, forever), 10)
    })
  )
})
