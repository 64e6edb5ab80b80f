// What must not compile is stated here too; @effect-diagnostics floatingEffect:off missingEffectError:off
import type * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"
import { describe, expectTypeOf, it } from "vitest"

class Full extends Schema.TaggedError<Full>("app/Full")("Full", { limit: Schema.Int }) {}
class Gone extends Schema.TaggedError<Gone>("app/Gone")("Gone", {}) {}

const Prices = Actor.make("Prices", [
  Rpc.make("Price", { payload: { item: Schema.String, cents: Schema.Int } }),
  Rpc.make("Closed"),
  Rpc.make("Reserve", { payload: { item: Schema.String }, success: Schema.Int, error: Full })
])

const Buyer = Actor.make("Buyer", [
  Rpc.make("Heard", { payload: { text: Schema.String } }),
  Rpc.make("NoMore"),
  Rpc.make("Take", { payload: { item: Schema.String }, success: Schema.Int, error: Full }),
  Rpc.make("Give", { payload: { item: Schema.String }, success: Schema.Int }),
  Rpc.make("Lose", { payload: { item: Schema.String }, success: Schema.Int, error: Gone }),
  Rpc.make("Count", { success: Schema.Int }),
  Rpc.make("Follow", { success: Schema.Int, stream: true })
])

const Streamed = Actor.make("Streamed", [Rpc.make("All", { success: Schema.Int, stream: true })])

declare const adapter: Effect.Success<typeof Buyer.adapter>

const Price = { Heard: () => ({ text: "" }) } as const
const Closed = "NoMore"
const Reserve = { Take: ({ item }: { readonly item: string }) => ({ item }) } as const

describe("an adapter", () => {
  it("is a reference of the other protocol, whose messages are given to the mapping", () => {
    const made = adapter(Prices, {
      Price: {
        Heard: (price) => {
          expectTypeOf(price).toEqualTypeOf<{ readonly item: string; readonly cents: number }>()
          return { text: price.item }
        }
      },
      Closed: "NoMore",
      Reserve: { Take: ({ item }) => ({ item }) }
    })
    expectTypeOf<Effect.Success<typeof made>>().toEqualTypeOf<Actor.Ref<typeof Prices>>()
    expectTypeOf<Effect.Error<typeof made>>().toBeNever()
    expectTypeOf<Effect.Services<typeof made>>().toBeNever()
  })

  it("may answer with fewer errors, and with no other reply or error", () => {
    adapter(Prices, { Price, Closed, Reserve: { Give: ({ item }) => ({ item }) } })
    // @ts-expect-error it fails with what the message does not declare
    adapter(Prices, { Price, Closed, Reserve: { Lose: ({ item }) => ({ item }) } })
    // @ts-expect-error it answers nothing
    adapter(Prices, { Price, Closed, Reserve: { Heard: () => ({ text: "" }) } })
    // @ts-expect-error it answers with a number
    adapter(Prices, { Price, Closed: "Count", Reserve })
    // @ts-expect-error it answers with a stream
    adapter(Prices, { Price, Closed: "Follow", Reserve })
  })

  it("refuses a mapping that leaves a message out, or makes what the actor does not have", () => {
    // @ts-expect-error Closed is missing
    adapter(Prices, { Price, Reserve })
    // @ts-expect-error there is no such message
    adapter(Prices, { Price, Closed: "Nothing", Reserve })
    // @ts-expect-error the payload is a text
    adapter(Prices, { Price: { Heard: () => ({ text: 1 }) }, Closed, Reserve })
    // @ts-expect-error one message, and not two
    adapter(Prices, { Price: { Heard: () => ({ text: "" }), Give: () => ({ item: "" }) }, Closed, Reserve })
    // @ts-expect-error what has a payload says what that is
    adapter(Prices, { Price: "Heard", Closed, Reserve })
  })

  it("is none of a protocol with streams", () => {
    // @ts-expect-error All is answered with a stream
    adapter(Streamed, { All: "NoMore" })
  })
})
