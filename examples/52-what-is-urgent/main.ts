/**
 * The key and the priority of one job: what is urgent is begun before what is not, and the jobs of one customer in order, one at a time, whatever they have.
 *
 * Output:
 *
 *     bob, invoice 4: number 1
 *     eve, invoice 1: number 2
 *     ada, invoice 2: number 3
 *     ada, invoice 3: number 4
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { Invoices } from "./protocol.ts"

const program = Effect.gen(function*() {
  const invoices = yield* Pool.ref(Invoices)
  // The only worker is busy for a second, with what is begun before all that follows: as urgent as any of it, and asked first.
  yield* Effect.forkChild(invoices.ask.Warm({ key: "warm", priority: "high" }), { startImmediately: true })
  const render = (customer: string, invoice: number, priority: "high" | "normal" | "low") =>
    invoices.ask.Render({ customer, invoice }, { key: customer, priority, timeout: "1 minute" })
  const asked = [
    render("eve", 1, "normal"),
    render("ada", 2, "low"),
    // As urgent as it is, it comes after what ada has asked before.
    render("ada", 3, "high"),
    render("bob", 4, "high")
  ]
  yield* Effect.forEach(asked, (ask) => Effect.flatMap(ask, Console.log), { concurrency: "unbounded" })
})

await Effect.runPromise(program.pipe(Effect.provide(Pool.layer(Invoices, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 1
}))))
