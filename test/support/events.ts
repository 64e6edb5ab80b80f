/** What a system tells of itself. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ActorSystem } from "shared-nothing"

/** The events of the system from now on. */
export const watching: Effect.Effect<
  ReadonlyArray<ActorSystem.SystemEvent>,
  never,
  ActorSystem.ActorSystem | Scope.Scope
> = Effect.gen(function*() {
  const seen: Array<ActorSystem.SystemEvent> = []
  const subscribed = yield* Deferred.make<void>()
  yield* Effect.forkScoped(
    Stream.runForEach(
      Stream.onStart(ActorSystem.events, Deferred.succeed(subscribed, undefined)),
      (event) => Effect.sync(() => seen.push(event))
    )
  )
  yield* Deferred.await(subscribed)
  yield* Effect.yieldNow
  return seen
})
