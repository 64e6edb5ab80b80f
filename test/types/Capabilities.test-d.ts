// What must not compile is stated here too; @effect-diagnostics floatingEffect:off missingEffectError:off
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type * as Scope from "effect/Scope"
import { Actor, ChannelThread, Iso, Parcel, type ParcelError, Ref, SharedChannel, Tag, Val } from "shared-nothing"
import type { ArenaEnd } from "shared-nothing/memory/Arena"
import { describe, expectTypeOf, it } from "vitest"

declare const arena: ArenaEnd

describe("Iso", () => {
  const Samples = Iso.of(Float64Array)
  type Samples = typeof Samples.Type

  it("is an array of the class it was made for", () => {
    expectTypeOf<Samples["value"]>().toEqualTypeOf<Float64Array<SharedArrayBuffer>>()
    expectTypeOf(Iso.allocate(arena, Float64Array, 8)).toEqualTypeOf<
      Effect.Effect<Samples, ParcelError.ArenaFull | ParcelError.ParcelTooLarge, Scope.Scope>
    >()
    // @ts-expect-error no typed array
    Iso.of(DataView)
    // @ts-expect-error of another class
    expectTypeOf<Iso.Iso<Uint8Array<SharedArrayBuffer>>>().toExtend<Samples>()
  })

  it("is of no use behind the line that gives it away", () => {
    const samples = {} as Samples
    expectTypeOf(samples.value.length).toEqualTypeOf<number>()
    Iso.moved(samples)
    // @ts-expect-error it was moved
    expectTypeOf(samples.value).toBeAny()
    const other = {} as Samples
    Iso.release(other)
    // @ts-expect-error it was released
    expectTypeOf(other.isHeld).toBeAny()
  })
})

describe("Val", () => {
  class Point extends Schema.Class<Point>("test/Point")({ x: Schema.Number }) {}
  const Table = Val.of(Schema.Struct({
    name: Schema.mutableKey(Schema.String),
    list: Schema.mutable(Schema.Array(Schema.mutable(Schema.Array(Schema.Number)))),
    map: Schema.ReadonlyMap(Schema.String, Schema.Struct({ at: Schema.Date })),
    bytes: Schema.Uint8Array,
    maybe: Schema.Option(Schema.String),
    point: Point
  }))
  type Table = typeof Table.Type

  it("is readonly all the way down", () => {
    const table = {} as Table
    // @ts-expect-error readonly
    table.name = "b"
    // @ts-expect-error readonly
    table.list.push([1])
    // @ts-expect-error readonly
    table.list[0]![0] = 1
    // @ts-expect-error readonly
    table.map.set("a", { at: new Date(0) })
    // @ts-expect-error readonly
    table.map.get("a")!.at.setTime(1)
    // @ts-expect-error readonly
    table.bytes[0] = 1
    // @ts-expect-error readonly
    table.bytes.fill(1)
    // @ts-expect-error readonly
    table.point.x = 1
    expectTypeOf(table.map.get("a")!.at.getTime()).toEqualTypeOf<number>()
    expectTypeOf(table.bytes[0]).toEqualTypeOf<number>()
    expectTypeOf(table.maybe).toEqualTypeOf<Option.Option<string>>()
  })

  it("is made of anything that fits", () => {
    const mutable: typeof Table["Type"] = {
      name: "a",
      list: [[1]],
      map: new Map([["a", { at: new Date(0) }]]),
      bytes: new Uint8Array(1),
      maybe: Option.none(),
      point: new Point({ x: 1 })
    }
    expectTypeOf(mutable).toEqualTypeOf<Table>()
    expectTypeOf<Val.Val<unknown>>().toEqualTypeOf<unknown>()
    expectTypeOf<Val.Val<string | undefined>>().toEqualTypeOf<string | undefined>()
    type Tree = { label: string; below: Array<Tree> } // @ts-expect-error readonly, however deep
    ;({} as Val.Val<Tree>).below[0]!.below[0]!.label = "x"
  })
})

describe("Tag", () => {
  it("names one kind of things, and is opened as that", () => {
    const Socket = Tag.of<{ readonly port: number }>("Socket")
    const File = Tag.of<{ readonly path: string }>("File")
    expectTypeOf<Effect.Success<ReturnType<typeof Tag.make<{ readonly port: number }>>>>().toEqualTypeOf<
      typeof Socket.Type
    >()
    expectTypeOf(Tag.open({} as typeof Socket.Type)).toEqualTypeOf<
      Effect.Effect<{ readonly port: number }, Tag.TagElsewhere | Tag.TagClosed>
    >()
    // @ts-expect-error of another kind
    expectTypeOf<typeof File.Type>().toExtend<typeof Socket.Type>()
    // @ts-expect-error a file is no socket
    Tag.make(Socket, { path: "/" } as { readonly path: string })
  })
})

describe("Ref", () => {
  const Cache = Ref.of<Map<string, number>>("a cache")

  it("is a part of values, and is changed where it is", () => {
    const Session = Schema.Struct({ user: Schema.String, cache: Cache })
    expectTypeOf<typeof Session.Type>().toEqualTypeOf<
      { readonly user: string; readonly cache: Ref.Ref<Map<string, number>> }
    >()
    expectTypeOf(Ref.make(1).value).toEqualTypeOf<number>()
  })

  it("does not compile in a protocol, at whatever depth", () => {
    interface Tree {
      readonly cache: Ref.Ref<Map<string, number>>
      readonly below: ReadonlyArray<Tree>
    }
    class Holder extends Schema.Class<Holder>("test/Holder")({ cache: Cache }) {}
    class Failed extends Schema.TaggedError<Failed>("test/Failed")("Failed", { cache: Cache }) {}
    const tree = Schema.Struct({
      cache: Cache,
      below: Schema.Array(
        Schema.suspend((): Schema.Codec<Tree, unknown, Ref.LivesOnOneThread, Ref.LivesOnOneThread> =>
          tree as unknown as Schema.Codec<Tree, unknown, Ref.LivesOnOneThread, Ref.LivesOnOneThread>
        )
      )
    })
    // @ts-expect-error a payload
    Actor.make("A", [Rpc.make("Go"), Rpc.make("Watch", { payload: { cache: Cache } })])
    // @ts-expect-error a success
    Actor.make("A", [Rpc.make("Watch", { success: Schema.Option(Schema.Array(Schema.Tuple([Cache]))) })])
    // @ts-expect-error an error
    Actor.make("A", [Rpc.make("Watch", { error: Failed })])
    // @ts-expect-error an element of a stream
    Actor.make("A", [Rpc.make("Watch", { success: Schema.Record(Schema.String, Cache), stream: true })])
    // @ts-expect-error a field of a class, in a union, in a map
    Actor.make("A", [
      Rpc.make("Watch", { payload: Schema.Union([Schema.Null, Schema.HashMap(Schema.String, Holder)]) })
    ])
    // @ts-expect-error in itself
    Actor.make("A", [Rpc.make("Watch", { payload: tree })])
    // @ts-expect-error in a key that may be missing, and immutable
    Actor.make("A", [
      Rpc.make("Watch", { payload: { all: Schema.optionalKey(Val.of(Schema.Struct({ cache: Cache }))) } })
    ])
    const transformed = Schema.String.pipe(
      Schema.decodeTo(Cache, SchemaTransformation.transform({ decode: () => Ref.make(new Map()), encode: () => "" }))
    )
    // @ts-expect-error behind a transformation
    Actor.make("A", [Rpc.make("Watch", { payload: { cache: transformed } })])
    // @ts-expect-error in a channel of a thread
    ChannelThread.sender(Schema.Struct({ cache: Cache }))
    // What names one, or holds none, may travel.
    Actor.make("A", [Rpc.make("Watch", { payload: { of: Tag.of<Ref.Ref<number>>("Cell"), on: Schema.Any } })])
  })

  it("says why", () => {
    const protocol = [Rpc.make("Go"), Rpc.make("Watch", { payload: { cache: Cache } })] as const
    expectTypeOf<keyof Actor.NoRefs<(typeof protocol)[number]>>().toEqualTypeOf<
      "the message Watch holds a Ref, which lives on one thread: send a Tag of it, or what is in it"
    >()
  })
})

describe("a payload", () => {
  const All = Actor.make("All", [
    Rpc.make("Iso", { payload: { it: Iso.of(Uint8Array) } }),
    Rpc.make("Val", { payload: { it: Val.of(Schema.Struct({ n: Schema.Number })) } }),
    Rpc.make("Tag", { payload: { it: Tag.of<string>("Text") } }),
    Rpc.make("Parcel", { payload: { it: Parcel.Unique } }),
    Rpc.make("End", { payload: { it: SharedChannel.Sender(Schema.Number) } })
  ])
  const all = {} as Actor.Ref<typeof All>

  it("is of the type of its schema", () => {
    all.tell.Val({ it: { n: 1 } })
    // @ts-expect-error no Iso
    all.tell.Iso({ it: 1 })
    // @ts-expect-error no such value
    all.tell.Val({ it: { n: "1" } })
    // @ts-expect-error no Tag
    all.tell.Tag({ it: "text" })
    // @ts-expect-error no parcel
    all.tell.Parcel({ it: 1 })
    // @ts-expect-error no end
    all.tell.End({ it: 1 })
  })
})
