/** What moves with the jobs of a pool, in simulations: whose it is at each moment, and that it is the arena's again in the end. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, ActorError, Iso, Pool, PoolThread, SharedChannel, ThreadArenas } from "shared-nothing"
import type { Receiver } from "shared-nothing/channel/Receiver"
import { Fault, Simulation } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import type { ArenaEnd } from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Loads, LoadsLive, type Numbers } from "../fixtures/loads.ts"
import { noThread } from "../simulate/scenario.ts"
import { interruptedAt } from "../support/pausing.ts"
import { poolOf, simulated } from "../support/pooled.ts"

type LoadsRef = Pool.Ref<typeof Loads>

const BLOCK = 4096
const check = simulated(() => PoolThread.launch(LoadsLive))
const forever = { timeout: "Infinity" } as const

interface Ground {
  readonly loads: LoadsRef
  readonly arena: ArenaEnd
  /** An array of ones. */
  readonly some: Effect.Effect<Numbers, never, Scope.Scope>
  /** Waits until so many blocks are used. */
  readonly holds: (blocks: number) => Effect.Effect<void>
}

const groundOf = (loads: LoadsRef, arena: ArenaEnd): Ground => ({
  loads,
  arena,
  some: Effect.map(Effect.orDie(Iso.allocate(arena, Int32Array, 2)), (numbers) => {
    numbers.value.fill(1)
    return numbers
  }),
  holds: (blocks) =>
    Effect.gen(function*() {
      for (let left = 2000; usage(arena.buffer).usedBytes !== blocks * BLOCK; left--) {
        if (left === 0) assert.fail(`${usage(arena.buffer).usedBytes / BLOCK} blocks are used, not ${blocks}`)
        yield* Effect.sleep(1)
      }
    })
})

const opened = (blocks = 64, id = 1) =>
  ThreadArenas.open(Arena.create({ capacityBytes: blocks * BLOCK, blockBytes: BLOCK, id }), 1)

/** A test at whose end, and at the end of whose pool, nothing is used. */
const moving = (
  name: string,
  body: (ground: Ground) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {},
  simulation: Parameters<typeof check>[2] = {}
) =>
  check(name, () =>
    Effect.gen(function*() {
      const arena = yield* opened()
      yield* Effect.scoped(
        Effect.flatMap(poolOf(Loads, { arenas: [arena], ...options }), (loads) => body(groundOf(loads, arena)))
      )
      assert.strictEqual(usage(arena.buffer).usedBytes, 0, "bytes that are nobody's after the end of the pool")
    }), simulation)

const busy = (loads: LoadsRef, workers: number) =>
  Effect.forEach(
    Array.from({ length: workers }),
    () => Effect.forkChild(Effect.exit(loads.ask.Wait({ millis: 1000 }, forever)), { startImmediately: true })
  )

describe("what moves with a job", () => {
  moving(
    "is its handler's, in place, and its asker's again with the reply",
    ({ arena, holds, loads, some }) =>
      Effect.gen(function*() {
        const numbers = yield* some
        const { byteOffset } = numbers.value
        const back = yield* loads.ask.Raise({ numbers, millis: 1 }, forever)
        assert.isFalse(numbers.isHeld)
        assert.throws(() => numbers.value, /moved away/)
        assert.deepStrictEqual([back.value.byteOffset, back.value.join()], [byteOffset, "2,2"])
        Iso.release(back)
        const made = yield* loads.ask.Make({ length: 3000 }, forever)
        assert.strictEqual(made.value.length, 3000)
        Iso.release(made)
        const passed = yield* loads.ask.Pass({ numbers: yield* some, millis: 1, depth: 4 }, forever)
        assert.strictEqual(passed.value.join(), "2,2")
        Iso.release(passed)
        yield* loads.tell.Leave({ numbers: yield* some, millis: 2 })
        yield* holds(0)
        const refunded = yield* Effect.flip(loads.ask.Refund({ numbers: yield* some, millis: 0 }, forever))
        assert.isTrue("numbers" in refunded && refunded.numbers.isHeld)
        if ("numbers" in refunded) Iso.release(refunded.numbers)
        assert.strictEqual(usage(arena.buffer).usedBytes, 0)
      })
  )

  moving("is its sender's where the job is refused", ({ loads, some }) =>
    Effect.gen(function*() {
      const running = yield* busy(loads, 2)
      const numbers = yield* some
      const full = yield* Effect.flip(loads.ask.Raise({ numbers, millis: 0 }))
      assert.strictEqual(full._tag, "MailboxFull")
      assert.isTrue(numbers.isHeld)
      assert.strictEqual((yield* Effect.flip(loads.tell.Keep({ numbers, millis: 0 })))._tag, "MailboxFull")
      assert.isTrue(numbers.isHeld)
      const invalid = yield* Effect.flip(loads.ask.Raise({ numbers, millis: 0.5 }))
      assert.strictEqual(invalid._tag, "InvalidPayload")
      assert.isTrue(numbers.isHeld)
      for (const fiber of running) yield* Fiber.interrupt(fiber)
      Iso.release(numbers)
      const released = yield* Effect.flip(loads.ask.Raise({ numbers, millis: 0 }))
      assert.include(released.message, "was released")
    }), { queue: { capacity: 2, overflow: "fail" } })

  moving(
    "waits with its sender for room, who may have released it by then",
    ({ holds, loads, some }) =>
      Effect.gen(function*() {
        const running = yield* busy(loads, 2)
        const [numbers, other] = [yield* some, yield* some]
        const first = yield* Effect.forkChild(Effect.flip(loads.ask.Raise({ numbers, millis: 0 }, forever)), {
          startImmediately: true
        })
        const second = yield* Effect.forkChild(loads.ask.Raise({ numbers: other, millis: 0 }, forever), {
          startImmediately: true
        })
        yield* Effect.sleep(5)
        assert.isTrue(numbers.isHeld)
        Iso.release(numbers)
        for (const fiber of running) yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* Fiber.join(first))._tag, "InvalidPayload")
        Iso.release(yield* Fiber.join(second))
        yield* holds(0)
      }),
    { queue: { capacity: 2 } }
  )

  moving(
    "is free where its job is given up for a newer one, or dropped itself",
    ({ arena, loads, some }) =>
      Effect.gen(function*() {
        yield* Effect.forkChild(loads.ask.Wait({ millis: 1000 }, forever), { startImmediately: true })
        while ((yield* Pool.stats(loads)).running === 0) yield* Effect.sleep(1)
        const old = yield* Effect.forkChild(
          Effect.flip(loads.ask.Raise({ numbers: yield* some, millis: 0 }, forever)),
          {
            startImmediately: true
          }
        )
        yield* loads.tell.Keep({ numbers: yield* some, millis: 0 })
        assert.strictEqual((yield* Fiber.join(old))._tag, "MailboxFull")
        assert.strictEqual(usage(arena.buffer).usedBytes, BLOCK)
        // What is dropped is not its sender's any more, also where the slots are not free yet of what was given up.
        for (let n = 0; n < 9; n++) {
          const numbers = yield* some
          yield* loads.tell.Keep({ numbers, millis: 0 })
          assert.isFalse(numbers.isHeld)
          assert.strictEqual(usage(arena.buffer).usedBytes, BLOCK)
        }
      }),
    { threads: 1, queue: { capacity: 2, overflow: "dropOldest" } }
  )

  moving("is free where it is told and dropped", ({ arena, loads, some }) =>
    Effect.gen(function*() {
      const running = yield* busy(loads, 2)
      const numbers = yield* some
      yield* loads.tell.Keep({ numbers, millis: 0 })
      assert.isFalse(numbers.isHeld)
      assert.strictEqual(usage(arena.buffer).usedBytes, 0)
      for (const fiber of running) yield* Fiber.interrupt(fiber)
    }), { queue: { capacity: 2, overflow: "dropNewest" } })

  moving(
    "is free when the asker of a job goes that nobody has begun, before that goes on",
    (ground) =>
      Effect.gen(function*() {
        const { arena, loads, some } = ground
        yield* busy(loads, 2)
        yield* Effect.sleep(20)
        const late = yield* Effect.flip(loads.ask.Raise({ numbers: yield* some, millis: 0 }, { timeout: 10 }))
        assert.strictEqual(late._tag, "AskTimeout")
        assert.strictEqual(usage(arena.buffer).usedBytes, 0)
        const asking = yield* Effect.forkChild(loads.ask.Raise({ numbers: yield* some, millis: 0 }), {
          startImmediately: true
        })
        yield* Effect.sleep(10)
        assert.strictEqual(usage(arena.buffer).usedBytes, BLOCK)
        yield* Fiber.interrupt(asking)
        assert.strictEqual(usage(arena.buffer).usedBytes, 0)
      })
  )

  moving(
    "is free when its handler has failed, or was interrupted, without using it",
    (ground) =>
      Effect.gen(function*() {
        const { arena, holds, loads, some } = ground
        for (const dies of [false, true, false]) {
          for (const millis of [0, 3]) {
            yield* Effect.exit(loads.ask.Refuse({ numbers: yield* some, millis, dies }, forever))
            assert.strictEqual(usage(arena.buffer).usedBytes, 0)
          }
        }
        for (const timeout of [1, 5, 8]) {
          yield* Effect.exit(loads.ask.Refuse({ numbers: yield* some, millis: 20, dies: false }, { timeout }))
          yield* holds(0)
        }
      })
  )

  moving("is free where its reply finds nobody", ({ holds, loads, some }) =>
    Effect.gen(function*() {
      for (let n = 0; n < 12; n++) {
        const numbers = yield* some
        const backing = Effect.map(
          loads.ask.Back({ numbers, millis: n % 4 }, { timeout: 1 + n % 5 }),
          (back) => Iso.release(back)
        )
        const asking = yield* Effect.forkChild(Effect.exit(backing), { startImmediately: true })
        yield* Effect.sleep(n % 7)
        yield* Fiber.interrupt(asking)
        // It may not have come to send them.
        if (numbers.isHeld) Iso.release(numbers)
        yield* holds(0)
      }
      yield* loads.tell.Back({ numbers: yield* some, millis: 0 })
      yield* loads.tell.Refund({ numbers: yield* some, millis: 0 })
      yield* holds(0)
    }))

  for (const below of ["", ", below a span"]) {
    moving(
      `is free when its asker is interrupted at any of its steps${below}`,
      ({ holds, loads, some }) =>
        Effect.gen(function*() {
          let steps = 0
          const kinds = {
            Back: (numbers: Numbers) =>
              Effect.map(loads.ask.Back({ numbers, millis: 2 }, forever), (back) => Iso.release(back)),
            Refund: (numbers: Numbers) =>
              Effect.match(loads.ask.Refund({ numbers, millis: 0 }, forever), {
                onSuccess: () => {},
                onFailure: (error) => "numbers" in error ? Iso.release(error.numbers) : undefined
              })
          }
          for (const kind of Object.values(kinds)) {
            for (let n = 1;; n++) {
              const isReached = yield* Effect.scoped(Effect.gen(function*() {
                const asking = kind(yield* some)
                const asked = below === "" ? asking : Effect.withSpan(asking, "test")
                return (yield* interruptedAt(asked, n)) !== undefined
              }))
              yield* holds(0)
              if (!isReached) break
              steps++
            }
          }
          assert.isAbove(steps, 4)
        })
    )
  }

  moving(
    "is free where it is answered with what cannot be sent",
    ({ arena, holds, loads, some }) =>
      Effect.gen(function*() {
        const double = yield* Effect.exit(loads.ask.Double({ numbers: yield* some }, forever))
        assert.include(String(double), "cannot be sent")
        yield* holds(0)
        assert.strictEqual(usage(arena.buffer).usedBytes, 0)
      })
  )

  moving(
    "goes with a stream that is not read to its end, or fails",
    ({ holds, loads, some }) =>
      Effect.gen(function*() {
        const tell = (numbers: Numbers, fails = false) => loads.ask.Tell({ numbers, millis: 2, fails }, forever)
        assert.strictEqual((yield* Stream.runCollect(tell(yield* some))).join(), "2,2")
        yield* holds(0)
        assert.strictEqual((yield* Stream.runCollect(Stream.take(tell(yield* some), 1))).join(), "2")
        yield* holds(0)
        assert.strictEqual(yield* Effect.flip(Stream.runCollect(tell(yield* some, true))), "not today")
        yield* holds(0)
        const reading = yield* Effect.forkChild(Stream.runCollect(tell(yield* some)), { startImmediately: true })
        yield* Effect.sleep(1 + (yield* Simulation.draw(4)))
        yield* Fiber.interrupt(reading)
        yield* holds(0)
      })
  )

  moving(
    "goes with its worker, whatever that has done with it",
    ({ holds, loads, some }) =>
      Effect.gen(function*() {
        const kinds = [
          (numbers: Numbers) => loads.ask.Raise({ numbers, millis: 3 }, forever),
          (numbers: Numbers) => loads.ask.Pass({ numbers, millis: 3, depth: 2 }, forever),
          (numbers: Numbers) => loads.ask.Refuse({ numbers, millis: 3, dies: true }, forever),
          (numbers: Numbers) => loads.tell.Keep({ numbers, millis: 3 })
        ]
        for (let n = 0; n < 20; n++) {
          const exit = yield* Effect.exit<Numbers | void, unknown, never>(kinds[n % 4]!(yield* some))
          if (Exit.isSuccess(exit) && exit.value !== undefined) Iso.release(exit.value)
        }
        yield* holds(0)
      }),
    {},
    { faults: { portDelay: 2, lateWake: 10, crash: 300 } as never }
  )

  moving(
    "goes with a worker that is replaced, since its handler does not end",
    ({ holds, loads, some }) =>
      Effect.gen(function*() {
        const late = yield* Effect.flip(loads.ask.Stubborn({ numbers: yield* some }, { timeout: 5 }))
        assert.strictEqual(late._tag, "AskTimeout")
        yield* holds(0)
      }),
    { grace: "10 millis" }
  )

  check("is free when the pool ends, whoever has it", () =>
    Effect.gen(function*() {
      const arena = yield* opened()
      for (const shutdown of ["brutalKill", "5 millis", "1 second"] as const) {
        const scope = yield* Scope.make()
        const loads = yield* Scope.provide(poolOf(Loads, { arenas: [arena], shutdown }), scope)
        const { some } = groundOf(loads, arena)
        const asking = yield* Effect.forEach([1, 2, 3, 4, 5], (millis) =>
          Effect.flatMap(some, (numbers) =>
            Effect.forkChild(
              Effect.exit(
                millis === 5
                  ? loads.ask.Pass({ numbers, millis: 10, depth: 3 }, forever)
                  : loads.ask.Raise({ numbers, millis: 10 * millis }, forever)
              ),
              { startImmediately: true }
            )))
        yield* loads.tell.Keep({ numbers: yield* some, millis: 5 })
        yield* Effect.sleep(yield* Simulation.draw(12))
        yield* Scope.close(scope, Exit.void)
        for (const fiber of asking) {
          const exit = yield* Fiber.join(fiber)
          if (Exit.isSuccess(exit)) {
            Iso.release(exit.value)
          }
        }
        assert.strictEqual(usage(arena.buffer).usedBytes, 0, shutdown)
      }
    }))

  moving(
    "is free when a thread leaves the pool that has joined it, and what it was told is done",
    (ground) =>
      Effect.gen(function*() {
        const { arena, holds, some } = ground
        for (let n = 0; n < 6; n++) {
          const scope = yield* Scope.make()
          const joined = yield* Scope.provide(Pool.join(Loads), scope)
          yield* busy(joined, 1)
          const asking = yield* Effect.forEach([1, 2, 3], () =>
            Effect.flatMap(some, (numbers) =>
              Effect.forkChild(Effect.exit(joined.ask.Back({ numbers, millis: 3 }, forever)), {
                startImmediately: true
              })))
          yield* joined.tell.Keep({ numbers: yield* some, millis: 1 })
          yield* Effect.sleep(n)
          yield* Scope.close(scope, Exit.void)
          for (const fiber of asking) {
            const exit = yield* Fiber.join(fiber)
            if (Exit.isSuccess(exit)) {
              Iso.release(exit.value)
            }
          }
          yield* holds(0)
        }
        assert.strictEqual(usage(arena.buffer).usedBytes, 0)
      })
  )

  check("is not handled by a worker that has not opened its arena, and is free again", () =>
    Effect.gen(function*() {
      const [arena, other] = [yield* opened(), yield* opened(16, 2)]
      yield* Effect.scoped(Effect.gen(function*() {
        const loads = yield* poolOf(Loads, { arenas: [arena] })
        const numbers = yield* Iso.allocate(other, Int32Array, 2)
        const exit = yield* Effect.exit(loads.ask.Raise({ numbers, millis: 0 }, forever))
        assert.include(String(exit), "arena 2 is not open on this thread")
        assert.strictEqual(usage(other.buffer).usedBytes, 0)
      }))
    }))

  check("is not begun twice: a pool refuses to be told so", () =>
    Effect.gen(function*() {
      const Again = Actor.make("Again", [
        Rpc.make("Keep", { payload: { numbers: Iso.of(Int32Array) } }).annotate(Pool.Attempts, 2)
      ])
      const refused = yield* Effect.flip(Pool.make(Again, { spawn: noThread }))
      assert.instanceOf(refused, ActorError.InvalidOptions)
      assert.include(refused.message, "Keep")
      const arenas = yield* Effect.flip(Pool.make(Loads, { spawn: noThread, arenas: [undefined as never] }))
      assert.include(arenas.message, "ThreadArenas.open")
      // What only the reply moves may be.
      const Made = Actor.make("Loads", [
        Rpc.make("Make", { payload: { length: Schema.Int }, success: Iso.of(Int32Array) }).annotate(Pool.Attempts, 2)
      ])
      const other = yield* Effect.flip(Fault.calm(Pool.make(Made, { spawn: noThread, threads: 1 })))
      assert.notInstanceOf(other, ActorError.InvalidOptions)
    }))

  const channel = SharedChannel.make(Schema.Int, { kind: "mpsc", capacity: 64 })
  const all = (from: Receiver<number>) => Effect.map(Stream.runCollect(from.stream), (got) => got.join())

  moving(
    "is the end of a channel, which the job sends to, receives from, or answers with",
    ({ loads }) =>
      Effect.gen(function*() {
        const results = yield* channel
        const clone = yield* results.sender.clone
        yield* loads.tell.Report({ to: clone, upTo: 5, millis: 1 })
        yield* loads.ask.Report({ to: results.sender, upTo: 3, millis: 0 }, forever)
        assert.strictEqual((yield* all(results.receiver)).split(",").toSorted().join(), "1,1,2,2,3,3,4,5")
        const work = yield* channel
        const listening = yield* Effect.forkChild(loads.ask.Listen({ from: work.receiver }, forever))
        for (const n of [1, 2, 3, 4]) yield* work.sender.send(n)
        yield* work.sender.close
        assert.strictEqual(yield* Fiber.join(listening), 10)
        const { from } = yield* loads.ask.Open(forever)
        assert.strictEqual(yield* all(from), "1,2,3")
      })
  )

  moving("is the end of a channel, closed with a job that comes to nothing", ({ loads }) =>
    Effect.gen(function*() {
      const ignored = yield* channel
      assert.strictEqual(yield* Effect.flip(loads.ask.Ignore({ to: ignored.sender }, forever)), "not today")
      assert.strictEqual(yield* all(ignored.receiver), "")
      yield* busy(loads, 2)
      yield* Effect.sleep(20)
      const late = yield* channel
      yield* Effect.flip(loads.ask.Report({ to: late.sender, upTo: 3, millis: 0 }, { timeout: 5 }))
      assert.strictEqual(yield* all(late.receiver), "")
    }))

  moving(
    "is the end of a channel that its worker does not know, which has started since",
    ({ loads }) =>
      Effect.gen(function*() {
        yield* busy(loads, 1)
        while ((yield* Pool.stats(loads)).running === 0) yield* Effect.sleep(1)
        const results = yield* channel
        yield* loads.tell.Report({ to: results.sender, upTo: 3, millis: 1 })
        yield* Fault.kill("worker-0")
        assert.strictEqual(yield* all(results.receiver), "1,2,3")
      }),
    { threads: 1 }
  )

  check(
    "is no reference to an actor: a pool with such messages is refused when it is made, wherever they stand",
    () =>
      Effect.gen(function*() {
        const Clerk = Actor.make("Clerk", [Rpc.make("Done")])
        const holding = Schema.Struct({ clerks: Schema.Array(Clerk.ref) })
        for (
          const rpc of [
            Rpc.make("Work", { payload: { replyTo: Clerk.ref } }),
            Rpc.make("Work", { success: holding }),
            Rpc.make("Work", { error: holding }),
            Rpc.make("Work", { success: holding, stream: true })
          ]
        ) {
          const refused = yield* Effect.flip(Pool.make(Actor.make("Hiring", [rpc]), { spawn: noThread }))
          assert.instanceOf(refused, ActorError.InvalidOptions)
          assert.include(refused.message, "references to actors")
        }
      })
  )
})
