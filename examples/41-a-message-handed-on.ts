/**
 * An actor that hands its messages on: it knows who is to answer, and is free for the next message at once.
 *
 * Output:
 *
 *     tea is in aisle 1
 *     there is no such thing as unicorns
 *     3 questions were handed on by then
 *     nobody answers for aisle 2: its scope was closed
 *     the clerk goes on looking no longer
 *     Desk/front did not answer Find within 50 ms
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, ExitReason } from "shared-nothing"

class NotSold extends Schema.TaggedError<NotSold>("shop/NotSold")("NotSold", { what: Schema.String }) {}

const Clerk = Actor.make("Clerk", [
  Rpc.make("Find", { payload: { what: Schema.String }, success: Schema.String, error: NotSold })
])

const ClerkLive = Clerk.toLayer(({ key }) =>
  Clerk.of({
    Find: ({ what }) => {
      if (what === "unicorns") return new NotSold({ what })
      if (what !== "the last one") return Effect.succeed(`${what} is in ${key}`)
      return Effect.onInterrupt(Effect.never, () => Console.log("the clerk goes on looking no longer"))
    }
  })
)

const Desk = Actor.make("Desk", [
  Rpc.make("Find", { payload: { what: Schema.String }, success: Schema.String, error: NotSold }),
  Rpc.make("Asked", { success: Schema.Int })
])

const DeskLive = (clerks: ReadonlyArray<Actor.Ref<typeof Clerk>>) =>
  Desk.toLayer(() => {
    let asked = 0
    return Desk.of({
      // The answer goes from the clerk to whoever asks, and so does the time that is left.
      Find: ({ what }) => Actor.forward(clerks[asked++ % clerks.length]!.ask.Find({ what })),
      Asked: () => Effect.succeed(asked)
    })
  })

const program = Effect.gen(function*() {
  const closing = yield* Scope.make()
  const first = yield* Clerk.spawn("aisle 1")
  const second = yield* Scope.provide(Clerk.spawn("aisle 2"), closing)
  yield* Layer.build(DeskLive([first, second]))
  const desk = yield* Desk.spawn("front")

  yield* Console.log(yield* desk.ask.Find({ what: "tea" }))
  yield* desk.ask.Find({ what: "unicorns" }).pipe(
    Effect.catchTag("NotSold", ({ what }) => Console.log(`there is no such thing as ${what}`))
  )

  // Nobody waits for the clerk but who has asked.
  const asking = yield* Effect.forkChild(Effect.flip(desk.ask.Find({ what: "the last one" }, { timeout: 50 })), {
    startImmediately: true
  })
  yield* Console.log(`${yield* desk.ask.Asked()} questions were handed on by then`)

  yield* Scope.close(closing, Exit.void)
  yield* desk.ask.Find({ what: "milk" }).pipe(
    Effect.catchTag(
      "ActorStopped",
      ({ actor, reason }) =>
        Console.log(`nobody answers for ${actor.replace("Clerk/", "")}: ${ExitReason.render(reason)}`)
    )
  )
  yield* Console.log((yield* Fiber.join(asking)).message)
})

const Local = ClerkLive.pipe(Layer.provideMerge(ActorSystem.layer))

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Local)))
