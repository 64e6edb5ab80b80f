/**
 * The layers that host actors: on this thread, or on this thread and workers.
 *
 * A program is written against the service and does not change when the layer does.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { ActorSystem } from "../actor/ActorSystem.ts"
import { type Escalation, LocalHost } from "../actor/LocalHost.ts"
import type { SystemEvent } from "../actor/SystemEvent.ts"
import type { TreeNode } from "../supervisor/Tree.ts"

export { ActorSystem } from "../actor/ActorSystem.ts"
export type { SystemEvent } from "../actor/SystemEvent.ts"

const EVENTS = 1024

/** The registration of a behaviour with a host, undone when the scope of its layer closes. */
export const registerWith = (host: LocalHost): ActorSystem["Service"]["register"] => (behaviour) =>
  Effect.acquireRelease(
    Effect.sync(() => host.register(behaviour)),
    () => host.unregister(behaviour)
  )

/** Makes a host that ends with the scope: its actors are stopped, and nothing expires any more. */
export const makeHost = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const events = yield* PubSub.sliding<SystemEvent>(EVENTS)
  const host = new LocalHost(context, events)
  yield* Effect.addFinalizer(() => host.close)
  return host
})

/** A system on this thread alone. Every `placement` means this thread. */
export const layer: Layer.Layer<ActorSystem> = Layer.effect(
  ActorSystem,
  Effect.map(makeHost, (host) =>
    ActorSystem.of({
      register: registerWith(host),
      spawn: (protocol, key, _options, owner) => host.spawn(protocol, key, owner),
      events: host.events,
      tree: Effect.sync((): TreeNode => ({
        name: "system",
        kind: "supervisor",
        status: "running",
        restarts: 0,
        children: host.tree
      })),
      escalation: host.awaitEscalation
    }))
)

/** What happens in the system from now on: restarts, ends, threads that come and go. */
export const events: Stream.Stream<SystemEvent, never, ActorSystem> = Stream.unwrap(
  Effect.map(ActorSystem, (system) => Stream.fromPubSub(system.events))
)

/** The supervision tree as it stands; `Tree.render` makes it readable. */
export const tree: Effect.Effect<TreeNode, never, ActorSystem> = Effect.flatMap(ActorSystem, (system) => system.tree)

/** Completes when a behaviour, or the threads, have used up their restarts: the moment to end the program. */
export const escalation: Effect.Effect<Escalation, never, ActorSystem> = Effect.flatMap(
  ActorSystem,
  (system) => system.escalation
)
