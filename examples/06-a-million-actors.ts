/**
 * An actor that has nothing to do is a small object and no fiber, so there can be very many. Each of these is supervised,
 * has a name and state of its own, and answers.
 *
 * Output:
 *
 *     1000000 actors are up
 *     their states add up to 499999500000
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"

const Meter = Actor.make("Meter", [
  Rpc.make("Add", { payload: { amount: Schema.Int }, success: Schema.Int })
])

// A handler that answers at once, without a fiber.
const MeterLive = Meter.toLayer(() => {
  let total = 0
  return Meter.of({ Add: ({ amount }) => Effect.succeed(total += amount) })
})

const program = Effect.gen(function*() {
  const meters: Array<typeof Meter.ref.Type> = []
  for (let i = 0; i < 1_000_000; i++) meters.push(yield* Meter.spawn(`m${i}`))
  yield* Console.log(`${meters.length} actors are up`)

  let sum = 0
  for (const [i, meter] of meters.entries()) sum += yield* meter.ask.Add({ amount: i })
  yield* Console.log(`their states add up to ${sum}`)
})

const Local = MeterLive.pipe(Layer.provideMerge(ActorSystem.layer))

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Local)))
