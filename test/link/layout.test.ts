/** A thread that has come back with another build: what it is sent by who has the old one is refused, and says where the two part. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorError } from "shared-nothing"
import { REFUSED } from "../../src/actor/kernel/Recipient.ts"
import { accounts, stage, ZERO } from "./stage.ts"

const New = Actor.make("Till", [
  Rpc.make("Pay", { payload: { amount: Schema.Number }, success: Schema.Number }),
  Rpc.make("Close")
])
const Old = Actor.make("Till", [
  Rpc.make("Pay", { payload: { amount: Schema.String }, success: Schema.Number }),
  Rpc.make("Close")
])
const NewLive = New.toLayer(
  Effect.succeed(New.of({ Pay: ({ amount }) => Effect.succeed(amount), Close: () => Effect.void }))
)

// More than a record beside the messages can say.
const fields = (schema: Schema.Codec<unknown>) =>
  Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`a field with a long name, number ${i}`, schema]))
const NewWide = Actor.make("Wide", [Rpc.make("Take", { payload: fields(Schema.Number) })])
const OldWide = Actor.make("Wide", [Rpc.make("Take", { payload: fields(Schema.String) })])
const WideLive = NewWide.toLayer(Effect.succeed(NewWide.of({ Take: () => Effect.void })))

const failureOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  const [reason] = Exit.isFailure(exit) ? exit.cause.reasons : []
  return reason?._tag === "Fail" ? reason.error : undefined
}

describe("an actor whose messages are laid out otherwise on its thread", () => {
  it.effect("refuses what it is sent, told or asked, and says which message differs", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* stage({ behaviours: NewLive })
      const { cell } = yield* on.spawn(1, New.protocol, "a")
      const address = { ...on.nodes[1]!.addressOf(cell), layoutHash: Old.protocol.layoutHash }
      const far = on.nodes[0]!.remote(address, Old.protocol)
      const exits: Array<Exit.Exit<unknown, unknown>> = []
      far.askUnsafe(0, { amount: "1" }, Infinity, (exit) => void exits.push(exit))
      far.tell(1, undefined, undefined)
      on.steps.settle()
      assert.strictEqual(far.tell(1, undefined, undefined), REFUSED)
      for (const error of [far.refusal(1, undefined), failureOf(exits[0]!)]) {
        assert.instanceOf(error, ActorError.LayoutMismatch)
        assert.deepStrictEqual(error.differs, {
          message: "Pay",
          part: "payload",
          here: "amount:text",
          there: "amount:f64"
        })
        assert.deepInclude(error, {
          actor: "Till/a",
          here: Old.protocol.layoutHash,
          there: New.protocol.layoutHash
        })
        assert.include(error.message, "the payload of Pay is amount:text here and amount:f64 there")
      }
      on.steps.settle()
      assert.deepStrictEqual(on.errors, [])
      for (const node of on.nodes) assert.deepStrictEqual(accounts(node), ZERO)
    })))

  it.effect("says that it differs where it has too much to say to tell in what", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* stage({ behaviours: WideLive, ringBytes: 1 << 20 })
      const { cell } = yield* on.spawn(1, NewWide.protocol, "a")
      const address = { ...on.nodes[1]!.addressOf(cell), layoutHash: OldWide.protocol.layoutHash }
      const far = on.nodes[0]!.remote(address, OldWide.protocol)
      const payload = Object.fromEntries(Object.keys(fields(Schema.String)).map((name) => [name, "x"]))
      far.tell(0, payload, undefined)
      on.steps.settle()
      assert.strictEqual(far.tell(0, payload, undefined), REFUSED)
      const error = far.refusal(0, payload)
      assert.instanceOf(error, ActorError.LayoutMismatch)
      assert.isUndefined(error.differs)
      on.steps.settle()
      assert.deepStrictEqual(on.errors, [])
      for (const node of on.nodes) assert.deepStrictEqual(accounts(node), ZERO)
    })))
})
