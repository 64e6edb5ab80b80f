/**
 * What an actor could not handle is a dead letter: it can be looked at, and is sent again once that may help.
 *
 * Output:
 *
 *     charged ann
 *     charged cleo
 *     Billing/eu gave up Charge, begun 2 times: the bank is closed. {"customer":"bob","card":"<redacted>"}
 *     charged bob
 *     letters left: 0
 */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"

const Billing = Actor.make("Billing", [
  Rpc.make("Charge", { payload: { customer: Schema.String, card: Schema.Redacted(Schema.String) } }),
  Rpc.make("OpenBank", { success: Schema.Void })
])

let isOpen = false
const BillingLive = Billing.toLayer(
  Effect.succeed(Billing.of({
    Charge: ({ customer }) =>
      customer === "bob" && !isOpen ? Effect.die(new Error("the bank is closed")) : Console.log(`charged ${customer}`),
    OpenBank: () => Effect.sync(() => void (isOpen = true))
  })),
  { supervision: { redeliver: { attempts: 2 } } }
)

const sendAgain = Effect.gen(function*() {
  const letters = yield* ActorSystem.deadLetters
  for (const { actor, attempts, id, message, payload, why } of yield* letters.all) {
    const reason = why._tag === "SetAside" ? Cause.prettyErrors(why.cause)[0]?.message : why._tag
    yield* Console.log(`${actor} gave up ${message}, begun ${attempts} times: ${reason}. ${JSON.stringify(payload)}`)
    yield* letters.replay(id)
  }
})

const program = Effect.gen(function*() {
  const letters = yield* ActorSystem.deadLetters
  const billing = yield* Billing.spawn("eu")
  for (const customer of ["ann", "bob", "cleo"]) {
    yield* billing.tell.Charge({ customer, card: Redacted.make("4000 0012 3456 7899") })
  }
  // Answered when what was told before is out of the way; an ask that meets the restart may be asked again.
  yield* Effect.retry(billing.ask.OpenBank(), { while: (error) => error._tag === "ActorRestarting" })
  yield* sendAgain
  yield* Effect.retry(billing.ask.OpenBank(), { while: (error) => error._tag === "ActorRestarting" })
  yield* Console.log(`letters left: ${(yield* letters.stats).stored}`)
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(BillingLive.pipe(Layer.provideMerge(ActorSystem.layer))),
  // Each crash is logged as a warning, and the message that is set aside as an error.
  Effect.provideService(References.MinimumLogLevel, "Fatal")
))
