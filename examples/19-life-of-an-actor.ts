/**
 * What an actor does by itself, and what it can be told beside its messages: it ticks, rests and goes on, shows its state, and ends
 * when nobody needs it any more.
 *
 * Output:
 *
 *     watered 1 times
 *     watered 2 times
 *     the garden is paused
 *     {"watered":2,"visits":0}
 *     {"watered":2,"visits":1}
 *     the garden is closed: its program ended it
 *     the guest has left: it has done its work
 */
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Stream from "effect/Stream"
import { Actor, ActorControl, ActorSystem, ExitReason } from "shared-nothing"

const Garden = Actor.make("Garden", [Rpc.make("Water"), Rpc.make("Visit")])

const twice = Deferred.makeUnsafe<void>()

const GardenLive = Garden.toLayer(Effect.gen(function*() {
  let watered = 0
  let visits = 0
  // Told to itself 10 milliseconds after it was handled last: never two wait.
  yield* Garden.tick("Water", "10 millis")
  yield* Actor.inspectable(() => ({ watered, visits }))
  yield* Actor.onRelease((why) =>
    why._tag === "End" ? Console.log(`the garden is closed: ${ExitReason.render(why.reason)}`) : Effect.void
  )
  return Garden.of({
    Water: () =>
      Effect.suspend(() => {
        if (watered === 2) return Effect.void
        const done = Console.log(`watered ${++watered} times`)
        return watered === 2 ? Effect.andThen(done, Deferred.succeed(twice, undefined)) : done
      }),
    Visit: () => Effect.sync(() => void visits++)
  })
}))

const Guest = Actor.make("Guest", [Rpc.make("Drink")])

const GuestLive = Guest.toLayer(Effect.succeed(Guest.of({ Drink: () => Effect.void })), { idle: "50 millis" })

const show = (ref: typeof Garden.ref.Type) =>
  Effect.flatMap(ActorControl.inspect(ref), (state) => Console.log(JSON.stringify(state)))

const program = Effect.gen(function*() {
  const garden = yield* Garden.spawn("roses")
  yield* Deferred.await(twice)
  yield* ActorControl.pause(garden)
  yield* Console.log(`the garden is ${(yield* ActorControl.ping(garden)).status}`)
  const visiting = yield* Effect.forkChild(garden.ask.Visit(), { startImmediately: true }) // waits
  yield* show(garden)
  yield* ActorControl.resume(garden)
  yield* Fiber.join(visiting)
  yield* show(garden)
  yield* ActorControl.stop(garden)

  const ended = Stream.filter(
    ActorSystem.events,
    (event) => event._tag === "ActorEnded" && event.actor === "Guest/ada"
  )
  const leaving = yield* Effect.forkChild(Stream.runHead(ended), { startImmediately: true })
  yield* (yield* Guest.spawn("ada")).tell.Drink()
  const event = Option.getOrThrow(yield* Fiber.join(leaving))
  if (event._tag === "ActorEnded") yield* Console.log(`the guest has left: ${ExitReason.render(event.reason)}`)
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(Layer.mergeAll(GardenLive, GuestLive).pipe(Layer.provideMerge(ActorSystem.layer)))
))
