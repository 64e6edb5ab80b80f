/**
 * Timers tell an actor messages of its own protocol: a session that tries again later, and ends when nobody has touched it for a while.
 *
 * Output:
 *
 *     touched
 *     fetching, attempt 1
 *     fetching, attempt 2
 *     fetching, attempt 3: done
 *     nobody was there for 200 millis
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorSystem } from "shared-nothing"

const Session = Actor.make("Session", [
  Rpc.make("Fetch", { payload: { attempt: Schema.Int } }),
  Rpc.make("Touch"),
  Rpc.make("Expire")
])

const SessionLive = Session.toLayer(Effect.gen(function*() {
  const { once } = yield* Session.timers
  const self = yield* Session.self
  // To start a timer again replaces it: only the last touch counts.
  const touch = once.Expire("expiry", "200 millis")
  return Session.of({
    Fetch: ({ attempt }) =>
      attempt === 3
        ? Effect.andThen(touch, Console.log(`fetching, attempt ${attempt}: done`))
        : Effect.andThen(
          Console.log(`fetching, attempt ${attempt}`),
          once.Fetch("retry", `${10 * attempt} millis`, { attempt: attempt + 1 })
        ),
    Touch: () => Effect.andThen(touch, Console.log("touched")),
    Expire: () => Effect.andThen(Console.log("nobody was there for 200 millis"), ActorControl.stop(self))
  })
}))

const program = Effect.gen(function*() {
  const session = yield* Session.spawn("ann")
  yield* session.tell.Touch()
  yield* session.tell.Fetch({ attempt: 1 })
  yield* session.down
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(SessionLive.pipe(Layer.provideMerge(ActorSystem.layer)))
))
