/**
 * A unit test of an actor, as a program: a probe stands in for the customer, and the clock is that of the test.
 *
 * Output:
 *
 *     the customer is told after an hour: {"order":7}
 *     and nothing else for a day
 *     Probe of Customer/probe expected Ready with {"order":8}; what has arrived:
 *       90000.000 s  Ready {"order":9}
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Actor } from "shared-nothing"
import { Probe, TestSystem } from "shared-nothing/testing"

const Customer = Actor.make("Customer", [Rpc.make("Ready", { payload: { order: Schema.Int } })])

const Bakery = Actor.make("Bakery", [
  Rpc.make("Bake", { payload: { order: Schema.Int, customer: Customer.ref } })
])

const BakeryLive = Bakery.toLayer(Effect.succeed(Bakery.of({
  Bake: ({ customer, order }) => Effect.andThen(Effect.sleep("1 hour"), Effect.ignore(customer.tell.Ready({ order })))
})))

const test = Effect.gen(function*() {
  const customer = yield* Probe.make(Customer)
  const bakery = yield* Bakery.spawn("corner")
  yield* bakery.tell.Bake({ order: 7, customer: customer.ref })
  yield* customer.expectNone("59 minutes")
  const told = yield* customer.expect("Ready", { order: 7 }, "1 minute")
  yield* Console.log(`the customer is told after an hour: ${JSON.stringify(told)}`)
  yield* customer.expectNone("1 day")
  yield* Console.log("and nothing else for a day")
  yield* customer.ref.tell.Ready({ order: 9 })
  const error = yield* Effect.flip(customer.expect("Ready", { order: 8 }))
  yield* Console.log(error.message)
})

await Effect.runPromise(
  test.pipe(Effect.scoped, Effect.provide(TestSystem.layer(BakeryLive).pipe(Layer.provideMerge(TestClock.layer()))))
)
