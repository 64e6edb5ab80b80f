/**
 * A payload is checked and read by user code, which tells another actor of the same thread meanwhile: both messages arrive
 * whole.
 *
 * Output:
 *
 *     a check counts: {"to":"shop","cents":300,"list":[1,2,3]}
 *     a getter counts: {"to":"shop","cents":300,"list":[1,2,3]}
 *     the counts that came are whole: true
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { outcomeSoon, runIn, threads } from "./support.ts"

const hook: { run: () => void } = { run: () => {} }
const Checked = Schema.Number.check(Schema.makeFilter((cents: number) => {
  hook.run()
  return cents >= 0
}))
const Metrics = Actor.make("Metrics", [
  Rpc.make("Count", { payload: { a: Schema.Number, b: Schema.Number } }),
  Rpc.make("Seen", { success: Schema.Array(Schema.String) })
])
const Bank = Actor.make("Bank", [
  Rpc.make("Pay", {
    payload: { to: Schema.String, cents: Checked, list: Schema.Array(Schema.Number) },
    success: Schema.String
  })
])

if (!isMainThread) {
  const seen: Array<string> = []
  ActorThread.launch(Layer.merge(
    Metrics.toLayer(Effect.succeed(Metrics.of({
      Count: ({ a, b }) => Effect.sync(() => void seen.push(`${a} ${b}`)),
      Seen: () => Effect.sync(() => seen)
    }))),
    Bank.toLayer(Effect.succeed(Bank.of({ Pay: (payment) => Effect.succeed(JSON.stringify(payment)) })))
  ))
} else {
  const program = Effect.gen(function*() {
    const bank = yield* Bank.spawn("bank")
    const metrics = yield* Metrics.spawn("metrics")
    // The first message of each goes a longer way.
    yield* bank.ask.Pay({ to: "shop", cents: 1, list: [] })
    yield* metrics.tell.Count({ a: 10, b: 20 })
    let told = 1
    const count = () => {
      if (metrics.tellUnsafe.Count({ a: 10, b: 20 })) told++
    }
    hook.run = count
    console.log("a check counts:", yield* outcomeSoon(bank.ask.Pay({ to: "shop", cents: 300, list: [1, 2, 3] })))
    hook.run = () => {}
    const payment = {
      to: "shop",
      cents: 300,
      get list() {
        count()
        return [1, 2, 3]
      }
    }
    console.log("a getter counts:", yield* outcomeSoon(bank.ask.Pay(payment)))
    const seen = yield* metrics.ask.Seen()
    const isWhole = told > 2 && seen.length === told && seen.every((line) => line === "10 20")
    console.log(`the counts that came are whole: ${isWhole || `${told} told, ${seen.join(", ")}`}`)
  })
  await runIn(threads(import.meta.url), program)
}
