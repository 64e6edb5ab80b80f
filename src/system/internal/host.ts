/**
 * The part of a system that every thread has: a host for actors, and the service on top of it.
 */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type { ActorSystem } from "../../actor/ActorSystem.ts"
import { Host } from "../../actor/kernel/Host.ts"
import { actorName } from "../../actor/kernel/Protocol.ts"
import * as Terms from "../../actor/kernel/Terms.ts"
import type { SystemEvent } from "../../actor/SystemEvent.ts"
import { Tally } from "../../observe/kernel/Tally.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import * as Steady from "../../thread/kernel/Steady.ts"

// A subscriber this far behind misses the oldest events.
const EVENTS = 1024

/** Makes a host that ends with the scope: its actors are stopped, and nothing expires any more. */
export const makeHostWith = Effect.fnUntraced(function*(tally: Tally) {
  const context = Steady.withBoth(yield* Effect.context<never>())
  const host = new Host(context, yield* PubSub.sliding<SystemEvent>(EVENTS), tally, yield* CurrentThread)
  yield* Effect.addFinalizer(() => host.close)
  return host
})

/** The same, for a thread that counts for itself alone. */
export const makeHost = Effect.suspend(() => makeHostWith(new Tally(Tally.create(1), 0)))

/** The service of a system that is this thread alone. */
export const systemOf = (host: Host): ActorSystem["Service"] => ({
  register: (behaviour) => {
    const steady = { ...behaviour, context: Steady.withScheduler(behaviour.context) }
    return Effect.asVoid(
      Effect.acquireRelease(Effect.sync(() => host.register(steady)), () => host.unregister(steady))
    )
  },
  spawn: (protocol, key, options, owner) =>
    host.spawn(protocol, key, owner, Terms.make(actorName(protocol, key), options?.shutdown)),
  supervise: (protocol, key, options, owner) =>
    host.supervise(protocol, key, owner, Terms.make(actorName(protocol, key), options?.shutdown)),
  events: host.events,
  tree: Effect.sync(() => ({
    name: "system",
    kind: "supervisor",
    status: "running",
    restarts: 0,
    children: host.tree
  })),
  droppedMessages: Effect.sync(() => host.droppedMessages),
  escalation: host.awaitEscalation
})
