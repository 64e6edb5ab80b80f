/** Unique memory, immutable values, handles and values of one thread, in messages to actors of one thread. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { inspect } from "node:util"
import { Actor, ActorSystem, Channel, Iso, Ref, Tag, ThreadArenas, ThreadVals, Val } from "shared-nothing"
import { TestSystem } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"

const Samples = Iso.of(Float64Array)

const Store = Actor.make("Store", [
  Rpc.make("Keep", { payload: { samples: Samples } }),
  Rpc.make("Double", { payload: { samples: Samples }, success: Samples }),
  Rpc.make("Wait")
])

const arenaOf = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 16 * 4096, blockBytes: 4096 }), 1)
  return { arena, blocks: () => usage(arena.buffer).usedBytes / 4096 }
})

const storeOf = (gate: Effect.Effect<void>, kept: Array<typeof Samples.Type>, options: Actor.BehaviourOptions = {}) =>
  Store.toLayer(
    Effect.succeed(Store.of({
      Keep: ({ samples }) => Effect.sync(() => void kept.push(samples)),
      Double: ({ samples }) =>
        Effect.sync(() => {
          for (let i = 0; i < samples.value.length; i++) samples.value[i]! *= 2
          return samples
        }),
      Wait: () => gate
    })),
    { shutdown: "brutalKill", ...options }
  ).pipe(Layer.provideMerge(ActorSystem.layer))

const happened = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return String(error)
  }
  return "nothing"
}

describe("an Iso", () => {
  it.effect("is its receiver's once it was taken, in place, and its sender's object is dead", () =>
    Effect.scoped(Effect.gen(function*() {
      const { arena, blocks } = yield* arenaOf
      const kept: Array<typeof Samples.Type> = []
      yield* Effect.gen(function*() {
        const store = yield* Store.spawn("a")
        const samples = yield* Iso.allocate(arena, Float64Array, 600)
        assert.strictEqual(samples.value.length, 600)
        samples.value.fill(1.5)
        const place = samples.value.byteOffset
        const back = yield* store.ask.Double({ samples })
        assert.isFalse(samples.isHeld)
        assert.match(happened(() => samples.value), /ParcelGone.*moved away/)
        const twice = yield* Effect.flip(store.tell.Keep({ samples }))
        assert.strictEqual(twice._tag, "InvalidPayload")
        assert.match(twice.message, /moved away/)
        assert.deepStrictEqual([back.value[599], back.value.byteOffset], [3, place])
        yield* store.ask.Keep({ samples: back })
        assert.deepStrictEqual(kept.map(({ isHeld }) => isHeld), [true])
        Iso.moved(samples)
        Iso.release(kept[0]!)
        assert.match(happened(() => Iso.release(kept[0]!)), /ParcelGone.*released/)
        assert.strictEqual(blocks(), 0)
      }).pipe(Effect.scoped, Effect.provide(storeOf(Effect.void, kept)))
    })))

  it.effect("that is refused stays its sender's, and what is dropped with an actor is the arena's again", () =>
    Effect.scoped(Effect.gen(function*() {
      const { arena, blocks } = yield* arenaOf
      const gate = yield* Deferred.make<void>()
      const kept: Array<typeof Samples.Type> = []
      const live = storeOf(Deferred.await(gate), kept, { mailbox: { capacity: 2, overflow: "fail" } })
      yield* Effect.gen(function*() {
        const scope = yield* Scope.make()
        const store = yield* Scope.provide(Store.spawn("a"), scope)
        yield* store.tell.Wait()
        const [taken, refused] = [
          yield* Iso.allocate(arena, Float64Array, 1),
          yield* Iso.allocate(arena, Float64Array, 1)
        ]
        yield* store.tell.Keep({ samples: taken })
        assert.strictEqual((yield* Effect.flip(store.tell.Keep({ samples: refused })))._tag, "MailboxFull")
        assert.deepStrictEqual([taken.isHeld, refused.isHeld, blocks()], [false, true, 2])
        assert.match(happened(() => Iso.moved(refused)), /ParcelHeld/)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(blocks(), 1)
        assert.strictEqual((yield* Effect.flip(store.tell.Keep({ samples: refused })))._tag, "ActorStopped")
        assert.isTrue(refused.isHeld)
        assert.deepStrictEqual(kept, [])
      }).pipe(Effect.scoped, Effect.provide(live))
      assert.strictEqual(blocks(), 0)
    })))

  it.effect("is released with the scope that it was made in, or taken into, unless it has been given away", () =>
    Effect.scoped(Effect.gen(function*() {
      const { arena, blocks } = yield* arenaOf
      const kept: Array<typeof Samples.Type> = []
      yield* Effect.gen(function*() {
        const store = yield* Store.spawn("a")
        const [sent, own] = yield* Effect.scoped(Effect.gen(function*() {
          const made = [
            yield* Iso.allocate(arena, Float64Array, 1),
            yield* Iso.allocate(arena, Float64Array, 1)
          ] as const
          yield* store.ask.Keep({ samples: made[0] })
          return made
        }))
        assert.deepStrictEqual([sent.isHeld, own.isHeld, kept[0]!.isHeld, blocks()], [false, false, true, 1])
        yield* Effect.scoped(Iso.scoped(kept[0]!))
        assert.strictEqual(blocks(), 0)
        const shared = Iso.share(yield* Iso.allocate(arena, Float64Array, 2))
        assert.strictEqual(shared.bytes.length, 16)
        shared.release()
      }).pipe(Effect.scoped, Effect.provide(storeOf(Effect.void, kept)))
      assert.strictEqual(blocks(), 0)
    })))

  it.effect("of another class is refused, and has another layout", () =>
    Effect.scoped(Effect.gen(function*() {
      const { arena } = yield* arenaOf
      const other = yield* Iso.allocate(arena, Uint8Array, 8)
      yield* Effect.gen(function*() {
        const store = yield* Store.spawn("a")
        const error = yield* Effect.flip(store.tell.Keep({ samples: other as never }))
        assert.match(error.message, /an Iso of a Float64Array/)
        assert.isTrue(other.isHeld)
      }).pipe(Effect.scoped, Effect.provide(storeOf(Effect.void, [])))
      const Bytes = Actor.make("Store", [Rpc.make("Keep", { payload: { samples: Iso.of(Uint8Array) } })])
      const Doubles = Actor.make("Store", [Rpc.make("Keep", { payload: { samples: Samples } })])
      assert.notStrictEqual(Bytes.protocol.layoutHash, Doubles.protocol.layoutHash)
      assert.strictEqual(Doubles.protocol.messages[0]!.payload.fixedBytes, 16)
    })))
})

class Point extends Schema.Class<Point>("test/Point")({ x: Schema.mutableKey(Schema.Number) }) {}

const Table = Schema.Struct({
  rows: Schema.Array(Schema.Struct({ n: Schema.Number })),
  days: Schema.ReadonlyMap(Schema.String, Schema.Date),
  names: Schema.ReadonlySet(Schema.String),
  point: Point,
  maybe: Schema.Option(Schema.Struct({ n: Schema.Number })),
  bytes: Schema.Uint8Array
})

const Reader = Actor.make("Reader", [
  Rpc.make("Read", { payload: { table: Val.of(Table), open: Schema.Struct({ n: Schema.Number }) } }),
  Rpc.make("Defaulted", {
    payload: {
      table: Val.of(Table),
      times: Schema.Number.pipe(Schema.withDecodingDefaultKey(Effect.succeed(1)))
    }
  }),
  Rpc.make("Give", { success: Val.of(Schema.Array(Schema.Number)) }),
  Rpc.make("Rows", { success: Val.of(Schema.Array(Schema.Number)), stream: true })
])

const readerOf = (got: Array<any>) =>
  Reader.toLayer(Effect.succeed(Reader.of({
    Read: (payload) => Effect.sync(() => void got.push(payload)),
    Defaulted: (payload) => Effect.sync(() => void got.push(payload)),
    Give: () => Effect.succeed([1, 2]),
    Rows: () => Stream.make([1], [2])
  })))

const tableOf = () => ({
  rows: [{ n: 1 }],
  days: new Map([["a", new Date(0)]]),
  names: new Set(["a"]),
  point: new Point({ x: 1 }),
  maybe: Option.some({ n: 1 }),
  bytes: new Uint8Array([1])
})

/** Each way to change a table, and what has become of it. */
const changes = (table: any): ReadonlyArray<string> => [
  happened(() => (table.rows = [])),
  happened(() => table.rows.push({ n: 2 })),
  happened(() => (table.rows[0].n = 2)),
  happened(() => table.days.set("b", new Date(0))),
  happened(() => table.days.get("a").setTime(5)),
  happened(() => table.names.clear()),
  happened(() => (table.names.extra = 1)),
  happened(() => (table.point.x = 2))
]

describe("a Val", () => {
  it.effect("is the value itself within a thread, and is not frozen unless somebody asks for that", () => {
    const got: Array<any> = []
    return Effect.gen(function*() {
      const reader = yield* Reader.spawn("a")
      const [table, open] = [tableOf(), { n: 1 }]
      yield* reader.ask.Read({ table, open })
      assert.strictEqual(got[0].table, table)
      assert.deepStrictEqual(changes(table), changes(table).map(() => "nothing"))
      assert.isFalse(Object.isFrozen(yield* reader.ask.Give()))
    }).pipe(Effect.scoped, Effect.provide(readerOf(got).pipe(Layer.provideMerge(ActorSystem.layer))))
  })

  it.effect("is frozen with all that is in it once it was sent, and nothing beside it is", () => {
    const got: Array<any> = []
    return Effect.gen(function*() {
      const reader = yield* Reader.spawn("a")
      const [table, open] = [tableOf(), { n: 1 }]
      yield* reader.ask.Read({ table, open })
      assert.strictEqual(got[0].table, table)
      for (const change of changes(table)) assert.match(change, /^TypeError: /)
      assert.match(happened(() => table.names.clear()), /clear: a Val is immutable, and frozen on this thread/)
      assert.match(happened(() => table.days.get("a")!.setTime(5)), /setTime: a Val is immutable/)
      assert.strictEqual(table.days.get("a")!.getTime(), 0)
      open.n = 2
      // Bytes are as they are: only the types say that they are readonly.
      table.bytes[0] = 2
      yield* reader.tell.Read({ table, open })
    }).pipe(Effect.scoped, Effect.provide(TestSystem.layer(readerOf(got))))
  })

  it.effect("is frozen in what its schema transforms, in replies, in elements of streams and in channels", () => {
    const got: Array<any> = []
    return Effect.gen(function*() {
      const reader = yield* Reader.spawn("a")
      const table = tableOf()
      yield* reader.ask.Defaulted({ table, times: 2 })
      for (const change of changes(table)) assert.match(change, /^TypeError: /)
      const given = yield* reader.ask.Give()
      assert.match(happened(() => (given as Array<number>).push(3)), /^TypeError: /)
      for (const row of yield* Stream.runCollect(reader.ask.Rows())) assert.isTrue(Object.isFrozen(row))
      const channel = yield* Channel.make(Val.of(Schema.Array(Schema.Number)), { capacity: 4 })
      const numbers = [1]
      yield* channel.sender.send(numbers)
      assert.strictEqual(yield* channel.receiver.receive, numbers)
      assert.isTrue(Object.isFrozen(numbers))
    }).pipe(Effect.scoped, Effect.provide(TestSystem.layer(readerOf(got))))
  })

  it.effect("is frozen as long as one of those who ask for it is there", () =>
    Effect.gen(function*() {
      const reader = yield* Reader.spawn("a")
      const isFrozen = Effect.map(reader.ask.Give(), Object.isFrozen)
      const twice = Effect.scoped(Effect.gen(function*() {
        yield* ThreadVals.freeze
        yield* Effect.scoped(ThreadVals.freeze)
        return yield* isFrozen
      }))
      assert.deepStrictEqual([yield* isFrozen, yield* twice, yield* isFrozen], [false, true, false])
    }).pipe(Effect.scoped, Effect.provide(readerOf([]).pipe(Layer.provideMerge(ActorSystem.layer)))))

  it.effect("that does not fit is refused as by its schema, with the place", () =>
    Effect.gen(function*() {
      const reader = yield* Reader.spawn("a")
      const table = { ...tableOf(), rows: [{ n: "1" }] } as never
      const error = yield* Effect.flip(reader.tell.Read({ table, open: { n: 1 } }))
      assert.match(error.message, /\["table"\]\["rows"\]\[0\]\["n"\]/)
    }).pipe(Effect.scoped, Effect.provide(TestSystem.layer(readerOf([])))))

  it("cannot hold what is in one hand only", () => {
    assert.match(
      happened(() => Actor.make("A", [Rpc.make("Go", { payload: { all: Val.of(Schema.Array(Samples)) } })])),
      /InvalidProtocol.*payload of A.Go.*value.all.*a Val may be in many hands/s
    )
  })

  it("is laid out as the schema that it is made of", () => {
    const of = (table: typeof Table | Val.Of<typeof Table>) =>
      Actor.make("A", [Rpc.make("Go", { payload: { table: table as typeof Table } })]).protocol.layoutHash
    assert.strictEqual(of(Val.of(Table)), of(Table))
  })
})

class Socket {
  readonly sent: Array<string> = []
}

const SocketTag = Tag.of<Socket>("Socket")

const Gate = Actor.make("Gate", [
  Rpc.make("Open", { success: SocketTag }),
  Rpc.make("Send", {
    payload: { on: SocketTag, text: Schema.String },
    error: Schema.Union([Tag.TagElsewhere, Tag.TagClosed])
  }),
  Rpc.make("Close")
])

const GateLive = Gate.toLayer(Effect.gen(function*() {
  const scope = yield* Scope.fork(yield* Effect.scope)
  return Gate.of({
    Open: () => Scope.provide(Tag.make(SocketTag, new Socket()), scope),
    Send: ({ on, text }) => Effect.map(Tag.open(on), ({ sent }) => void sent.push(text)),
    Close: () => Scope.close(scope, Exit.void)
  })
}))

describe("a Tag", () => {
  it.effect("travels, comes back, is compared, and is opened until what it names is let go", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.spawn("a")
      const before = yield* Tag.kept
      const [one, two] = [yield* gate.ask.Open(), yield* gate.ask.Open()]
      assert.isTrue(Equal.equals(one, one))
      assert.isFalse(Equal.equals(one, two))
      assert.match(inspect(one), /^Tag\(Socket\/\d+\)$/)
      yield* gate.ask.Send({ on: one, text: "hello" })
      assert.deepStrictEqual((yield* Tag.open(one)).sent, ["hello"])
      assert.strictEqual(yield* Tag.kept, before + 2)
      yield* gate.ask.Close()
      assert.strictEqual(yield* Tag.kept, before)
      const closed = yield* Effect.flip(gate.ask.Send({ on: one, text: "again" }))
      assert.strictEqual(closed._tag, "TagClosed")
      assert.match(closed.message, /the Socket of this tag is not kept any more/)
    }).pipe(Effect.scoped, Effect.provide(GateLive.pipe(Layer.provideMerge(ActorSystem.layer)))))

  it.effect("of another kind is refused", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.spawn("a")
      const other = yield* Tag.make(Tag.of<Socket>("Socket"), new Socket())
      const error = yield* Effect.flip(gate.tell.Send({ on: other, text: "hello" }))
      assert.match(error.message, /a Tag of a Socket/)
      assert.strictEqual(error._tag, "InvalidPayload")
    }).pipe(Effect.scoped, Effect.provide(GateLive.pipe(Layer.provideMerge(ActorSystem.layer)))))
})

describe("a Ref", () => {
  it("is refused by name where a cast has hidden it from the compiler", () => {
    const hidden = Ref.of<Map<string, number>>("a cache") as unknown as Schema.Codec<number>
    const protocol = () =>
      Actor.make("A", [Rpc.make("Go", { payload: { all: Schema.Array(Schema.Struct({ hidden })) } })])
    assert.match(
      happened(protocol),
      /InvalidProtocol.*payload of A.Go.*value.all\[\].hidden.*it is a Ref \(a cache\), which lives on one thread/s
    )
    const given = () => Actor.make("A", [Rpc.make("Go", { success: Val.of(Schema.NullOr(hidden)) })])
    assert.match(happened(given), /success of A.Go.*it is a Ref/s)
  })

  it.effect("makes a message invalid that takes anything", () => {
    const Any = Actor.make("Any", [Rpc.make("Go", { payload: { what: Schema.Unknown } })])
    return Effect.gen(function*() {
      const any = yield* Any.spawn("a")
      const error = yield* Effect.flip(any.tell.Go({ what: [Ref.make(1)] }))
      assert.strictEqual(error._tag, "InvalidPayload")
    }).pipe(
      Effect.scoped,
      Effect.provide(TestSystem.layer(Any.toLayer(Effect.succeed(Any.of({ Go: () => Effect.void })))))
    )
  })
})
