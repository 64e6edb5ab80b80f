/** Where two definitions of one protocol part. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, type ActorError, ActorSystem } from "shared-nothing"
import * as Layouts from "../../src/actor/kernel/Layouts.ts"

const add = Rpc.make("Add", {
  payload: { by: Schema.Number, to: Schema.Struct({ name: Schema.String, at: Schema.Date }) }
})
const get = Rpc.make("Get", { success: Schema.Number, error: Schema.String })

const between = (ours: ReadonlyArray<Rpc.Any>, theirs: ReadonlyArray<Rpc.Any>) => {
  const [here, there] = [ours, theirs].map((rpcs) => Layouts.of(Actor.make("A", rpcs).protocol)) as [
    Layouts.Layout,
    Layouts.Layout
  ]
  return Layouts.mismatch("A/a", here, there).differs
}

describe("what differs between two layouts of a protocol", () => {
  it("is a field of a payload, however deep", () => {
    const other = Rpc.make("Add", {
      payload: { by: Schema.Number, to: Schema.Struct({ name: Schema.Boolean, at: Schema.Date }) }
    })
    assert.deepStrictEqual(between([get, add], [get, other]), {
      message: "Add",
      part: "payload",
      here: "name:text",
      there: "name:(false|true)"
    })
  })

  it("is a field that one of them does not have", () => {
    const other = Rpc.make("Add", { payload: { by: Schema.Number } })
    const differs = between([add], [other])
    assert.deepStrictEqual([differs?.message, differs?.part], ["Add", "payload"])
    assert.match(differs!.here, /^to:/)
    assert.strictEqual(differs!.there, "nothing")
  })

  it("is a success, an error, or that the answer is a stream", () => {
    const texts = Rpc.make("Get", { success: Schema.String, error: Schema.String })
    const failing = Rpc.make("Get", { success: Schema.Number, error: Schema.Number })
    const stream = Rpc.make("Get", { success: Schema.Number, error: Schema.String, stream: true })
    assert.deepStrictEqual(between([get], [texts]), { message: "Get", part: "success", here: "f64", there: "text" })
    assert.deepStrictEqual(between([get], [failing]), { message: "Get", part: "error", here: "text", there: "f64" })
    assert.strictEqual(between([get], [stream])?.part, "success")
    assert.match(between([get], [stream])!.there, /^stream of /)
  })

  it("is a message in another place, or in none", () => {
    assert.deepStrictEqual(between([get, add], [add, get]), {
      message: "message 1",
      part: "place",
      here: "Get",
      there: "Add"
    })
    assert.deepStrictEqual(between([get], [get, add]), {
      message: "message 2",
      part: "place",
      here: "nothing",
      there: "Add"
    })
    assert.strictEqual(between([get, add], [get, add]), undefined)
  })

  it.effect("is named by a spawn, and by who asks for the actors of keys", () => {
    const here = Actor.make("Store", [get])
    const there = Actor.make("Store", [Rpc.make("Get", { success: Schema.String, error: Schema.String })])
    const live = there.toLayer(Effect.succeed(there.of({ Get: () => Effect.succeed("") })))
    const text = (
      error: ActorError.KeyedError | ActorError.SpawnError
    ) => [error._tag, error.message, "layouts" in error]
    return Effect.gen(function*() {
      const expected = (actor: string) => [
        "LayoutMismatch",
        `${actor} is defined otherwise on the other thread: the success of Get is f64 here and text there; both must load the same protocol`,
        false
      ]
      assert.deepStrictEqual(text(yield* Effect.flip(here.spawn("a"))), expected("Store/a"))
      assert.deepStrictEqual(text(yield* Effect.flip(here.supervised("a"))), expected("Store/a"))
      assert.deepStrictEqual(text(yield* Effect.flip(here.keyed())), expected("Store"))
      yield* there.keyed()
      assert.deepStrictEqual(text(yield* Effect.flip(here.keyed())), expected("Store"))
    }).pipe(Effect.scoped, Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer))))
  })
})
