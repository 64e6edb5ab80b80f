import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, ActorSystem, Parcel } from "shared-nothing"
import type { Address } from "../../src/actor/kernel/Address.ts"
import { Groups, type Memberships } from "../../src/actor/kernel/Groups.ts"
import type { Recipient } from "../../src/actor/kernel/Recipient.ts"
import { eventually, settle } from "../contract/eventually.ts"
import { groupContract } from "../contract/groupContract.ts"
import { Behaviours, keysOf } from "../fixtures/groups.ts"
import { seeded } from "../memory/seeded.ts"

groupContract("groups on one thread", { layer: Behaviours.pipe(Layer.provideMerge(ActorSystem.layer)), live: false })

class Fact extends Schema.Class<Fact>("test/Fact")({ n: Schema.Int }) {}

const Slow = Actor.make("Slow", [
  Rpc.make("Said", { payload: { n: Schema.Int } }),
  Rpc.make("Fact", { payload: Fact }),
  Rpc.make("Take", { payload: { parcel: Parcel.Unique } }),
  Rpc.make("Wait"),
  Rpc.make("Heard", { success: Schema.Array(Schema.Int) })
])

/** Members with room for one message, whose senders wait; `go` lets those work on that were told to wait. */
const stage = Effect.gen(function*() {
  const go = yield* Deferred.make<void>()
  const SlowLive = Slow.toLayer(
    Effect.sync(() => {
      const heard: Array<number> = []
      return Slow.of({
        Said: ({ n }) => Effect.sync(() => void heard.push(n)),
        Fact: ({ n }) => Effect.sync(() => void heard.push(n)),
        Take: () => Effect.void,
        Wait: () => Deferred.await(go),
        Heard: () => Effect.succeed(heard)
      })
    }),
    { mailbox: { capacity: 1, overflow: "suspend" }, shutdown: "brutalKill" }
  )
  const scope = yield* Scope.fork(yield* Effect.scope)
  const context = yield* Scope.provide(
    Layer.build(SlowLive.pipe(Layer.provideMerge(Layer.fresh(ActorSystem.layer)))),
    scope
  )
  return { go: Deferred.succeed(go, undefined), context, end: Scope.close(scope, Exit.void) }
})

/** Runs a test with one member that is at work and has no room, and one that has. */
const withMembers = <A, E>(
  test: (on: {
    readonly go: Effect.Effect<boolean>
    readonly busy: Actor.Ref<typeof Slow>
    readonly free: Actor.Ref<typeof Slow>
  }) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>
) =>
  Effect.gen(function*() {
    const { context, go } = yield* stage
    yield* Effect.provideContext(
      Effect.gen(function*() {
        const [busy, free] = yield* Effect.forEach(["busy", "free"] as const, (key) => Slow.spawn(key))
        yield* Effect.forEach([busy, free!], news.join)
        yield* busy.tell.Wait()
        yield* settle
        yield* busy.tell.Said({ n: 0 })
        yield* test({ go, busy: busy, free: free! })
      }),
      context
    )
  })

const news = Slow.group("news")

describe("publishing", () => {
  it.effect("waits for members without room, when all others have been told", () =>
    withMembers(({ busy, free, go }) =>
      Effect.gen(function*() {
        const publishing = yield* Effect.forkChild(news.publish.Said({ n: 1 }), { startImmediately: true })
        assert.deepStrictEqual(yield* free.ask.Heard(), [1])
        yield* settle
        assert.isUndefined(publishing.pollUnsafe())
        yield* go
        assert.deepStrictEqual(yield* Fiber.join(publishing), { reached: 2, missed: [] })
        assert.deepStrictEqual(yield* busy.ask.Heard(), [0, 1])
      })
    ))

  it.effect("is interrupted for those it waits for, and no others", () =>
    withMembers(({ busy, free, go }) =>
      Effect.gen(function*() {
        const publishing = yield* Effect.forkChild(news.publish.Said({ n: 1 }), { startImmediately: true })
        yield* settle
        yield* Fiber.interrupt(publishing)
        yield* go
        assert.deepStrictEqual(yield* free.ask.Heard(), [1])
        assert.deepStrictEqual(yield* busy.ask.Heard(), [0])
      })
    ))

  it.effect("names who ends before it has room", () =>
    withMembers(({ go }) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const mortal = yield* Scope.provide(Slow.spawn("mortal"), scope)
        yield* news.join(mortal)
        yield* mortal.tell.Wait()
        yield* settle
        yield* mortal.tell.Said({ n: 0 })
        const publishing = yield* Effect.forkChild(news.publish.Said({ n: 1 }), { startImmediately: true })
        yield* settle
        yield* Scope.close(scope, Exit.void)
        yield* go
        const { missed, reached } = yield* Fiber.join(publishing)
        assert.strictEqual(reached, 2)
        assert.deepStrictEqual(missed.map(({ error, ref }) => `${ref.key} ${error._tag}`), ["mortal ActorStopped"])
        assert.deepStrictEqual(keysOf(yield* news.members), ["busy", "free"])
      })
    ))

  it.effect("dies of a payload that throws, which keeps it from no member that can be told", () =>
    withMembers(({ busy, free, go }) =>
      Effect.gen(function*() {
        yield* go
        yield* settle
        // It is read once to be checked, and once for each member.
        let reads = 0
        const payload = {
          get n() {
            if (++reads === 2) throw new Error("not now")
            return reads
          }
        }
        const exit = yield* Effect.exit(news.publish.Said(payload))
        assert.include(String(exit), "not now")
        assert.lengthOf([...yield* busy.ask.Heard(), ...yield* free.ask.Heard()].filter((n) => n > 0), 1)
      })
    ))

  it.effect("constructs a payload once, and refuses one that moves", () =>
    withMembers(({ free, go }) =>
      Effect.gen(function*() {
        yield* go
        yield* news.publish.Fact({ n: 7 })
        assert.deepStrictEqual(yield* free.ask.Heard(), [7])
        const error = yield* Effect.flip(news.publish.Take({ parcel: undefined }))
        assert.include(error.message, "the group Slow/news breaks its schema: something moves with it")
      })
    ))
})

describe("who looks at a group", () => {
  it.effect("is told what has changed since, and sees the end of the system", () =>
    Effect.gen(function*() {
      const { context, end } = yield* stage
      const seen: Array<string> = []
      const wait = yield* Deferred.make<void>()
      yield* Effect.provideContext(
        Effect.gen(function*() {
          const refs = yield* Effect.forEach(["a", "b", "c"], (key) => Slow.spawn(key))
          const [a, b, c] = refs as [typeof refs[0], typeof refs[0], typeof refs[0]]
          yield* news.join(a)
          const looking = yield* Effect.forkChild(
            Stream.runForEach(news.monitor, ({ _tag, ref }) =>
              Effect.andThen(Effect.sync(() => seen.push(`${_tag} ${ref.key}`)), Deferred.await(wait))),
            { startImmediately: true }
          )
          yield* settle
          // Meanwhile one comes and goes, one goes and comes, and one comes.
          yield* news.join(b)
          yield* news.leave(b)
          yield* news.leave(a)
          yield* news.join(a)
          yield* news.join(c)
          yield* Deferred.succeed(wait, undefined)
          yield* eventually(
            Effect.sync(() =>
              seen
            ),
            ({ length }) => length > 1,
            "it has looked"
          )
          assert.deepStrictEqual(seen, ["Joined a", "Joined c"])
          const { groups } = yield* ActorSystem.ActorSystem
          yield* Effect.forEach([a, c], news.leave)
          yield* end
          assert.isTrue(Exit.isSuccess(yield* Fiber.await(looking)))
          assert.deepStrictEqual(seen.slice(2).toSorted(), ["Left a", "Left c"])
          assert.strictEqual(groups.size, 0)
        }),
        context
      )
    }))
})

describe("nothing is left", () => {
  it.effect("of joins, looks and publications that are interrupted, re-enter and end at any moment", () =>
    Effect.gen(function*() {
      const { context } = yield* stage
      yield* Effect.provideContext(
        Effect.gen(function*() {
          const { groups } = yield* ActorSystem.ActorSystem
          const pick = seeded(7)
          const refs = yield* Effect.forEach(["a", "b", "c"], (key) => Slow.spawn(key))
          const who = () => refs[pick(3)]!
          const step = Effect.suspend((): Effect.Effect<void, unknown, ActorSystem.ActorSystem> => {
            switch (pick(5)) {
              case 0:
                return Effect.scoped(Effect.andThen(news.join(who()), Effect.yieldNow))
              case 1:
                return Stream.runForEach(news.monitor, () => news.leave(who()))
              case 2:
                return Effect.scoped(Effect.andThen(news.join(who()), Effect.never))
              case 3: {
                // What reads the payload takes members out, and publishes by itself.
                const payload = {
                  get n() {
                    Effect.runForkWith(context)(Effect.andThen(news.leave(refs[0]!), news.publish.Said({ n: 1 })))
                    return 2
                  }
                }
                return Effect.asVoid(news.publish.Said(payload))
              }
              default:
                return Effect.asVoid(Effect.scoped(Effect.flatMap(Slow.spawn(`m${pick(4)}`), news.join)))
            }
          })
          for (let i = 0; i < 200; i++) {
            const fiber = yield* Effect.forkChild(Effect.exit(step), { startImmediately: pick(2) === 0 })
            for (let turns = pick(4); turns > 0; turns--) yield* Effect.yieldNow
            yield* Fiber.interrupt(fiber)
          }
          yield* settle
          assert.deepStrictEqual(yield* news.members, [])
          assert.strictEqual(groups.size, 0)
        }),
        context
      )
    }))
})

describe("groups of actors by key", () => {
  it.effect("bring up who is told, and lose all when the keys are let go", () =>
    Effect.gen(function*() {
      const { context } = yield* stage
      yield* Effect.provideContext(
        Effect.gen(function*() {
          const keys = yield* Scope.make()
          const keyed = yield* Scope.provide(Slow.keyed(), keys)
          yield* news.join(keyed.ref("a"))
          yield* news.join(keyed.ref("a"))
          yield* news.join(keyed.ref("b"))
          assert.strictEqual((yield* news.publish.Said({ n: 1 })).reached, 2)
          assert.deepStrictEqual(yield* keyed.ref("a").ask.Heard(), [1])
          assert.include(String(yield* Effect.exit(news.join(keyed.ref("")))), "expected one of this system")
          yield* Scope.close(keys, Exit.void)
          assert.deepStrictEqual(yield* news.members, [])
        }),
        context
      )
    }))
})

it("a group has a name", () => {
  for (
    const [name, value] of [["", "a text of 0 characters"], ["x".repeat(1025), "a text of 1025 characters"], [1, "1"]]
  ) {
    assert.throws(
      () => Slow.group(name as string),
      `Slow.group: name is ${value}, expected a text of 1 to 1024 characters`
    )
  }
})

describe("the books of threads", () => {
  /** Books that hear of each other when they are told to, and an actor that all of them can address. */
  const books = (count: number) => {
    const listeners = new Set<unknown>()
    const actor = {
      whenStopped: (listener: unknown) => listeners.add(listener),
      unwatch: (listener: unknown) => listeners.delete(listener)
    } as unknown as Recipient
    const address = { thread: 7, epoch: 0, actor: 1, isKeyed: false, key: "a" } as Address
    const news: Array<{ readonly from: number; readonly change: Memberships }> = []
    const grounds = { dispatcher: undefined as never, fault: () => {} }
    const all = Array.from({ length: count }, (_, thread) => {
      const groups = new Groups(grounds)
      const tell = (change: Memberships) => void news.push({ from: thread, change })
      groups.connect({ thread, epoch: 1, addressOf: () => address, recipientAt: () => actor, tell })
      return groups
    })
    const hear = () => {
      for (const { change, from } of news.splice(0)) all.forEach((book, i) => i !== from && book.heard(change))
    }
    const there = () => all.map((book) => book.recipients("g", undefined as never).length)
    return { actor, all, hear, listeners, news, there }
  }

  it("agree on one who is taken out here while it joins there: it stays", () => {
    const { actor, all: [a, b], hear, listeners, there } = books(2)
    a!.join("g", actor)
    hear()
    b!.join("g", actor)
    a!.takeOut("g", actor)
    hear()
    assert.deepStrictEqual(there(), [1, 1])
    assert.strictEqual(listeners.size, 1)
    b!.takeOut("g", actor)
    hear()
    assert.deepStrictEqual(there(), [0, 0])
    assert.deepStrictEqual([a!.size, b!.size, listeners.size], [0, 0, 0])
  })

  it("lose what a thread that has gone had joined, and say nothing of what is gone already", () => {
    const { actor, all: [a, b, c], hear, news, there } = books(3)
    const held = a!.join("g", actor)!
    b!.join("g", actor)
    hear()
    c!.lost(1)
    assert.deepStrictEqual(there(), [1, 1, 1])
    c!.lost(0)
    assert.deepStrictEqual(there(), [1, 1, 0])
    c!.leave([held])
    assert.deepStrictEqual(news, [])
    // One that comes up is given all.
    const [d] = books(1).all
    d!.heard(a!.all)
    assert.lengthOf(d!.recipients("g", undefined as never), 1)
  })
})
