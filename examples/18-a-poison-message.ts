/**
 * A message that crashes its actor each time is handled again twice, then set aside; what waits behind it is handled.
 *
 * Output:
 *
 *     printing 1
 *     printing 2, which jams
 *     printing 2, which jams
 *     printing 2, which jams
 *     set aside after 3 attempts: Print {"page":2}
 *     printing 3
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor, ActorSystem } from "shared-nothing"

const Printer = Actor.make("Printer", [Rpc.make("Print", { payload: { page: Schema.Int } })])
const PrinterLive = Printer.toLayer(
  Effect.succeed(Printer.of({
    Print: ({ page }) =>
      page === 2
        ? Effect.andThen(Console.log(`printing ${page}, which jams`), Effect.die(new Error("paper jam")))
        : Console.log(`printing ${page}`)
  })),
  { supervision: { redeliver: { attempts: 3 }, intensity: { restarts: 10, within: "1 minute" } } }
)

// What is set aside could as well be written down, and sent again once the printer is mended.
const deadLetters = Stream.runForEach(
  ActorSystem.events,
  (event) =>
    event._tag === "MessageSetAside"
      ? Console.log(`set aside after ${event.attempts} attempts: ${event.message} ${JSON.stringify(event.payload)}`)
      : Effect.void
)

const program = Effect.gen(function*() {
  yield* Effect.forkScoped(deadLetters, { startImmediately: true })
  yield* Effect.scoped(Effect.gen(function*() {
    const printer = yield* Printer.spawn("office")
    for (const page of [1, 2, 3]) yield* printer.tell.Print({ page })
  }))
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(PrinterLive.pipe(Layer.provideMerge(ActorSystem.layer))),
  // Each crash is logged as a warning, and the message that is set aside as an error.
  Effect.provideService(References.MinimumLogLevel, "Fatal")
))
