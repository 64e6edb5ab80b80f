/**
 * Messages with priorities: a cancellation does not wait behind what it cancels, and cleaning waits until there is nothing else to do.
 *
 * Output:
 *
 *     4 wait, 1 of them first and 1 last
 *     page 2 is cancelled
 *     printing page 1
 *     cleaning
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorSystem } from "shared-nothing"

const Printer = Actor.make("Printer", [
  Rpc.make("Print", { payload: { page: Schema.Int } }),
  Rpc.make("Cancel", { payload: { page: Schema.Int } }).annotate(Actor.Priority, "high"),
  Rpc.make("Clean").annotate(Actor.Priority, "low")
])

const PrinterLive = Printer.toLayer(() => {
  const cancelled = new Set<number>()
  return Printer.of({
    Print: ({ page }) => cancelled.has(page) ? Effect.void : Console.log(`printing page ${page}`),
    Cancel: ({ page }) => {
      cancelled.add(page)
      return Console.log(`page ${page} is cancelled`)
    },
    Clean: () => Console.log("cleaning")
  })
})

const program = Effect.gen(function*() {
  const printer = yield* Printer.spawn("office")
  // It warms up.
  yield* ActorControl.pause(printer)
  yield* printer.tell.Clean()
  for (const page of [1, 2]) yield* printer.tell.Print({ page })
  yield* printer.tell.Cancel({ page: 2 })
  const { waiting, waitingHigh, waitingLow } = yield* ActorControl.ping(printer)
  yield* Console.log(`${waiting} wait, ${waitingHigh} of them first and ${waitingLow} last`)
  yield* ActorControl.resume(printer)
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(PrinterLive.pipe(Layer.provideMerge(ActorSystem.layer)))
))
