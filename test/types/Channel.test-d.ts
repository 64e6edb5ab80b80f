// What must not compile is stated here too; @effect-diagnostics floatingEffect:off missingEffectError:off
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Channel, type ChannelError } from "shared-nothing"
import { describe, expectTypeOf, it } from "vitest"

declare const numbers: Channel.Receiver<number>
declare const texts: Channel.Receiver<string>
declare const sender: Channel.Sender<number>

class Broken extends Schema.TaggedError<Broken>("app/Broken")("Broken", {}) {}

describe("Channel.make", () => {
  it("makes a channel of the schema's type, within a scope, without a typed failure", () => {
    const made = Channel.make(Schema.DateFromString)
    expectTypeOf<typeof made>().toEqualTypeOf<Effect.Effect<Channel.Channel<Date>, never, Scope.Scope>>()
  })
})

describe("Sender", () => {
  it("gives the value back in every error", () => {
    type Failed = Effect.Error<ReturnType<typeof sender.send>>
    expectTypeOf<Failed["undelivered"]>().toEqualTypeOf<number>()
    expectTypeOf<Failed["_tag"]>().toEqualTypeOf<
      "ChannelClosed" | "ChannelFull" | "InvalidPayload" | "MessageTooLarge" | "EndMoved"
    >()
  })

  it("gives the rest back of many values", () => {
    type Failed = Effect.Error<ReturnType<typeof sender.sendAll>>
    expectTypeOf<Failed["undelivered"]>().toExtend<ReadonlyArray<number>>()
  })

  it("fails with a timeout only where there is one", () => {
    expectTypeOf<Effect.Error<ReturnType<typeof sender.sendWithin>>["_tag"]>().toEqualTypeOf<
      "SendTimeout" | "ChannelClosed" | "ChannelFull" | "InvalidPayload" | "MessageTooLarge" | "EndMoved"
    >()
  })

  it("fails with the error of the stream that it sends", () => {
    const sending = sender.sendStream(Stream.fail(new Broken()))
    expectTypeOf<Broken>().toExtend<Effect.Error<typeof sending>>()
    expectTypeOf<Effect.Services<typeof sending>>().toEqualTypeOf<never>()
  })

  it("takes nothing else", () => {
    // @ts-expect-error a text is no number
    sender.send("one")
    // @ts-expect-error a sender of numbers does not send every value
    sender satisfies Channel.Sender<unknown>
  })
})

describe("Receiver", () => {
  it("receives what the schema says", () => {
    expectTypeOf(numbers.receive).toEqualTypeOf<Effect.Effect<number, ChannelError.ReceiveError>>()
    expectTypeOf(numbers.tryReceive).toEqualTypeOf<Effect.Effect<Option.Option<number>, ChannelError.ReceiveError>>()
    expectTypeOf(numbers.stream).toEqualTypeOf<Stream.Stream<number, ChannelError.ReceiveFailure>>()
  })

  it("is covariant", () => {
    expectTypeOf(numbers).toExtend<Channel.Receiver<unknown>>()
    expectTypeOf(numbers).not.toExtend<Channel.Receiver<string>>()
  })
})

describe("select", () => {
  it("tells the branches apart by their names", () => {
    const selecting = Channel.select({ numbers, texts })
    type Selected = Effect.Success<typeof selecting>
    expectTypeOf<Selected>().toEqualTypeOf<
      | { readonly from: "numbers"; readonly message: number }
      | { readonly from: "texts"; readonly message: string }
    >()
    expectTypeOf<Effect.Error<typeof selecting>>().toEqualTypeOf<ChannelError.ReceiveError>()
  })

  it("never ends without branches", () => {
    const selecting = Channel.select({})
    expectTypeOf<Effect.Success<typeof selecting>>().toEqualTypeOf<never>()
  })

  it("takes receivers only", () => {
    // @ts-expect-error a sender has nothing to receive
    Channel.select({ sender })
  })
})

describe("merge", () => {
  it("is a stream of what the receivers have in common", () => {
    expectTypeOf(Channel.merge([numbers, numbers])).toEqualTypeOf<
      Stream.Stream<number, ChannelError.ReceiveFailure>
    >()
    expectTypeOf(Channel.merge<number | string>([numbers, texts])).toEqualTypeOf<
      Stream.Stream<number | string, ChannelError.ReceiveFailure>
    >()
  })
})
