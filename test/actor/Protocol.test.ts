import { assert, describe, it } from "@effect/vitest"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"
import { InvalidProtocol } from "../../src/actor/ActorError.ts"

const refused = (define: () => unknown): InvalidProtocol => {
  try {
    define()
  } catch (error) {
    assert.instanceOf(error, InvalidProtocol)
    return error
  }
  return assert.fail("the definition was accepted")
}

describe("Actor.make", () => {
  it("numbers messages in the order of the definition and names their spans", () => {
    const { protocol } = Actor.make("A", [Rpc.make("One"), Rpc.make("Two")])
    assert.deepStrictEqual(protocol.tags, ["One", "Two"])
    assert.deepStrictEqual(protocol.messages.map(({ index, spanName }) => [index, spanName]), [
      [0, "A.One"],
      [1, "A.Two"]
    ])
  })

  it("refuses two messages of one tag and names it", () => {
    const error = refused(() => Actor.make("Twice", [Rpc.make("Same"), Rpc.make("Other"), Rpc.make("Same")]))
    assert.include(error.message, "Twice")
    assert.include(error.message, "Same")
  })

  it("refuses an empty name and a name with a slash", () => {
    for (const name of ["", "a/b", "/"]) {
      assert.include(refused(() => Actor.make(name, [Rpc.make("One")])).message, JSON.stringify(name))
    }
  })

  it("refuses a schema that has no encoding and names the message and the part", () => {
    const Opaque = Schema.declare((u): u is WeakMap<object, unknown> => u instanceof WeakMap)
    for (
      const [part, rpc] of [
        ["payload", Rpc.make("Bad", { payload: { it: Opaque } })],
        ["success", Rpc.make("Bad", { success: Opaque })],
        ["error", Rpc.make("Bad", { error: Opaque })]
      ] as const
    ) {
      const error = refused(() => Actor.make("Opaque", [rpc]))
      assert.include(error.message, "Opaque.Bad")
      assert.include(error.message, part)
    }
  })

  it("takes 256 messages and refuses one more", () => {
    const messages = Array.from({ length: 257 }, (_, i) => Rpc.make(`M${i}`))
    assert.strictEqual(Actor.make("Many", messages.slice(0, 256)).protocol.messages.length, 256)
    assert.include(refused(() => Actor.make("Many", messages)).message, "257")
  })

  it("has a layout that depends on name, tags, order and schemas, and on nothing else", () => {
    const one = Rpc.make("One", { payload: { n: Schema.Int } })
    const two = Rpc.make("Two", { success: Schema.String })
    const layout = (name: string, ...rpcs: ReadonlyArray<Rpc.Any>) => Actor.make(name, rpcs).protocol.layoutHash
    assert.strictEqual(layout("A", one, two), layout("A", Rpc.make("One", { payload: { n: Schema.Int } }), two))
    const others = [
      layout("B", one, two),
      layout("A", two, one),
      layout("A", one),
      layout("A", Rpc.make("One", { payload: { n: Schema.String } }), two),
      layout("A", Rpc.make("One", { payload: { m: Schema.Int } }), two),
      layout("A", one, Rpc.make("Two", { success: Schema.Int })),
      layout("A", one, Rpc.make("Two", { success: Schema.String, error: Schema.String })),
      layout("A", one, Rpc.make("Two", { success: Schema.String, stream: true }))
    ]
    assert.strictEqual(new Set([layout("A", one, two), ...others]).size, others.length + 1)
  })
})
