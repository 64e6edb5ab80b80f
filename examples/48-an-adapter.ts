/**
 * An actor that is spoken to in the protocol of another: a printer tells and asks whoever has sent it pages, and a letter is none of its kind.
 *
 * Output:
 *
 *     page 1 of the letter to Ada is printed
 *     page 2 of the letter to Ada is printed
 *     page 3 is jammed: again, it says
 *     page 3 of the letter to Ada is printed
 *     the printer speaks to ActorRef(Printing/Letter/to Ada)
 *     once the letter has ended: ActorStopped
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorSystem } from "shared-nothing"

/** What a printer says to whoever has sent it something. */
const Printing = Actor.make("Printing", [
  Rpc.make("Printed", { payload: { page: Schema.Int } }),
  Rpc.make("Jammed", { payload: { page: Schema.Int }, success: Schema.Literals(["again", "skip"]) })
])

const Printer = Actor.make("Printer", [
  Rpc.make("Print", { payload: { pages: Schema.Int, by: Printing.ref } })
])

const PrinterLive = Printer.toLayer(Effect.succeed(Printer.of({
  Print: ({ by, pages }) =>
    Effect.orDie(Effect.gen(function*() {
      for (let page = 1; page <= pages; page++) {
        if (page === 3) yield* Console.log(`page 3 is jammed: ${yield* by.ask.Jammed({ page })}, it says`)
        yield* by.tell.Printed({ page })
      }
    }))
})))

const Letter = Actor.make("Letter", [
  Rpc.make("PrintOn", { payload: { printer: Printer.ref, pages: Schema.Int }, success: Printing.ref }),
  Rpc.make("PageDone", { payload: { page: Schema.Int } }),
  Rpc.make("Decide", { success: Schema.Literals(["again", "skip"]) }),
  Rpc.make("Done", { success: Schema.Int })
])

const LetterLive = Letter.toLayer(Effect.gen(function*() {
  const { key } = yield* Actor.CurrentActor
  const adapter = yield* Letter.adapter
  // Each message of the printer's becomes one of the letter's, which answers what was asked.
  const printing = yield* adapter(Printing, {
    Printed: { PageDone: ({ page }) => ({ page }) },
    Jammed: "Decide"
  })
  let done = 0
  return Letter.of({
    PrintOn: ({ pages, printer }) => Effect.as(Effect.orDie(printer.tell.Print({ pages, by: printing })), printing),
    PageDone: ({ page }) => {
      done++
      return Console.log(`page ${page} of the letter ${key} is printed`)
    },
    Decide: () => Effect.succeed("again"),
    Done: () => Effect.succeed(done)
  })
}))

const program = Effect.gen(function*() {
  const printer = yield* Printer.spawn("p")
  const letter = yield* Letter.spawn("to Ada")
  const printing = yield* letter.ask.PrintOn({ printer, pages: 3 })
  yield* Effect.repeat(letter.ask.Done(), { until: (pages) => pages === 3 })
  yield* Console.log(`the printer speaks to ${printing.toString()}`)
  yield* ActorControl.stop(letter)
  const late = yield* Effect.flip(printing.tell.Printed({ page: 4 }))
  yield* Console.log(`once the letter has ended: ${late._tag}`)
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(Layer.merge(PrinterLive, LetterLive).pipe(Layer.provideMerge(ActorSystem.layer)))
))
