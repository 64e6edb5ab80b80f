/** What a handler was given and has not used: whose it is when the handler has ended, in every way that there is. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorSystem, Child, Iso, Parcel, Supervisor, ThreadArenas } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { settle } from "../contract/eventually.ts"

const Samples = Iso.of(Float64Array)

type Held = typeof Samples.Type

const How = Schema.Literals([
  "never",
  "reads",
  "scopes",
  "fails",
  "fails later",
  "dies",
  "throws",
  "keeps",
  "forks",
  "sends on",
  "puts off",
  "ends, and puts off",
  "succeeds"
])

const Store = Actor.make("Store", [
  Rpc.make("Do", { payload: { samples: Samples, how: How }, error: Schema.String }),
  Rpc.make("Refuse", { payload: { samples: Samples }, error: Samples }),
  Rpc.make("Pass", { payload: { samples: Samples } }),
  Rpc.make("Tell", { payload: { samples: Samples }, success: Schema.Number, stream: true }),
  Rpc.make("Mistake", { payload: { samples: Samples }, success: Schema.Number, stream: true }),
  Rpc.make("Share", { payload: { load: Parcel.Shared } }),
  Rpc.make("Fetch", { payload: { bytes: Schema.Int } }),
  Rpc.make("Fetched", { payload: { samples: Samples } }),
  Rpc.make("Give", { payload: { samples: Samples }, success: Samples }),
  Rpc.make("Wait"),
  Rpc.make("Resume")
])

type Store = Actor.Ref<typeof Store>

const setUp = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 16 * 4096, blockBytes: 4096 }), 1)
  const gate = yield* Deferred.make<void>()
  const kept: Array<Held> = []
  // What is piped is in nobody's scope that ends before the test does.
  const life = yield* Effect.scope
  const next: { ref: Store | undefined } = { ref: undefined }
  const live = Store.toLayer(
    Effect.gen(function*() {
      const stash = yield* Store.stash({ capacity: 4 })
      const pipeToSelf = yield* Store.pipeToSelf
      const self = yield* Store.self
      let isOpen = false
      const ways: Record<typeof How.Type, (samples: Held) => Effect.Effect<void, string>> = {
        never: () => Effect.never,
        reads: (samples) => Effect.andThen(Effect.sync(() => kept.push(samples) + samples.value.length), Effect.never),
        scopes: (samples) => Effect.scoped(Effect.andThen(Iso.scoped(samples), Effect.never)),
        fails: () => Effect.fail("no"),
        "fails later": () => Effect.andThen(Effect.sleep(1), Effect.fail("no")),
        dies: () => Effect.die("never"),
        throws: () => {
          throw new Error("never")
        },
        keeps: (samples) => Effect.sync(() => void kept.push(samples)),
        forks: (samples) =>
          Effect.asVoid(
            Effect.forkDetach(
              Effect.andThen(Deferred.await(gate), Effect.sync(() => kept.push(samples) + samples.value.length))
            )
          ),
        "sends on": (samples) => Effect.orDie(next.ref!.tell.Pass({ samples })),
        "puts off": (samples) => isOpen ? Effect.sync(() => void kept.push(samples)) : Effect.orDie(stash.put),
        "ends, and puts off": () => Effect.andThen(Effect.ignore(ActorControl.kill(self)), Effect.orDie(stash.put)),
        succeeds: () => Effect.void
      }
      return Store.of({
        Do: ({ how, samples }) => ways[how](samples),
        Refuse: ({ samples }) => Effect.fail(samples),
        Pass: ({ samples }) => Actor.forward(next.ref!.ask.Pass({ samples })),
        Tell: ({ samples }) =>
          Stream.unwrap(
            Effect.andThen(
              Deferred.await(gate),
              Effect.map(Iso.scoped(samples), ({ value }) => Stream.fromIterable(Array.from(value)))
            )
          ),
        // The compiler says no to that.
        Mistake: (({ samples }: { readonly samples: Held }) => Actor.forward(next.ref!.ask.Pass({ samples }))) as never,
        Share: () => Effect.never,
        Fetch: ({ bytes }) =>
          pipeToSelf.Fetched(
            Effect.orDie(Scope.provide(Iso.allocate(arena, Float64Array, bytes), life)),
            (exit) => ({
              samples: Exit.getSuccess(exit).pipe((found) => found._tag === "Some" ? found.value : undefined!)
            })
          ),
        Fetched: ({ samples }) => {
          if (!isOpen) return Effect.orDie(stash.put)
          kept.push(samples)
          return Effect.die("never")
        },
        Give: ({ samples }) => Effect.as(Effect.yieldNow, samples),
        Wait: () => Deferred.await(gate),
        Resume: () => {
          isOpen = true
          return stash.unstashAll
        }
      })
    }),
    { shutdown: "brutalKill", mailbox: { capacity: 3 } }
  ).pipe(Layer.provideMerge(ActorSystem.layer))
  return {
    arena,
    blocks: () => usage(arena.buffer).usedBytes / 4096,
    gate,
    kept,
    layer: live,
    next,
    samples: Effect.map(Iso.allocate(arena, Float64Array, 4), (samples) => {
      samples.value.fill(1)
      return samples
    })
  }
})

type SetUp = Effect.Success<typeof setUp>

/** Runs with a store, and in the end nothing may be left. */
const withStore = <E>(
  test: (
    on: SetUp & { readonly store: Store; readonly life: Scope.Closeable }
  ) => Effect.Effect<void, E, Scope.Scope | ActorSystem.ActorSystem>
) =>
  Effect.scoped(Effect.gen(function*() {
    const on = yield* setUp
    yield* Effect.gen(function*() {
      const life = yield* Scope.make()
      const store = yield* Scope.provide(Store.spawn("a"), life)
      yield* test({ ...on, store, life })
      yield* Scope.close(life, Exit.void)
    }).pipe(Effect.scoped, Effect.provide(on.layer))
    for (const samples of on.kept) if (samples.isHeld) Iso.release(samples)
    assert.strictEqual(on.blocks(), 0)
  }))

const failures = ["fails", "fails later", "dies", "throws"] as const

describe("what a handler was given and has not used", () => {
  for (const how of failures) {
    for (const from of ["idle", "busy", "told"] as const) {
      it.effect(`is free when who asked hears that it ${how}: ${from}`, () =>
        withStore(Effect.fnUntraced(function*({ blocks, gate, samples, store }) {
          const busy = from === "idle"
            ? undefined
            : yield* Effect.forkChild(store.ask.Wait(), { startImmediately: true })
          const given = yield* samples
          if (from === "told") yield* store.tell.Do({ samples: given, how })
          const asking = from === "told" ? undefined : yield* Effect.forkChild(
            Effect.exit(store.ask.Do({ samples: given, how })).pipe(
              Effect.map((exit) => [Exit.isFailure(exit), blocks()])
            ),
            { startImmediately: true }
          )
          yield* Deferred.done(gate, Exit.void)
          if (busy !== undefined) yield* Fiber.join(busy)
          yield* settle
          yield* TestClock.adjust(1)
          yield* settle
          if (asking !== undefined) assert.deepStrictEqual(yield* Fiber.join(asking), [true, 0])
          assert.strictEqual(blocks(), 0)
          assert.isFalse(given.isHeld)
        })))
    }
  }

  for (const from of ["idle", "busy"] as const) {
    it.effect(`is free when its asker goes, and what it has used is its own: ${from}`, () =>
      withStore(Effect.fnUntraced(function*({ blocks, gate, kept, samples, store }) {
        if (from === "busy") yield* store.tell.Wait()
        const asked = Effect.fnUntraced(function*(how: typeof How.Type) {
          const asking = yield* Effect.forkChild(store.ask.Do({ samples: yield* samples, how }), {
            startImmediately: true
          })
          yield* Deferred.done(gate, Exit.void)
          yield* settle
          assert.strictEqual(blocks(), 1)
          yield* Fiber.interrupt(asking)
          yield* settle
        })
        yield* asked("never")
        assert.strictEqual(blocks(), 0)
        yield* asked("scopes")
        assert.strictEqual(blocks(), 0)
        yield* asked("reads")
        assert.strictEqual(blocks(), 1)
        assert.strictEqual(kept[0]!.value[3], 1)
      })))
  }

  it.effect("is free when its actor ends, or is killed", () =>
    withStore(Effect.fnUntraced(function*({ blocks, samples, store }) {
      for (const key of ["b", "c"]) {
        const life = yield* Scope.make()
        const other = yield* Scope.provide(Store.spawn(key), life)
        yield* other.tell.Do({ samples: yield* samples, how: "never" })
        yield* settle
        assert.strictEqual(blocks(), 1)
        yield* (key === "b" ? Scope.close(life, Exit.void) : ActorControl.kill(other))
        assert.strictEqual(blocks(), 0)
      }
      assert.isDefined(store)
    })))

  it.effect("is free when its actor goes down with a sibling", () =>
    withStore(Effect.fnUntraced(function*({ blocks, samples }) {
      const [first, second] = [Child.actor(Store, "first"), Child.actor(Store, "second")]
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        children: [first, second]
      })
      const [one, other] = [yield* supervisor.get(first), yield* supervisor.get(second)]
      const asking = yield* Effect.forkChild(one.ask.Do({ samples: yield* samples, how: "never" }), {
        startImmediately: true
      })
      yield* one.tell.Do({ samples: yield* samples, how: "keeps" })
      yield* settle
      yield* other.tell.Do({ samples: yield* samples, how: "dies" })
      yield* settle
      // Its handler has that long to come to its end.
      yield* TestClock.adjust("5 seconds")
      yield* settle
      assert.isTrue(Exit.isFailure(yield* Fiber.await(asking)))
      // What was told waits for the next incarnation, which keeps it.
      assert.strictEqual(blocks(), 1)
      yield* Effect.forkChild(supervisor.stop, { startImmediately: true })
      yield* settle
      yield* TestClock.adjust("5 seconds")
      yield* settle
    })))

  it.effect("goes back with an error that gives it back", () =>
    withStore(Effect.fnUntraced(function*({ blocks, gate, samples, store }) {
      for (const isBusy of [false, true]) {
        if (isBusy) yield* store.tell.Wait()
        const asking = yield* Effect.forkChild(store.ask.Refuse({ samples: yield* samples }), {
          startImmediately: true
        })
        yield* Deferred.done(gate, Exit.void)
        const exit = yield* Fiber.await(asking)
        const back = Exit.isFailure(exit) ? Cause.squash(exit.cause) as Held : undefined
        assert.deepStrictEqual([back?.isHeld, back?.value[0], blocks()], [true, 1, 1])
        Iso.release(back!)
      }
    })))

  it.effect("is its own when it has succeeded: kept, or in the hands of a fiber that uses it later", () =>
    withStore(Effect.fnUntraced(function*({ blocks, gate, kept, samples, store }) {
      yield* store.ask.Do({ samples: yield* samples, how: "keeps" })
      yield* store.ask.Do({ samples: yield* samples, how: "forks" })
      yield* settle
      assert.strictEqual(blocks(), 2)
      yield* Deferred.done(gate, Exit.void)
      yield* settle
      assert.deepStrictEqual(kept.map(({ value }) => value[0]), [1, 1])
    })))

  it.effect("is free when it cannot be sent on, and goes on when it can", () =>
    withStore(Effect.fnUntraced(function*({ blocks, next, samples, store }) {
      const other = yield* Store.spawn("b")
      next.ref = other
      for (let n = 0; n < 4; n++) yield* other.tell.Wait()
      const asking = yield* Effect.forkChild(store.ask.Do({ samples: yield* samples, how: "sends on" }), {
        startImmediately: true
      })
      const passing = yield* Effect.forkChild(store.ask.Pass({ samples: yield* samples }), { startImmediately: true })
      yield* settle
      assert.strictEqual(blocks(), 2)
      yield* Fiber.interrupt(asking)
      yield* settle
      yield* Fiber.interrupt(passing)
      yield* settle
      assert.strictEqual(blocks(), 0)
    })))

  it.effect("goes with a message that is handed on, and is free when that comes to nothing", () =>
    withStore(Effect.fnUntraced(function*({ blocks, gate, next, samples, store }) {
      const life = yield* Scope.make()
      next.ref = yield* Scope.provide(Store.spawn("b"), life)
      yield* next.ref.tell.Wait()
      for (let n = 0; n < 3; n++) yield* next.ref.tell.Wait()
      const passing = yield* Effect.forkChild(store.ask.Pass({ samples: yield* samples }), { startImmediately: true })
      yield* settle
      assert.strictEqual(blocks(), 1)
      yield* Fiber.interrupt(passing)
      yield* settle
      assert.strictEqual(blocks(), 0)
      yield* Scope.close(life, Exit.void)
      const told = yield* samples
      yield* store.tell.Pass({ samples: told })
      const late = yield* Effect.exit(store.ask.Pass({ samples: yield* samples }))
      yield* settle
      assert.isTrue(Exit.isFailure(late))
      assert.deepStrictEqual([told.isHeld, blocks()], [false, 0])
      yield* Deferred.done(gate, Exit.void)
    })))

  it.effect("is a stream's as long as that runs, and free when nobody has begun to read", () =>
    withStore(Effect.fnUntraced(function*({ blocks, gate, samples, store }) {
      const reading = yield* Effect.forkChild(Stream.runCollect(store.ask.Tell({ samples: yield* samples })), {
        startImmediately: true
      })
      yield* settle
      assert.strictEqual(blocks(), 1)
      yield* Fiber.interrupt(reading)
      yield* settle
      assert.strictEqual(blocks(), 0)
      yield* Deferred.done(gate, Exit.void)
      const given = yield* samples
      assert.deepStrictEqual(yield* Stream.runCollect(store.ask.Tell({ samples: given })), [1, 1, 1, 1])
      assert.strictEqual(blocks(), 0)
    })))

  it.effect("stays with a message that is put off, until it is handled again or its actor ends", () =>
    withStore(Effect.fnUntraced(function*({ blocks, kept, samples, store }) {
      for (let n = 0; n < 2; n++) yield* store.tell.Do({ samples: yield* samples, how: "puts off" })
      yield* settle
      assert.strictEqual(blocks(), 2)
      yield* store.tell.Resume()
      yield* settle
      assert.deepStrictEqual(kept.map(({ value }) => value[0]), [1, 1])
      const life = yield* Scope.make()
      const other = yield* Scope.provide(Store.spawn("b"), life)
      yield* other.tell.Do({ samples: yield* samples, how: "puts off" })
      const asking = yield* Effect.forkChild(other.ask.Do({ samples: yield* samples, how: "puts off" }), {
        startImmediately: true
      })
      yield* settle
      assert.strictEqual(blocks(), 4)
      yield* Scope.close(life, Exit.void)
      yield* Fiber.await(asking)
      assert.strictEqual(blocks(), 2)
    })))

  it.effect("is free with a message that is put off by an actor that has ended", () =>
    withStore(Effect.fnUntraced(function*({ blocks, gate, samples, store }) {
      for (const from of ["idle", "busy", "told"]) {
        const other = yield* Store.spawn(from)
        if (from === "busy") yield* other.tell.Wait()
        const message = { samples: yield* samples, how: "ends, and puts off" } as const
        if (from === "told") yield* other.tell.Do(message)
        const asking = yield* Effect.forkChild(
          Effect.exit(from === "told" ? other.ask.Wait() : other.ask.Do(message)),
          {
            startImmediately: true
          }
        )
        yield* Deferred.done(gate, Exit.void)
        assert.isTrue(Exit.isFailure(yield* Fiber.join(asking)), from)
        yield* settle
        assert.strictEqual(blocks(), 0, from)
      }
      assert.isDefined(store)
    })))

  it.effect("is free with a message that is handed on where it cannot be", () =>
    withStore(Effect.fnUntraced(function*({ blocks, next, samples, store }) {
      next.ref = store
      const exit = yield* Effect.exit(Stream.runCollect(store.ask.Mistake({ samples: yield* samples })))
      assert.include(String(exit), "which is no Stream")
      assert.strictEqual(blocks(), 0)
    })))

  it.effect("is free with a piped message that fails, also when that was put off before", () =>
    withStore(Effect.fnUntraced(function*({ blocks, kept, store }) {
      yield* store.ask.Fetch({ bytes: 4 })
      yield* settle
      assert.strictEqual(blocks(), 1)
      yield* store.tell.Resume()
      yield* settle
      // What is put off is handled as it was made.
      assert.deepStrictEqual([kept.length, blocks()], [1, 0])
    })))

  it.effect("is free with a piped message that is put off, or waits, when its actor ends", () =>
    withStore(Effect.fnUntraced(function*({ blocks, store }) {
      for (const isPutOff of [true, false]) {
        const life = yield* Scope.make()
        const other = yield* Scope.provide(Store.spawn("b"), life)
        yield* other.tell.Fetch({ bytes: 4 })
        // What is piped comes behind it.
        if (!isPutOff) yield* other.tell.Wait()
        yield* settle
        assert.strictEqual(blocks(), 1)
        yield* Scope.close(life, Exit.void)
        assert.strictEqual(blocks(), 0)
      }
      assert.isDefined(store)
    })))

  it.effect("in a reply is free when its asker has ended before it came to take that", () =>
    withStore(Effect.fnUntraced(function*({ blocks, kept, samples, store }) {
      const recipient = recipientOf(store)
      const given = yield* samples
      const give = recipient.protocol.tags.indexOf("Give")
      const asking = yield* Effect.forkChild(
        Effect.withFiber((fiber) => {
          // The handler is begun, and nobody waits for it.
          const begun = recipient.ask(give, { samples: given }, undefined, fiber, undefined)
          return Effect.andThen(settle, Effect.sync(() => assert.isDefined(begun)))
        }),
        { startImmediately: true }
      )
      yield* Fiber.join(asking)
      assert.strictEqual(blocks(), 0)
      assert.deepStrictEqual([given.isHeld, kept.length], [false, 0])
    })))

  it.effect("is a reference to what others read too: it is given up, and they read on", () =>
    withStore(Effect.fnUntraced(function*({ blocks, samples, store }) {
      const shared = Iso.share(yield* samples)
      const asking = yield* Effect.forkChild(store.ask.Share({ load: shared.clone() }), { startImmediately: true })
      yield* settle
      yield* Fiber.interrupt(asking)
      yield* settle
      assert.strictEqual(blocks(), 1)
      shared.release()
      assert.strictEqual(blocks(), 0)
    })))
})
