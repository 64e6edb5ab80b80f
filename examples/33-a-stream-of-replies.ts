/**
 * A message that is answered with a stream. The handler makes it, in its turn; its elements are read beside the messages, as fast as the reader
 * takes them. Nothing here depends on where the actor lives.
 *
 * Output:
 *
 *     nobody follows any more
 *     1 was there, 2 was there, 3 is new
 *     page 1: tea, milk
 *     page 2: bread
 *     there is nothing before 0
 */
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor, ActorSystem } from "shared-nothing"

class NotThere extends Schema.TaggedError<NotThere>("log/NotThere")("NotThere", {}) {}

const Entry = Schema.Struct({ entry: Schema.String })
const Page = Schema.Array(Schema.String)

const Log = Actor.make("Log", [
  Rpc.make("Append", { payload: Entry }),
  /** What there is from here on, and then what comes. */
  Rpc.make("Follow", { payload: { from: Schema.Int }, success: Entry, error: NotThere, stream: true }),
  Rpc.make("Pages", { success: Page, stream: true }),
  Rpc.make("Page", { payload: { number: Schema.Int }, success: Page })
])

const LogLive = Log.toLayer(Effect.gen(function*() {
  const entries: Array<string> = []
  const appended = yield* PubSub.unbounded<string>()
  const self = yield* Log.self
  return Log.of({
    Append: ({ entry }) => Effect.andThen(Effect.sync(() => entries.push(entry)), PubSub.publish(appended, entry)),
    Follow: ({ from }) => {
      if (from < 0) return Effect.fail(new NotThere())
      // Nothing comes between these two lines: like a handler, a stream has the thread until it waits.
      const following = Effect.map(
        PubSub.subscribe(appended),
        (subscription) => Stream.concat(Stream.fromIterable(entries.slice(from)), Stream.fromSubscription(subscription))
      )
      return Stream.unwrap(following).pipe(
        Stream.map((entry) => ({ entry })),
        Stream.ensuring(Console.log("nobody follows any more"))
      )
    },
    // Each page is a message of its own, and sees the state between two messages.
    Pages: () =>
      Stream.paginate(0, (number) =>
        Effect.map(Effect.orDie(self.ask.Page({ number })), (page) => [
          page.length === 0 ? [] : [page],
          page.length === 0 ? Option.none() : Option.some(number + 1)
        ])),
    Page: ({ number }) => Effect.sync(() => entries.slice(2 * number, 2 * number + 2))
  })
}))

const program = Effect.gen(function*() {
  const numbers = yield* Log.spawn("numbers")
  yield* numbers.tell.Append({ entry: "1 was there" })
  yield* numbers.tell.Append({ entry: "2 was there" })
  const isFollowed = yield* Deferred.make<void>()
  // The first entry may take as long as it takes; 5 seconds unless it is said.
  const following = numbers.ask.Follow({ from: 0 }, { timeout: "Infinity" }).pipe(
    Stream.tap(() => Deferred.succeed(isFollowed, undefined)),
    Stream.take(3),
    Stream.runCollect
  )
  const follower = yield* Effect.forkChild(following)
  yield* Deferred.await(isFollowed)
  yield* numbers.tell.Append({ entry: "3 is new" })
  yield* Console.log((yield* Fiber.join(follower)).map(({ entry }) => entry).join(", "))

  const list = yield* Log.spawn("list")
  yield* Effect.forEach(["tea", "milk", "bread"], (entry) => list.tell.Append({ entry }))
  yield* list.ask.Pages().pipe(
    Stream.zipWithIndex,
    Stream.runForEach(([page, i]) => Console.log(`page ${i + 1}: ${page.join(", ")}`))
  )

  yield* Stream.runDrain(list.ask.Follow({ from: -1 })).pipe(
    Effect.catchTag("NotThere", () => Console.log("there is nothing before 0"))
  )
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(LogLive.pipe(Layer.provideMerge(ActorSystem.layer)))
))
