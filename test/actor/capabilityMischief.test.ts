/** The worst that can be done with what moves in a message, what is frozen in one, and what names something: each account is back at zero, and nobody else has a loss. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { inspect } from "node:util"
import { runInNewContext } from "node:vm"
import { Actor, ActorSystem, Iso, Ref, SharedChannel, Tag, ThreadArenas, Val } from "shared-nothing"
import { TestSystem } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { settle } from "../contract/eventually.ts"
import { seeded } from "../memory/seeded.ts"

const Samples = Iso.of(Float64Array)

type Held = typeof Samples.Type

class Box extends Schema.Class<Box>("test/Box")({ samples: Samples }) {}

const Sink = Actor.make("Sink", [
  Rpc.make("Take", { payload: { samples: Samples } }),
  Rpc.make("Two", { payload: { one: Samples, other: Samples } }),
  Rpc.make("Many", { payload: { all: Schema.Array(Samples) } }),
  Rpc.make("Deep", {
    payload: {
      box: Schema.Option(Box),
      or: Schema.Union([Schema.Struct({ _tag: Schema.Literal("A"), samples: Samples }), Schema.Literal("none")]),
      by: Schema.Record(Schema.String, Samples)
    }
  }),
  Rpc.make("Give", { payload: { samples: Samples }, success: Samples }),
  Rpc.make("Loop", { payload: { samples: Samples } }),
  Rpc.make("Again", { payload: { samples: Samples } }),
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  Rpc.make("Wait")
])

type Sink = Actor.Ref<typeof Sink>

interface On {
  readonly arena: Arena.ArenaEnd
  readonly blocks: () => number
  readonly samples: Effect.Effect<Held, never, Scope.Scope>
  readonly gate: Deferred.Deferred<void>
  readonly noted: Array<number>
  readonly sink: Sink
}

// What is allocated here belongs to nobody's scope: only what is sent on, or released, is gone in the end.
const withSink = <E>(
  test: (on: On) => Effect.Effect<void, E, Scope.Scope | ActorSystem.ActorSystem>,
  options: Actor.BehaviourOptions = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 64 * 4096, blockBytes: 4096 }), 1)
    const gate = yield* Deferred.make<void>()
    const noted: Array<number> = []
    const blocks = () => usage(arena.buffer).usedBytes / 4096
    const live = Sink.toLayer(
      Effect.gen(function*() {
        const self = yield* Sink.self
        const taken = (samples: Held) => Effect.scoped(Effect.asVoid(Iso.scoped(samples)))
        return Sink.of({
          Take: ({ samples }) => taken(samples),
          Two: ({ one, other }) => Effect.andThen(taken(one), taken(other)),
          Many: ({ all }) => Effect.forEach(all, taken, { discard: true }),
          Deep: ({ box, by, or }) =>
            Effect.forEach(
              [
                ...Option.match(box, { onNone: () => [], onSome: ({ samples }) => [samples] }),
                ...or === "none" ? [] : [or.samples],
                ...Object.values(by)
              ],
              taken,
              { discard: true }
            ),
          Give: ({ samples }) => Effect.as(Effect.yieldNow, samples),
          Loop: ({ samples }) => Effect.orDie(self.tell.Again({ samples })),
          Again: ({ samples }) => taken(samples),
          Note: ({ n }) => Effect.sync(() => void noted.push(n)),
          Wait: () => Deferred.await(gate)
        })
      }),
      { shutdown: "brutalKill", ...options }
    ).pipe(Layer.provideMerge(ActorSystem.layer))
    yield* Effect.gen(function*() {
      const sink = yield* Sink.spawn("a")
      const samples = Effect.orDie(Iso.allocate(arena, Float64Array, 4))
      yield* test({ arena, blocks, gate, noted, samples, sink })
    }).pipe(Effect.scoped, Effect.provide(live))
    assert.strictEqual(blocks(), 0)
  }))

const refused = <A>(effect: Effect.Effect<A, { readonly _tag: string }>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

describe("an Iso that is in a message twice", () => {
  it.effect("is refused and stays its sender's, wherever the two places are", () =>
    withSink(Effect.fnUntraced(function*({ blocks, samples, sink }) {
      const one = yield* samples
      const messages = [
        sink.tell.Two({ one, other: one }),
        sink.tell.Many({ all: [yield* samples, one, one] }),
        sink.tell.Deep({ box: Option.some(new Box({ samples: one })), or: { _tag: "A", samples: one }, by: {} }),
        sink.tell.Deep({ box: Option.none(), or: "none", by: { a: one, b: one } })
      ]
      for (const tell of messages) assert.strictEqual(yield* refused(tell), "InvalidPayload")
      for (const ask of [sink.ask.Two({ one, other: one }), sink.ask.Many({ all: [one, one] })]) {
        assert.strictEqual(yield* refused(ask), "InvalidPayload")
      }
      assert.isTrue(one.isHeld)
      yield* sink.ask.Deep({
        box: Option.some(new Box({ samples: one })),
        or: { _tag: "A", samples: yield* samples },
        by: { a: yield* samples, ["__proto__"]: yield* samples }
      })
      assert.isFalse(one.isHeld)
      // One was made for the message with three.
      assert.strictEqual(blocks(), 1)
    })))

  it.effect("costs no other message its place in a full mailbox", () =>
    withSink(
      Effect.fnUntraced(function*({ gate, noted, samples, sink }) {
        yield* sink.tell.Wait()
        yield* settle
        for (const n of [1, 2]) yield* sink.tell.Note({ n })
        const one = yield* samples
        assert.strictEqual(yield* refused(sink.tell.Two({ one, other: one })), "InvalidPayload")
        yield* Deferred.done(gate, Exit.void)
        yield* settle
        assert.deepStrictEqual(noted, [1, 2])
      }),
      { mailbox: { capacity: 2, overflow: "dropOldest" } }
    ))
})

describe("a payload that does what it likes while it is looked at", () => {
  const attacks: Record<string, (on: On, samples: Held, spare: Held) => unknown> = {
    "sends it away meanwhile": ({ sink }, samples) => ({
      get samples() {
        sink.tellUnsafe.Take({ samples })
        return samples
      }
    }),
    "releases it meanwhile": (_, samples) => ({
      get samples() {
        if (samples.isHeld) Iso.release(samples)
        return samples
      }
    }),
    "is another one each time": (_, samples, spare) => {
      let looks = 0
      return {
        get samples() {
          return looks++ % 2 === 0 ? samples : spare
        }
      }
    },
    "throws": () => ({
      get samples() {
        throw new Error("no")
      }
    }),
    "is a proxy of one": (_, samples) => ({ samples: new Proxy(samples, {}) }),
    "is a proxy": (_, samples) => new Proxy({ samples }, {}),
    "has no prototype": (_, samples) => Object.assign(Object.create(null), { samples }),
    "is of another realm": (_, samples) => Object.assign(runInNewContext("({})") as object, { samples }),
    "is a copy of one": (_, samples) => ({
      samples: Object.assign(Object.create(Object.getPrototypeOf(samples)), samples)
    }),
    "is a structure like one": () => ({ samples: { value: new Float64Array(4), isHeld: true } }),
    "asks its own actor with it meanwhile": ({ sink }, samples) => ({
      get samples() {
        sink.askUnsafe.Take({ samples }, () => {
          throw new Error("no")
        })
        return samples
      }
    })
  }
  for (const [what, attack] of Object.entries(attacks)) {
    it.effect(what, () =>
      withSink(Effect.fnUntraced(function*(on) {
        const { samples, sink } = on
        for (const send of ["tell", "ask"] as const) {
          const payload = attack(on, yield* samples, yield* samples)
          yield* Effect.exit(Effect.suspend(() => sink[send].Take(payload as never)))
          yield* settle
          // The actor goes on.
          yield* sink.ask.Take({ samples: yield* samples })
        }
      })))
  }
})

describe("an Iso on ways that do not lead to a handler", () => {
  it.effect("is refused where a message cannot take it: groups, timers, streams of elements", () => {
    const made = (): unknown => Actor.make("A", [Rpc.make("Go", { success: Samples, stream: true })])
    assert.throws(made, /something moves with the stream/)
    const Clock = Actor.make("Clock", [Rpc.make("Tick", { payload: { samples: Samples } }), Rpc.make("Start")])
    return withSink(Effect.fnUntraced(function*({ samples, sink }) {
      const one = yield* samples
      const live = Clock.toLayer(Effect.gen(function*() {
        const timers = yield* Clock.timers
        return Clock.of({
          Tick: () => Effect.void,
          Start: () => timers.once.Tick("a", "1 second", { samples: one })
        })
      }))
      yield* Effect.gen(function*() {
        const clock = yield* Clock.spawn("a")
        assert.include(String(yield* Effect.exit(clock.ask.Start())), "a message that nothing moves with")
        const group = Sink.group("all")
        yield* group.join(sink)
        // The types do not have it.
        const publish = group.publish as unknown as { readonly Take?: (_: object) => Effect.Effect<unknown, unknown> }
        const published = yield* Effect.exit(Effect.suspend(() => publish.Take!({ samples: one })))
        assert.isTrue(Exit.isFailure(published))
      }).pipe(Effect.provide(live))
      assert.isTrue(one.isHeld)
    }))
  })

  it.effect("stays with who sends it to an actor that has ended, or over a channel that is closed or full", () =>
    withSink(Effect.fnUntraced(function*({ samples }) {
      const life = yield* Scope.make()
      const gone = yield* Scope.provide(Sink.spawn("gone"), life)
      yield* Scope.close(life, Exit.void)
      const one = yield* samples
      assert.strictEqual(yield* refused(gone.tell.Take({ samples: one })), "ActorStopped")
      assert.strictEqual(yield* refused(gone.ask.Take({ samples: one })), "ActorStopped")
      const channel = yield* SharedChannel.make(Samples, { kind: "spsc", capacity: 1, overflow: "fail" })
      yield* channel.sender.send(yield* samples)
      assert.strictEqual(yield* refused(channel.sender.send(one)), "ChannelFull")
      yield* channel.receiver.close
      assert.strictEqual(yield* refused(channel.sender.send(one)), "ChannelClosed")
      assert.isTrue(one.isHeld)
    })))

  it.effect("comes back to its own actor, also when that has no room for itself", () =>
    withSink(
      Effect.fnUntraced(function*({ samples, sink }) {
        yield* sink.tell.Loop({ samples: yield* samples })
        for (let n = 0; n < 4; n++) yield* Effect.exit(sink.ask.Loop({ samples: yield* samples }))
        const asks = yield* Effect.forEach(
          Array.from({ length: 6 }, (_, n) => n),
          () => Effect.forkChild(Effect.flatMap(samples, (one) => Effect.exit(sink.ask.Loop({ samples: one })))),
          {}
        )
        yield* Fiber.joinAll(asks)
        yield* settle
      }),
      { mailbox: { capacity: 1 } }
    ))

  it.effect("is nobody's for ever when those who ask are interrupted at any time, and their actors end", () =>
    withSink(
      Effect.fnUntraced(function*({ arena, sink }) {
        for (let seed = 0; seed < 60; seed++) {
          const next = seeded(seed)
          const life = yield* Scope.make()
          const other = yield* Scope.provide(Sink.spawn(`b${seed}`), life)
          const client = Effect.scoped(Effect.gen(function*() {
            const samples = yield* Iso.allocate(arena, Float64Array, 1)
            const to = next(2) === 0 ? sink : other
            const ask = next(2) === 0
              ? Effect.flatMap(to.ask.Give({ samples }), Iso.scoped)
              : Effect.andThen(to.tell.Loop({ samples }), to.ask.Note({ n: 0 }))
            yield* ask
          }))
          const fibers = yield* Effect.forEach(
            Array.from({ length: 8 }, (_, n) => n),
            () => Effect.forkChild(Effect.exit(client), { startImmediately: true })
          )
          for (const fiber of fibers) {
            for (let n = next(6); n > 0; n--) yield* Effect.yieldNow
            if (next(2) === 0) fiber.interruptUnsafe()
            if (next(12) === 0) yield* Effect.forkChild(Scope.close(life, Exit.void), { startImmediately: true })
          }
          yield* Effect.forEach(fibers, Fiber.await)
          yield* Scope.close(life, Exit.void)
        }
        yield* settle
        assert.strictEqual(usage(arena.buffer).usedBytes, 0)
      }),
      { mailbox: { capacity: 2 } }
    ), 30_000)
})

describe("an Iso in a log", () => {
  it.effect("is what it is, and not the memory that it lies in", () =>
    withSink(Effect.fnUntraced(function*({ samples, sink }) {
      const one = yield* samples
      assert.strictEqual(inspect({ one }), "{ one: Iso<Float64Array>(held) }")
      assert.strictEqual(JSON.stringify({ one }), `{"one":{"_id":"Iso<Float64Array>","state":"held"}}`)
      const refusal = yield* Effect.flip(sink.tell.Two({ one, other: one }))
      assert.isBelow(inspect(refusal, { depth: 20 }).length, 4000)
      const shared = Iso.share(one)
      assert.strictEqual(`${inspect(shared)} ${inspect(one)}`, "SharedParcel(held) Iso<Float64Array>(shared)")
      shared.release()
    })))
})

describe("a length that is none", () => {
  it.effect("is a defect, also where its bytes would be whole", () =>
    withSink(Effect.fnUntraced(function*({ arena }) {
      for (const length of [0, -1, 1.5, 0.125, NaN, Infinity, "2", null]) {
        const exit = yield* Effect.exit(Iso.allocate(arena, Float64Array, length as number))
        assert.include(String(exit), "InvalidSize", String(length))
      }
      assert.strictEqual((yield* Effect.flip(Iso.allocate(arena, Float64Array, 2 ** 40)))._tag, "ParcelTooLarge")
    })))
})

describe("a Val of what resists", () => {
  const Reader = Actor.make("Reader", [
    Rpc.make("Read", { payload: { table: Val.of(Schema.Unknown) } }),
    Rpc.make("Rows", { payload: { rows: Val.of(Schema.Array(Schema.Number)) } })
  ])
  const ReaderLive = TestSystem.layer(
    Reader.toLayer(Effect.succeed(Reader.of({ Read: () => Effect.void, Rows: () => Effect.void })))
  )

  it.effect("is frozen however long it is", () =>
    Effect.gen(function*() {
      const reader = yield* Reader.spawn("a")
      const rows = Array.from({ length: 300_000 }, (_, n) => n)
      yield* reader.ask.Rows({ rows })
      assert.isTrue(Object.isFrozen(rows))
    }).pipe(Effect.scoped, Effect.provide(ReaderLive)))

  it.effect("is its sender's defect where looking at it throws, and the actor goes on", () =>
    Effect.gen(function*() {
      const reader = yield* Reader.spawn("a")
      const throwing = new Proxy({}, {
        getPrototypeOf: () => {
          throw new Error("no")
        }
      })
      const circle: { self?: unknown } = {}
      circle.self = circle
      const tables: ReadonlyArray<unknown> = [
        throwing,
        circle,
        [throwing],
        Object.create(null),
        new (class extends Map<string, number> {})(),
        Object.freeze(new Map([["a", { n: 1 }]])),
        runInNewContext("new Map([[1, { n: 1 }]])"),
        new Float64Array(3),
        new Error("no", { cause: circle }),
        Promise.resolve(1),
        () => 1,
        Symbol("a"),
        new WeakMap(),
        Ref.make(1)
      ]
      for (const table of tables) {
        yield* Effect.exit(Effect.suspend(() => reader.tell.Read({ table })))
        yield* reader.ask.Rows({ rows: [1] })
      }
    }).pipe(Effect.scoped, Effect.provide(ReaderLive)))
})

describe("a Tag", () => {
  const Thing = Tag.of<object>("Thing")
  it.effect("of another system of this thread is opened, and of no other scope", () =>
    Effect.gen(function*() {
      const before = yield* Tag.kept
      const scope = yield* Scope.make()
      const tag = yield* Scope.provide(Tag.make(Thing, {}), scope)
      const forged = Object.assign(Object.create(Object.getPrototypeOf(tag)), { ...tag, number: 10 ** 9 })
      assert.strictEqual((yield* Effect.flip(Tag.open(forged as typeof tag)))._tag, "TagClosed")
      yield* Tag.open(tag)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(Tag.open(tag)))._tag, "TagClosed")
      assert.strictEqual(yield* Tag.kept, before)
    }))
})
