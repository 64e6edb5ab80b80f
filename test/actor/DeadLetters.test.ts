import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Rpc from "effect/rpc/Rpc"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { Actor, ActorControl, ActorSystem, DeadLetters, Parcel, ThreadArenas } from "shared-nothing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { settle } from "../contract/eventually.ts"

const Clerk = Actor.make("Clerk", [
  Rpc.make("File", { payload: { n: Schema.Int } }),
  Rpc.make("Burn", { payload: { n: Schema.Int } }),
  Rpc.make("Hide", { payload: { secret: Schema.Redacted(Schema.String) } }),
  Rpc.make("Wait"),
  Rpc.make("Filed", { success: Schema.Array(Schema.Int) })
])

const Porter = Actor.make("Porter", [Rpc.make("Ship", { payload: { parcel: Parcel.Unique } }), Rpc.make("Wait")])
const PorterLive = Porter.toLayer(Effect.succeed(Porter.of({ Ship: () => Effect.void, Wait: () => Effect.never })))

interface World {
  readonly filed: Array<number>
  isFireproof: boolean
  readonly gate: Deferred.Deferred<void>
}

const inWorld = <A, E>(
  options: Actor.BehaviourOptions,
  body: (world: World, letters: DeadLetters.DeadLetters) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  limits: DeadLetters.LimitsOptions = {}
) =>
  Effect.suspend(() => {
    const world: World = { filed: [], isFireproof: false, gate: Deferred.makeUnsafe() }
    const live = Clerk.toLayer(
      Effect.succeed(Clerk.of({
        File: ({ n }) => Effect.sync(() => void world.filed.push(n)),
        Burn: ({ n }) =>
          world.isFireproof ? Effect.sync(() => void world.filed.push(n)) : Effect.die(new Error("fire")),
        Hide: () => Effect.void,
        Wait: () => Deferred.await(world.gate),
        Filed: () => Effect.succeed(world.filed.slice())
      })),
      { shutdown: "brutalKill", ...options }
    )
    const program = Effect.flatMap(ActorSystem.deadLetters, (letters) => Effect.scoped(body(world, letters)))
    return program.pipe(
      Effect.provide(
        Layer.merge(live, PorterLive).pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([])))
      ),
      Effect.provideService(DeadLetters.Limits, limits)
    )
  })

const sayings = (letters: DeadLetters.DeadLetters) =>
  Effect.map(letters.all, (all) => all.map(({ message, payload, why }) => [message, payload, why._tag]))

/** A clerk with a handler that does not end, and so much behind it. */
const busy = (files: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const clerk = yield* Clerk.spawn("c")
    yield* clerk.tell.Wait()
    yield* settle
    for (const n of files) yield* clerk.tell.File({ n })
    return clerk
  })

describe("dead letters", () => {
  it.effect("are what was set aside: what it was, for whom, why, how often and when", () =>
    inWorld({ supervision: { redeliver: { attempts: 2 } } }, (_, letters) =>
      Effect.gen(function*() {
        const clerk = yield* Clerk.spawn("c")
        yield* TestClock.adjust("1 minute")
        yield* clerk.tell.Burn({ n: 7 })
        yield* settle
        const [letter, ...others] = yield* letters.all
        const { why, ...rest } = letter!
        assert.deepStrictEqual(rest, {
          id: 1,
          actor: "Clerk/c",
          name: "Clerk",
          key: "c",
          message: "Burn",
          payload: { n: 7 },
          isReadable: true,
          attempts: 2,
          replays: 0,
          timeMillis: 60_000
        })
        assert.isTrue(why._tag === "SetAside" && Cause.pretty(why.cause).includes("fire"))
        assert.deepStrictEqual(others, [])
        // It is not one of those that were dropped.
        assert.strictEqual(yield* ActorSystem.droppedMessages, 0)
      })))

  it.effect("are what waited for an actor that has ended, and no asks of it", () =>
    inWorld({}, (_, letters) =>
      Effect.gen(function*() {
        const clerk = yield* busy([1, 2])
        const asking = yield* Effect.forkChild(Effect.exit(clerk.ask.Filed()), { startImmediately: true })
        yield* ActorControl.kill(clerk)
        assert.deepStrictEqual(yield* sayings(letters), [
          ["File", { n: 1 }, "ActorEnded"],
          ["File", { n: 2 }, "ActorEnded"]
        ])
        const [{ attempts, why }] = yield* letters.all as Effect.Effect<[DeadLetters.DeadLetter]>
        assert.deepInclude(why, { reason: { _tag: "Killed" } })
        assert.strictEqual(attempts, 0)
        const asked = yield* Effect.flip(yield* Fiber.join(asking))
        assert.strictEqual(asked._tag, "ActorStopped")
        assert.strictEqual(yield* ActorSystem.droppedMessages, 2)
      })))

  it.effect("with what was in hand again when the restarts were used up", () =>
    inWorld(
      { supervision: { redeliver: { attempts: 5 }, intensity: { restarts: 1, within: "1 minute" } } },
      (_, letters) =>
        Effect.gen(function*() {
          const clerk = yield* Clerk.spawn("c")
          yield* clerk.tell.Burn({ n: 1 })
          yield* clerk.tell.File({ n: 2 })
          yield* clerk.down
          const all = yield* letters.all
          assert.deepStrictEqual(
            all.map(({ attempts, message, why }) => [message, attempts, why._tag]),
            [["Burn", 2, "ActorEnded"], ["File", 0, "ActorEnded"]]
          )
        })
    ))

  for (const [policy, dropped] of [["dropNewest", 3], ["dropOldest", 1]] as const) {
    it.effect(`are what a full mailbox drops with "${policy}"`, () =>
      inWorld({ mailbox: { capacity: 2, overflow: policy } }, (_, letters) =>
        Effect.gen(function*() {
          yield* busy([1, 2, 3])
          const [letter, ...others] = yield* letters.all
          assert.deepInclude(letter, { payload: { n: dropped }, why: { _tag: "Overflow", policy } })
          assert.deepStrictEqual(others, [])
          assert.strictEqual(yield* ActorSystem.droppedMessages, 1)
        })))
  }

  it.effect("are told as they come, in a turn of their own: whoever listens may do as he likes", () =>
    inWorld({ mailbox: { capacity: 1, overflow: "dropOldest" } }, (world, letters) =>
      Effect.gen(function*() {
        const clerk = yield* busy([])
        const heard: Array<unknown> = []
        const hear = (one: (letter: DeadLetters.DeadLetter) => Effect.Effect<void>) =>
          Effect.forkScoped(Stream.runForEach(letters.stream, one), { startImmediately: true })
        yield* hear(() => Effect.die(new Error("does not like letters")))
        yield* hear(({ payload }) =>
          Effect.sync(() => {
            heard.push(payload)
            // One that drops what has dropped the first one.
            if (heard.length < 3) clerk.tellUnsafe.File({ n: 10 + heard.length })
          })
        )
        assert.isTrue(clerk.tellUnsafe.File({ n: 1 }))
        assert.isTrue(clerk.tellUnsafe.File({ n: 2 }))
        assert.deepStrictEqual([heard, yield* clerk.depth], [[], 2])
        yield* settle
        assert.deepStrictEqual(heard, [{ n: 1 }, { n: 2 }, { n: 11 }])
        assert.strictEqual((yield* letters.stats).received, 3)
        yield* Deferred.succeed(world.gate, undefined)
        assert.deepStrictEqual(yield* clerk.ask.Filed(), [12])
      })))

  it.effect("are as many as the store takes: the oldest make way, and what is too much at once is counted", () =>
    inWorld({}, (_, letters) =>
      Effect.gen(function*() {
        yield* ActorControl.kill(yield* busy([1, 2]))
        yield* settle
        yield* ActorControl.kill(yield* busy(Array.from({ length: 300 }, (_, i) => i)))
        assert.deepStrictEqual((yield* sayings(letters)).map(([, payload]) => payload), [{ n: 253 }, { n: 254 }, {
          n: 255
        }])
        assert.deepStrictEqual(yield* letters.stats, { stored: 3, received: 258, evicted: 255, missed: 44 })
        assert.strictEqual(yield* ActorSystem.droppedMessages, 302)
        assert.isFalse(yield* letters.remove(1))
        assert.isTrue(yield* letters.remove(257))
        assert.strictEqual((yield* letters.stats).stored, 2)
      }), { letters: 3 }))

  it.effect("keep a secret, and give it to whoever handles them after all", () =>
    inWorld({}, (_, letters) =>
      Effect.gen(function*() {
        const clerk = yield* busy([])
        yield* clerk.tell.Hide({ secret: Redacted.make("hush") })
        yield* ActorControl.kill(clerk)
        const [letter] = yield* letters.all
        assert.notInclude(JSON.stringify(letter), "hush")
        assert.notInclude(String(Object.values(letter!.payload as object)), "hush")
        const { secret } = letter!.payload as { readonly secret: Redacted.Redacted }
        assert.strictEqual(Redacted.value(secret), "hush")
      })))

  it.effect("are none of messages that something moves with, which is released", () =>
    inWorld({}, (_, letters) =>
      Effect.gen(function*() {
        const end = yield* ThreadArenas.open(Arena.create({ capacityBytes: 1 << 16, blockBytes: 4096 }), 1)
        const porter = yield* Porter.spawn("p")
        yield* porter.tell.Wait()
        yield* settle
        yield* porter.tell.Ship({ parcel: yield* Parcel.allocate(end, 64) })
        yield* ActorControl.kill(porter)
        assert.deepStrictEqual(yield* letters.all, [])
        assert.strictEqual((yield* letters.stats).missed, 1)
        assert.strictEqual(usage(end.buffer).usedBytes, 0)
      })))
})

describe("a dead letter that is sent again", () => {
  it.effect("goes to the actor that has its name now, and is gone once that has it", () =>
    inWorld({}, (world, letters) =>
      Effect.gen(function*() {
        yield* ActorControl.kill(yield* busy([1, 2]))
        const refused = yield* Effect.flip(letters.replay(1))
        assert.deepInclude(refused, { _tag: "ReplayRefused", why: "notUp", actor: "Clerk/c", tag: "File" })
        const clerk = yield* Clerk.spawn("c")
        yield* letters.replay(1)
        assert.deepStrictEqual(yield* clerk.ask.Filed(), [1])
        assert.deepInclude(yield* Effect.flip(letters.replay(1)), { _tag: "LetterNotFound", id: 1 })
        assert.deepStrictEqual((yield* letters.all).map(({ id }) => id), [2])
        assert.deepStrictEqual(world.filed, [1])
      })))

  it.effect("does not wait for room", () =>
    inWorld({ mailbox: { capacity: 1, overflow: "fail" } }, (world, letters) =>
      Effect.gen(function*() {
        yield* ActorControl.kill(yield* busy([1]))
        const clerk = yield* busy([2])
        assert.deepInclude(yield* Effect.flip(letters.replay(1)), { _tag: "ReplayRefused", why: "full" })
        yield* Deferred.succeed(world.gate, undefined)
        yield* settle
        yield* letters.replay(1)
        yield* settle
        assert.deepStrictEqual([world.filed, yield* clerk.depth], [[2, 1], 0])
      })))

  it.effect("is another letter when it is given up once more, and is not sent more often than is allowed", () =>
    inWorld(
      { supervision: { redeliver: { attempts: 2 }, intensity: { restarts: 100, within: "1 minute" } } },
      (world, letters) =>
        Effect.gen(function*() {
          const clerk = yield* Clerk.spawn("c")
          yield* clerk.tell.Burn({ n: 1 })
          yield* settle
          for (const id of [1, 2]) {
            yield* letters.replay(id)
            yield* settle
          }
          const [letter, ...others] = yield* letters.all
          assert.deepInclude(letter, { id: 3, attempts: 2, replays: 2, payload: { n: 1 } })
          assert.deepStrictEqual(others, [])
          assert.deepInclude(yield* Effect.flip(letters.replay(3)), {
            _tag: "ReplaysSpent",
            replays: 2,
            actor: "Clerk/c"
          })
          assert.strictEqual((yield* letters.stats).stored, 1)
          // It went through a full life each time, and the actor is well.
          yield* clerk.tell.File({ n: 2 })
          yield* settle
          assert.deepStrictEqual(world.filed, [2])
        }),
      { replays: 2 }
    ))

  it.effect("counts also what became of it in a mailbox that is full", () =>
    inWorld({ mailbox: { capacity: 1, overflow: "dropNewest" } }, (_, letters) =>
      Effect.gen(function*() {
        yield* busy([1, 2])
        yield* letters.replay(1)
        assert.deepStrictEqual((yield* letters.all).map(({ id, replays }) => [id, replays]), [[2, 1]])
        yield* letters.replay(2)
        assert.include(yield* Effect.flip(letters.replay(3)), { _tag: "ReplaysSpent" })
      }), { replays: 2 }))

  it.effect("brings up the actor of its key", () =>
    inWorld({}, (_, letters) =>
      Effect.gen(function*() {
        const clerks = yield* Clerk.keyed()
        const clerk = clerks.ref("k")
        yield* clerk.tell.Wait()
        yield* settle
        yield* clerk.tell.File({ n: 1 })
        yield* ActorControl.kill(clerk)
        assert.deepInclude((yield* letters.all)[0], { actor: "Clerk/k", name: "Clerk", key: "k" })
        yield* letters.replay(1)
        assert.deepStrictEqual(yield* clerk.ask.Filed(), [1])
      })))
})

describe("limits of dead letters", () => {
  it.effect("that make no sense are a defect of whoever builds the system", () =>
    Effect.gen(function*() {
      for (const [option, limits] of [["letters", { letters: -1 }], ["replays", { replays: 0.5 }]] as const) {
        const exit = yield* Effect.exit(inWorld({}, () => Effect.void, limits))
        assert.include(String(exit), `DeadLetters.Limits`)
        assert.include(String(exit), option)
      }
      const withoutText: unknown = Object.create(null)
      const exit = yield* Effect.exit(inWorld({}, () => Effect.void, { letters: withoutText as number }))
      assert.include(String(exit), "DeadLetters.Limits")
    }))

  it.effect("may keep none: who listens hears of each", () =>
    inWorld({}, (_, letters) =>
      Effect.gen(function*() {
        const heard: Array<number> = []
        yield* Effect.forkScoped(
          Stream.runForEach(letters.stream, ({ id }) => Effect.sync(() => void heard.push(id))),
          { startImmediately: true }
        )
        yield* ActorControl.kill(yield* busy([1, 2]))
        yield* settle
        assert.deepStrictEqual([heard, yield* letters.all], [[1, 2], []])
      }), { letters: 0 }))
})

describe("two who send a letter again at once", () => {
  // Wherever one of them makes way for the other.
  for (const operations of [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 17, 23]) {
    it.effect(`have it taken once, with a fiber that goes on for ${operations} steps`, () =>
      inWorld({}, (world, letters) =>
        Effect.gen(function*() {
          const clerk = yield* busy([1, 2, 3, 4])
          yield* ActorControl.kill(clerk)
          yield* Clerk.spawn("c")
          const all = yield* letters.all
          assert.strictEqual(all.length, 4)
          const twice = Effect.forEach([1, 2, 3, 4, 5, 6], () =>
            Effect.forEach(all, ({ id }) => Effect.exit(letters.replay(id))), {
            concurrency: "unbounded"
          })
          yield* Effect.provideService(twice, MaxOpsBeforeYield, operations)
          yield* settle
          assert.deepStrictEqual(
            world.filed.toSorted((a, b) =>
              a - b
            ),
            [1, 2, 3, 4]
          )
          assert.strictEqual((yield* letters.stats).stored, 0)
        })))
  }
})
