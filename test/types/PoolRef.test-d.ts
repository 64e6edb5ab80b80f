// What must not compile is stated here too; @effect-diagnostics floatingEffect:off missingEffectError:off
/** References to pools: what one ask or tell may say beside its payload, and that they are references to actors wherever these are asked for. */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, type ActorRef, Interceptor, Pool } from "shared-nothing"
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

describe("what is around the sends of a reference", () => {
  it("is of the type of that reference: of a pool, one worker of it, an actor, whatever is around it already", () => {
    const paced = Interceptor.sending(pool, (sending, next) => {
      if (sending.tag === "Sha256") expectTypeOf(sending.payload).toEqualTypeOf<{ readonly text: string }>()
      return next
    })
    expectTypeOf(paced).toEqualTypeOf<Pool.Ref<typeof Hashing>>()
    expectTypeOf(Interceptor.sending(paced, (_, next) => next)).toEqualTypeOf(pool)
    expectTypeOf(paced.ask.Sha256({ text: "" }, { key: "a", priority: "high" })).toEqualTypeOf(
      actor.ask.Sha256({ text: "" })
    )
    expectTypeOf(Interceptor.sending(actor, (_, next) => next)).toEqualTypeOf<Actor.Ref<typeof Hashing>>()
    expectTypeOf(Interceptor.sending(Pool.workers(pool)[0]!, (_, next) => next)).toEqualTypeOf<
      ActorRef.ActorRef<Rpcs>
    >()
    const named = <R extends Rpc.Any>(ref: Pool.PoolRef<R>) => Interceptor.sending(ref, (_, next) => next)
    expectTypeOf(named(pool)).toEqualTypeOf(pool)
  })

  it("knows the messages of its protocol, and no others", () => {
    // @ts-expect-error: nothing is called that
    Interceptor.sending(pool, (sending, next) => sending.tag === "Md5" ? Interceptor.refuse(sending, "weak") : next)
    // @ts-expect-error: an answer cannot be made up
    Interceptor.sending(pool, () => Effect.succeed(1))
    // @ts-expect-error: an actor has no keys, whatever is around it
    Interceptor.sending(actor, (_, next) => next).ask.Sha256({ text: "" }, { key: "a" })
  })
})

const made = () => Pool.ref(Hashing)
