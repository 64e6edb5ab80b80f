/** Routes of pools: the payload of a message is known where its route is said, and the message stays what it was. */
import type * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, type ActorRef, Pool, Route } from "shared-nothing"
import { describe, expectTypeOf, it } from "vitest"

const Move = Rpc.make("Move", { payload: { account: Schema.String, amount: Schema.Int }, success: Schema.Int })

describe("Route", () => {
  it("knows the payload of its message, and changes nothing of that", () => {
    const routed = Move.pipe(Route.byKey(({ account }) => {
      expectTypeOf(account).toEqualTypeOf<string>()
      return account
    }))
    expectTypeOf(routed).toEqualTypeOf<typeof Move>()
    expectTypeOf(Move.pipe(Route.roundRobin)).toEqualTypeOf<typeof Move>()
    // @ts-expect-error: a key is a text
    Move.pipe(Route.byKey(({ amount }) => amount))
    // @ts-expect-error: the payload has no such field
    Move.pipe(Route.byKey(({ owner }) => owner))
    Move.pipe(Route.byRange(({ amount }) => amount, [0, 100]))
    // @ts-expect-error: values are compared with bounds of their kind
    Move.pipe(Route.byRange(({ account }) => account, [0, 100]))
    Move.pipe(Route.custom(({ amount }, { count, loadOf }) => loadOf(amount % count)))
  })
})

describe("Pool.broadcast", () => {
  it("answers what each worker has answered", () => {
    const Ledger = Actor.make("Ledger", [Move])
    type Of = typeof Ledger extends Actor.Actor<string, infer Rpcs> ? Rpcs : never
    const use = (ledger: ActorRef.ActorRef<Of>) =>
      Pool.broadcast(ledger, (worker) => worker.ask.Move({ account: "a", amount: 1 }))
    type Answer = Effect.Success<ReturnType<typeof use>>
    expectTypeOf<Effect.Success<Answer[number]>>().toEqualTypeOf<number>()
    expectTypeOf<Effect.Error<ReturnType<typeof use>>>().toEqualTypeOf<never>()
  })
})
