/** What actors count and measure: what the contract (`test/contract/statsContract.ts`) does not see from outside. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorError, ActorStats, ActorSystem } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { settle } from "../contract/eventually.ts"

const Clerk = Actor.make("Clerk", [
  Rpc.make("Now", { success: Schema.Int }),
  Rpc.make("File", { payload: { millis: Schema.Int } }),
  Rpc.make("Urgent").annotate(Actor.Priority, "high"),
  Rpc.make("Look", { success: Schema.Struct({ processed: Schema.Int, pending: Schema.Int }) }),
  Rpc.make("Put", { payload: { n: Schema.Int }, success: Schema.Int }),
  Rpc.make("Open"),
  Rpc.make("Which", { success: Schema.Array(Schema.Number) }),
  Rpc.make("Crash", { payload: { times: Schema.Int } })
])

type Seen = Array<readonly [id: number, ageMillis: number]>

/** Notes which messages it has had, and how old they were. */
const liveOf = (seen: Seen, { stashes, ...options }: Actor.BehaviourOptions & { readonly stashes?: boolean } = {}) => {
  let crashes = 0
  const note = Effect.map(Actor.currentMessage, (message) => {
    const { ageMillis, id } = Option.getOrElse(message, () => ({ id: -1, ageMillis: -1 }))
    seen.push([id, ageMillis])
  })
  return Clerk.toLayer(
    Effect.gen(function*() {
      const self = yield* Clerk.self
      const stash = stashes === true ? yield* Clerk.stash({ capacity: 3 }) : undefined
      let isOpen = false
      return Clerk.of({
        Now: () => Exit.succeed(1),
        File: ({ millis }) => Effect.andThen(note, millis === 0 ? Effect.void : Effect.sleep(millis)),
        Urgent: () => note,
        Look: () => Effect.orDie(self.stats),
        Put: ({ n }) =>
          Effect.andThen(
            note,
            Effect.suspend((): Effect.Effect<number | Actor.Stashed> =>
              isOpen || stash === undefined ? Effect.succeed(n) : Effect.orDie(stash.put)
            )
          ),
        Open: () => {
          isOpen = true
          return stash?.unstashAll ?? Effect.void
        },
        Which: () => Effect.as(note, seen.at(-1) ?? []),
        Crash: ({ times }) => Effect.andThen(note, ++crashes <= times ? Effect.die("crash") : Effect.void)
      })
    }),
    { shutdown: "brutalKill", ...options }
  ).pipe(Layer.provideMerge(ActorSystem.layer))
}

const timed = { times: true }

const test = (
  title: string,
  body: (seen: Seen) => Effect.Effect<void, unknown, ActorSystem.ActorSystem>,
  options?: Parameters<typeof liveOf>[1]
) =>
  it.effect(title, () => {
    const seen: Seen = []
    return Effect.provide(body(seen), liveOf(seen, options))
  })

const spawned = (
  body: (clerk: typeof Clerk.ref.Type, cell: Cell) => Effect.Effect<void, unknown, ActorSystem.ActorSystem>
) => Effect.scoped(Effect.flatMap(Clerk.spawn("c"), (clerk) => body(clerk, recipientOf(clerk) as Cell)))

describe("what an actor counts", () => {
  test("costs it nothing while it is idle", () =>
    spawned((clerk, cell) =>
      Effect.gen(function*() {
        yield* clerk.ask.Now()
        yield* clerk.tell.Open()
        yield* settle
        assert.deepInclude(yield* clerk.stats, {
          processed: 2,
          failed: 0,
          pending: 0,
          restarts: 0,
          waitTime: undefined
        })
        assert.isUndefined(cell.rare)
      })
    ))

  test("is a small integer, and what does not fit is carried over", () =>
    spawned((clerk, cell) =>
      Effect.gen(function*() {
        const inner = cell as unknown as { turns: number }
        yield* clerk.ask.Now()
        // As after 150 million messages.
        inner.turns += 150_000_000 * 4
        yield* clerk.ask.Now()
        assert.isBelow(inner.turns, 4)
        assert.strictEqual((yield* clerk.stats).processed, 150_000_002)
        yield* clerk.tell.Open()
        yield* settle
        assert.strictEqual((yield* Clerk.stats).processed, 150_000_003)
      })
    ))

  test("says from inside of a handler that this one is in hand", () =>
    spawned((clerk) =>
      Effect.gen(function*() {
        yield* clerk.ask.Now()
        assert.deepInclude(yield* clerk.ask.Look(), { processed: 1, pending: 1 })
        // Also behind another one, in a turn of its own.
        yield* clerk.tell.File({ millis: 0 })
        assert.deepInclude(yield* clerk.ask.Look(), { processed: 3, pending: 1 })
      })
    ))

  test("takes a handler that is interrupted for processed, and not for failed", () =>
    spawned((clerk) =>
      Effect.gen(function*() {
        const filing = yield* Effect.forkChild(clerk.askTimed.File({ millis: 10_000 }, { timeout: "1 second" }), {
          startImmediately: true
        })
        yield* settle
        yield* TestClock.adjust("1 second")
        assert.instanceOf(yield* Effect.flip(Fiber.join(filing)), ActorError.AskTimeout)
        assert.deepInclude(yield* clerk.stats, { processed: 1, failed: 0, pending: 0 })
      })
    ))

  test("does not count what is put off as handled", () =>
    spawned((clerk) =>
      Effect.gen(function*() {
        const asking = yield* Effect.forkChild(clerk.ask.Put({ n: 1 }), { startImmediately: true })
        yield* clerk.tell.Put({ n: 2 })
        yield* settle
        assert.deepInclude(yield* clerk.stats, { processed: 0, pending: 2 })
        yield* clerk.tell.Open()
        assert.strictEqual(yield* Fiber.join(asking), 1)
        yield* settle
        assert.deepInclude(yield* clerk.stats, { processed: 3, pending: 0 })
      })
    ), { stashes: true })

  test("counts senders that wait for room", () =>
    spawned((clerk) =>
      Effect.gen(function*() {
        yield* clerk.tell.File({ millis: 1000 })
        yield* settle
        yield* clerk.tell.Open()
        yield* Effect.forkChild(clerk.tell.Open(), { startImmediately: true })
        assert.deepInclude(yield* clerk.stats, { waitingSenders: 1, pending: 2 })
        assert.deepInclude(yield* Clerk.stats, { waitingSenders: 1, pending: 2 })
        yield* TestClock.adjust("1 second")
        assert.deepInclude(yield* clerk.stats, { waitingSenders: 0, pending: 0, processed: 3 })
      })
    ), { mailbox: { capacity: 1 } })

  test(
    "of a definition goes on when keys are passivated and come up again",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const clerks = yield* Clerk.keyed({ idle: "1 minute" })
        for (let round = 1; round <= 3; round++) {
          for (const key of ["a", "b"]) {
            yield* clerks.ref(key).tell.File({ millis: 10 })
            yield* clerks.ref(key).tell.File({ millis: 10 })
          }
          assert.deepInclude(yield* Clerk.stats, { pending: 4, processed: 4 * (round - 1) })
          yield* TestClock.adjust("1 second")
          assert.deepInclude(yield* clerks.ref("a").stats, { key: "a", processed: 2 })
          const each = yield* Clerk.statsOfEach
          assert.deepStrictEqual(each.map(({ key, processed }) => [key, processed]), [["a", 2], ["b", 2]])
          yield* TestClock.adjust("5 minutes")
          const { actors, handlingTime, processed } = yield* Clerk.stats
          assert.deepStrictEqual([actors, processed, handlingTime!.count], [0, 4 * round, 4 * round])
          assert.instanceOf(yield* Effect.flip(clerks.ref("a").stats), ActorError.ActorStopped)
        }
      })),
    timed
  )

  it.effect("of a definition has who waits for its name, and once who has ended and keeps it", () => {
    const live = Clerk.toLayer(Effect.gen(function*() {
      yield* Effect.addFinalizer(() => Effect.sleep("10 seconds"))
      return { File: () => Effect.void } as unknown as Actor.Handlers<typeof Clerk>
    }))
    return Effect.gen(function*() {
      const clerks = yield* Clerk.keyed()
      const clerk = clerks.ref("a")
      yield* clerk.tell.File({ millis: 0 })
      yield* settle
      const ending = yield* Effect.forkChild(ActorControl.stop(clerk), { startImmediately: true })
      yield* clerk.tell.File({ millis: 0 })
      assert.deepInclude(yield* Clerk.stats, { actors: 2, processed: 1, pending: 1 })
      // Nobody waits for it any more, and its name is taken until it lets go.
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(ending)
      assert.deepInclude(yield* Clerk.stats, { actors: 0, processed: 1, pending: 0, dropped: 1 })
      yield* TestClock.adjust("6 seconds")
      assert.deepInclude(yield* Clerk.stats, { actors: 0, processed: 1, dropped: 1 })
    }).pipe(Effect.scoped, Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer))))
  })

  test("has what comes from elsewhere when it has ended", () =>
    spawned((clerk, cell) =>
      Effect.gen(function*() {
        yield* ActorControl.kill(clerk)
        cell.deliverRemote(5, undefined)
        assert.deepInclude(yield* Clerk.stats, { actors: 0, dropped: 1 })
      })
    ))

  test("of a definition has what was dropped late, and of a system each definition", () =>
    Effect.gen(function*() {
      yield* spawned((clerk) =>
        Effect.gen(function*() {
          yield* clerk.tell.File({ millis: 1000 })
          for (let n = 0; n < 3; n++) yield* clerk.tell.Open()
          yield* ActorControl.kill(clerk)
        })
      )
      assert.deepInclude(yield* Clerk.stats, { actors: 0, processed: 0, dropped: 4, missing: [] })
      const types = yield* ActorSystem.stats
      assert.deepStrictEqual(types.map(({ dropped, name }) => [name, dropped]), [["Clerk", 4]])
      const Other = Actor.make("Other", [Rpc.make("Now")])
      assert.deepInclude(yield* Other.stats, { name: "Other", actors: 0, processed: 0 })
      assert.deepStrictEqual(yield* Other.statsOfEach, [])
    }))
})

describe("metrics", () => {
  test("have what each definition has counted, and only more of it", () =>
    Effect.gen(function*() {
      yield* Layer.build(ActorStats.layerMetrics({ every: "1 minute" }))
      const read = Effect.map(Metric.snapshot, (all) =>
        Object.fromEntries(all.map(({ attributes, id, state }) => {
          assert.deepStrictEqual(attributes, { actor: "Clerk" })
          return [id, "count" in state ? state.count : (state as { readonly value: unknown }).value]
        })))
      const none = {
        actor_messages_processed: 0,
        actor_messages_failed: 0,
        actor_messages_dropped: 0,
        actor_restarts: 0,
        actor_messages_pending: 0,
        actor_count: 0
      }
      yield* settle
      assert.deepStrictEqual(yield* read, none)
      const clerk = yield* Clerk.spawn("c")
      yield* Effect.exit(clerk.ask.Put({ n: 1 }))
      yield* clerk.tell.Crash({ times: 1 })
      yield* settle
      yield* clerk.tell.File({ millis: 90_000 })
      yield* TestClock.adjust("1 minute")
      const some = {
        ...none,
        actor_messages_processed: 2,
        actor_messages_failed: 1,
        actor_restarts: 1,
        actor_messages_pending: 1,
        actor_count: 1
      }
      assert.deepStrictEqual(yield* read, some)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* read, { ...some, actor_messages_processed: 3, actor_messages_pending: 0 })
      yield* ActorControl.kill(clerk)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* read, {
        ...some,
        actor_messages_processed: 3,
        actor_messages_pending: 0,
        actor_count: 0
      })
    }).pipe(Effect.scoped, Effect.provideService(Metric.MetricRegistry, new Map())))
})

describe("what an actor measures", () => {
  test(
    "is for how long the oldest message waits, whatever its level",
    (seen) =>
      spawned((clerk) =>
        Effect.gen(function*() {
          yield* clerk.tell.File({ millis: 100 })
          yield* settle
          yield* clerk.tell.File({ millis: 0 })
          yield* TestClock.adjust("30 millis")
          yield* clerk.tell.Urgent()
          yield* TestClock.adjust("20 millis")
          assert.strictEqual((yield* clerk.stats).oldestMillis, 50)
          yield* TestClock.adjust("50 millis")
          const { handlingTime, oldestMillis, waitTime } = yield* clerk.stats
          assert.deepStrictEqual([oldestMillis, waitTime!.count, handlingTime!.count], [undefined, 3, 3])
          assert.deepStrictEqual(seen, [[1, 0], [3, 70], [2, 100]])
          // At most a quarter more than it was.
          for (const [part, millis] of [[0.3, 0], [0.6, 70], [1, 100]] as const) {
            const found = waitTime!.quantile(part)
            assert.isTrue(found >= millis && found <= millis * 1.25 + 0.001, `${found} for ${millis}`)
          }
          const longest = handlingTime!.quantile(1)
          assert.isTrue(longest >= 100 && longest <= 125)
          assert.isBelow(handlingTime!.quantile(0.6), 0.01)
        })
      ),
    timed
  )

  test("has no time of what went between two incarnations", () =>
    spawned((clerk) =>
      Effect.gen(function*() {
        yield* clerk.tell.Crash({ times: 1 })
        yield* settle
        yield* TestClock.adjust("1 minute")
        yield* clerk.ask.Now()
        const { failed, handlingTime, processed, restarts } = yield* clerk.stats
        assert.deepStrictEqual([processed, failed, restarts, handlingTime!.count], [2, 1, 1, 2])
        assert.isBelow(handlingTime!.quantile(1), 1)
      })
    ), { ...timed, supervision: { backoff: Schedule.spaced("10 seconds") } })

  test(
    "has each of those that are handled at once, one after the other",
    () =>
      spawned((clerk) =>
        Effect.gen(function*() {
          for (let n = 0; n < 3; n++) yield* clerk.tell.Open()
          yield* settle
          const { handlingTime, waitTime } = yield* clerk.stats
          assert.deepStrictEqual([handlingTime!.count, waitTime!.count], [3, 3])
        })
      ),
    timed
  )

  test(
    "gives a message one number and one age, however often it is handed out",
    (seen) =>
      spawned((clerk) =>
        Effect.gen(function*() {
          yield* clerk.tell.File({ millis: 10 })
          yield* clerk.tell.Crash({ times: 2 })
          yield* settle
          yield* TestClock.adjust("10 millis")
          yield* TestClock.adjust("1 second")
          assert.deepStrictEqual(seen, [[1, 0], [2, 10], [2, 10], [2, 10]])
          assert.deepInclude(yield* clerk.stats, { processed: 4, failed: 2, restarts: 2 })
        })
      ),
    { ...timed, supervision: { redeliver: { attempts: 5 } } }
  )

  test(
    "keeps the number and the age of what is put off, an ask that came directly too",
    (seen) =>
      spawned((clerk) =>
        Effect.gen(function*() {
          const asking = yield* Effect.forkChild(clerk.ask.Put({ n: 1 }, { timeout: "1 minute" }), {
            startImmediately: true
          })
          yield* clerk.tell.Put({ n: 2 })
          yield* settle
          yield* TestClock.adjust("1 second")
          assert.strictEqual((yield* clerk.stats).oldestMillis, 1000)
          yield* clerk.tell.Open()
          yield* Fiber.join(asking)
          yield* settle
          assert.deepStrictEqual(seen, [[1, 0], [2, 0], [1, 1000], [2, 1000]])
          assert.strictEqual((yield* clerk.stats).handlingTime!.count, 3)
        })
      ),
    { ...timed, stashes: true }
  )

  test("is not there unless its behaviour says so", (seen) =>
    spawned((clerk) =>
      Effect.gen(function*() {
        yield* clerk.ask.Which()
        assert.deepStrictEqual(seen, [[-1, -1]])
        const { handlingTime, oldestMillis, waitTime } = yield* clerk.stats
        assert.deepStrictEqual([handlingTime, oldestMillis, waitTime], [undefined, undefined, undefined])
        assert.isTrue(Option.isNone(yield* Actor.currentMessage))
      })
    ))

  for (const times of [undefined, false]) {
    it.effect(`is what a layer says, ${times === undefined ? "for behaviours that say nothing" : "and not what one says itself"}`, () => {
      const live = Clerk.toLayer(
        Effect.succeed(Clerk.of({ Now: () => Exit.succeed(1) } as never) as Actor.Handlers<typeof Clerk>),
        { times }
      )
      return Effect.gen(function*() {
        const clerk = yield* Clerk.spawn("c")
        yield* clerk.ask.Now()
        assert.strictEqual((yield* clerk.stats).waitTime?.count, times === undefined ? 1 : undefined)
      }).pipe(
        Effect.scoped,
        Effect.provide(live.pipe(Layer.provide(ActorStats.layerTimes), Layer.provideMerge(ActorSystem.layer)))
      )
    })
  }

  it("is said by a boolean", () => {
    assert.throws(() => Clerk.toLayer(Effect.never, { times: "yes" as never }), /times/)
  })
})
