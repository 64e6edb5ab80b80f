/**
 * What actors have done, and how long it took: of one, of one of its messages, of all of a definition, of a whole system.
 *
 * Output:
 *
 *     office: 1 printed, 2 wait, the oldest for … ms
 *     page 4 took 20 ms or more, and was message 4, … ms old when it was begun
 *     2 printers have handled 5 messages, 1 of them failed
 *     half of the pages took less than 30 ms, and all of them less than a second
 *     home has handled 1
 *     office has handled 4
 *     Printer: 5 handled, 0 wait, 2 actors
 *     Printer: 5 handled, 0 wait, 0 actors
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor, ActorStats, ActorSystem } from "shared-nothing"

class NoPaper extends Schema.TaggedError<NoPaper>("office/NoPaper")("NoPaper", {}) {}

const Printer = Actor.make("Printer", [
  Rpc.make("Print", { payload: { page: Schema.Int }, success: Schema.String, error: NoPaper })
])

const PrinterLive = Printer.toLayer(() =>
  Printer.of({
    Print: ({ page }) =>
      Effect.gen(function*() {
        const { ageMillis, id } = Option.getOrThrow(yield* Actor.currentMessage)
        if (page === 0) return yield* new NoPaper()
        yield* Effect.sleep(20)
        return `message ${id}, ${Math.round(ageMillis)} ms old`
      })
  })
)

const program = Effect.gen(function*() {
  const office = yield* Printer.spawn("office")
  yield* office.ask.Print({ page: 1 })
  yield* Effect.forEach([2, 3], (page) => office.tell.Print({ page }))
  yield* Effect.sleep(5)
  const { oldestMillis, pending, processed } = yield* office.stats
  yield* Console.log(`office: ${processed} printed, ${pending} wait, the oldest for ${oldestMillis?.toFixed(0)} ms`)

  const { handlingMillis, reply } = yield* office.askTimed.Print({ page: 4 })
  const took = handlingMillis >= 19 ? "20 ms or more" : `${handlingMillis} ms`
  yield* Console.log(`page 4 took ${took}, and was ${reply} when it was begun`)

  const home = yield* Printer.spawn("home")
  yield* Effect.ignore(home.ask.Print({ page: 0 }))
  const all = yield* Printer.stats
  yield* Console.log(`${all.actors} printers have handled ${all.processed} messages, ${all.failed} of them failed`)
  const times = all.handlingTime!
  const isQuick = times.quantile(0.5) < 1000 && times.quantile(1) < 1000
  yield* Console.log(isQuick ? "half of the pages took less than 30 ms, and all of them less than a second" : "slow")

  const each = yield* Printer.statsOfEach
  for (const { key, processed } of each.toSorted((a, b) => a.processed - b.processed)) {
    yield* Console.log(`${key} has handled ${processed}`)
  }
})

/** A line for each definition, now. */
const lines = ActorSystem.stats.pipe(
  Effect.map((types) =>
    types.map(({ actors, name, pending, processed }) =>
      `${name}: ${processed} handled, ${pending} wait, ${actors} actors`
    ).join("\n")
  )
)

const watched = Effect.andThen(
  Effect.scoped(Effect.andThen(program, Effect.flatMap(lines, Console.log))),
  // Every 10 milliseconds: this is how a dashboard has it.
  Stream.runForEach(Stream.take(Stream.fromEffectSchedule(lines, Schedule.spaced("10 millis")), 1), Console.log)
)

await Effect.runPromise(watched.pipe(
  Effect.provide(PrinterLive.pipe(Layer.provide(ActorStats.layerTimes), Layer.provideMerge(ActorSystem.layer)))
))
