// What must not compile is stated here too; @effect-diagnostics floatingEffect:off missingEffectError:off
/** References to pools: what one ask or tell may say beside its payload, and that they are references to actors wherever these are asked for. */
import type * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, type ActorRef, Pool } from "shared-nothing"
import { describe, expectTypeOf, it } from "vitest"

const Hashing = Actor.make("Hashing", [
  Rpc.make("Warm"),
  Rpc.make("Sha256", { payload: { text: Schema.String }, success: Schema.String }),
  Rpc.make("Rows", { payload: { text: Schema.String }, success: Schema.String, stream: true })
])
type Rpcs = typeof Hashing extends Actor.Actor<string, infer R> ? R : never
declare const pool: Pool.Ref<typeof Hashing>
declare const actor: Actor.Ref<typeof Hashing>

describe("a reference to a pool", () => {
  it("takes a key and a priority of one message", () => {
    expectTypeOf(pool.ask.Sha256({ text: "" }, { key: "a", priority: "high", timeout: "1 second" })).toEqualTypeOf(
      actor.ask.Sha256({ text: "" })
    )
    expectTypeOf(pool.tell.Sha256({ text: "" }, { key: "a", priority: "low" })).toEqualTypeOf(
      actor.tell.Sha256({ text: "" })
    )
    expectTypeOf(pool.tellUnsafe.Sha256({ text: "" }, { priority: "low" })).toEqualTypeOf<boolean>()
    expectTypeOf(pool.ask.Warm({ key: "a" })).toEqualTypeOf(actor.ask.Warm())
    expectTypeOf(pool.tell.Warm(undefined, { key: "a" })).toEqualTypeOf(actor.tell.Warm())
    expectTypeOf(pool.ask.Rows({ text: "" }, { key: "a", bufferSize: 3 })).toEqualTypeOf(actor.ask.Rows({ text: "" }))
    expectTypeOf(pool.askUnsafe.Sha256({ text: "" }, () => {}, { priority: "high" })).toEqualTypeOf<() => void>()
  })

  it("refuses what is no level, what is no key, and options of an ask at a tell", () => {
    // @ts-expect-error: there are three levels
    pool.ask.Sha256({ text: "" }, { priority: "urgent" })
    // @ts-expect-error: a key is a text
    pool.ask.Sha256({ text: "" }, { key: 1 })
    // @ts-expect-error: nobody waits for what is told
    pool.tell.Sha256({ text: "" }, { timeout: "1 second" })
  })

  it("is one to an actor, and not the other way round", () => {
    expectTypeOf(pool).toExtend<ActorRef.ActorRef<Rpcs>>()
    expectTypeOf<ActorRef.ActorRef<Rpcs>>().not.toExtend<Pool.PoolRef<Rpcs>>()
    expectTypeOf<Effect.Success<ReturnType<typeof made>>>().toEqualTypeOf<Pool.PoolRef<Rpcs>>()
    // @ts-expect-error: an actor has no keys
    actor.ask.Sha256({ text: "" }, { key: "a" })
    // @ts-expect-error: of an actor it is the message that has a priority
    actor.tell.Sha256({ text: "" }, { priority: "low" })
  })
})

const made = () => Pool.ref(Hashing)
