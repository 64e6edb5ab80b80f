/**
 * What a thread sends has something around it: each is written down, and what is too much is refused before it is sent.
 *
 * Output:
 *
 *     audit: ask Till/a Pay, done
 *     paid, 30 in the till
 *     audit: ask Till/a Pay, refused: Pay to Till/a was not sent: more than 100 at once
 *     SendRefused
 *     audit: tell Till/a Close, done
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, Interceptor } from "shared-nothing"

const Till = Actor.make("Till", [
  Rpc.make("Pay", { payload: { amount: Schema.Int }, success: Schema.Int }),
  Rpc.make("Close")
])

const TillLive = Till.toLayer(() => {
  let total = 0
  return Till.of({
    Pay: ({ amount }) => Effect.sync(() => total += amount),
    Close: () => Effect.void
  })
})

// Around every reference to a Till on this thread.
const audit = Interceptor.layerSends(Till, ({ actor, kind, tag }, next) =>
  next.pipe(
    Effect.tap(Console.log(`audit: ${kind} ${actor} ${tag}, done`)),
    Effect.tapError((error) =>
      Console.log(`audit: ${kind} ${actor} ${tag}, refused: ${error instanceof Error ? error.message : tag}`)
    )
  ))

const limits = Interceptor.layerSends(
  Till,
  (sending, next) =>
    sending.tag === "Pay" && sending.payload.amount > 100 ? Interceptor.refuse(sending, "more than 100 at once") : next
)

const program = Effect.gen(function*() {
  const till = yield* Till.spawn("a")
  yield* Console.log(`paid, ${yield* till.ask.Pay({ amount: 30 })} in the till`)
  const refused = yield* Effect.flip(till.ask.Pay({ amount: 500 }))
  yield* Console.log(refused._tag)
  yield* till.tell.Close()
})

// What is provided further down is further out: the audit sees what the limits refuse.
const Shop = TillLive.pipe(
  Layer.provideMerge(limits),
  Layer.provideMerge(audit),
  Layer.provideMerge(ActorSystem.layer)
)

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Shop)))
