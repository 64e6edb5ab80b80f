/**
 * The part of a system that every thread has: a host for actors, and the service on top of it.
 */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import type { KeyedError } from "../../actor/ActorError.ts"
import type { ActorSystem } from "../../actor/ActorSystem.ts"
import { type DeadLetter, Limits } from "../../actor/DeadLetters.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import { Host } from "../../actor/kernel/Host.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import { LetterStore, limitsOf } from "../../actor/kernel/LetterStore.ts"
import type { LocalShard } from "../../actor/kernel/LocalShard.ts"
import * as Owner from "../../actor/kernel/Owner.ts"
import { RunningCell } from "../../actor/kernel/RunningCell.ts"
import { isKey, Shards } from "../../actor/kernel/Shard.ts"
import * as Terms from "../../actor/kernel/Terms.ts"
import type { SystemEvent } from "../../actor/SystemEvent.ts"
import { Tally } from "../../observe/kernel/Tally.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import * as Steady from "../../thread/kernel/Steady.ts"
import { ThreadName } from "../kernel/ThreadName.ts"
import { Families, type Grounds, type Holder, type Wanted } from "./families.ts"
import * as Grouping from "./groups.ts"
import { groundsHere } from "./keyed.ts"
import { resendLocal } from "./letters.ts"

// A subscriber this far behind misses the oldest events, or letters.
const EVENTS = 1024

/** What the main thread is called. */
export const MAIN = "main"

/** Makes a host that ends with the scope: its actors are stopped, and nothing expires any more. */
export const makeHostWith = Effect.fnUntraced(function*(name: string, tally: Tally) {
  const context = Steady.withBoth(yield* Effect.context<never>())
  const store = new LetterStore(limitsOf(yield* Limits), yield* PubSub.sliding<DeadLetter>(EVENTS))
  const host = new Host(name, context, yield* PubSub.sliding<SystemEvent>(EVENTS), store, tally, yield* CurrentThread)
  yield* Effect.addFinalizer(() => Effect.andThen(host.close, Effect.sync(() => host.letters.handOn())))
  return host
})

/** The same, for a thread that counts for itself alone. */
export const makeHost = Effect.tap(
  Effect.flatMap(ThreadName, (name) => makeHostWith(name, new Tally(Tally.create(1), 0))),
  (host) => Effect.sync(() => host.groups.connect(Grouping.onOneThread(host)))
)

/** Holds the keys of a behaviour until `owner` closes, at the place of this among its finalizers. */
export const holding = <A>(
  families: Families<A>,
  wanted: Wanted,
  holder: Holder,
  grounds: Grounds<A>,
  owner: Scope.Scope,
  shards: (grounds: A) => Shards
): Effect.Effect<Shards, KeyedError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      restore(families.hold(wanted, holder, grounds)),
      (opened) => holdUntilClosed(owner, (elapsed) => families.release(wanted.name, holder, elapsed), shards(opened))
    )
  )

/** Has keys given back when `owner` closes, which waits for the end of their actors, unless one of these closes it: that would wait for itself. */
export const holdUntilClosed = (
  owner: Scope.Scope,
  release: (elapsedMillis: number) => Effect.Effect<void>,
  held: Shards
): Effect.Effect<Shards> => {
  const stop = (_reason: ExitReason, elapsedMillis: number) =>
    Effect.withFiber<void>((fiber) => {
      const closer = fiber.getRef(RunningCell) as Cell | undefined
      const isOneOfThem = closer?.behaviour.protocol.name === held.protocol.name
      return isOneOfThem ? Effect.asVoid(Effect.forkDetach(release(elapsedMillis))) : release(elapsedMillis)
    })
  const owned: Owner.Owned = { previous: undefined, next: undefined, owner: undefined, stop }
  return Effect.as(Owner.adopt(owner, owned) ?? Effect.void, held)
}

/** The service of a system that is this thread alone. */
export const systemOf = (host: Host): ActorSystem["Service"] => {
  const families = new Families<LocalShard>((effect) => void host.forkWith(host.context, effect))
  let holds = 0
  return {
    register: (behaviour) => {
      const steady = { ...behaviour, context: host.owning(Steady.withScheduler(behaviour.context)) }
      return Effect.asVoid(
        Effect.acquireRelease(Effect.sync(() => host.register(steady)), () => host.unregister(steady))
      )
    },
    spawn: (protocol, key, options, owner) =>
      host.spawn(protocol, key, owner, Terms.make(protocol, key, options?.shutdown)),
    keyed: (protocol, keying, owner) => {
      const { name } = protocol
      const holder = { thread: 0, number: ++holds }
      const grounds = groundsHere(host, protocol)
      return holding(
        families,
        { name, ...Layouts.of(protocol), keying },
        holder,
        grounds,
        owner,
        (shard) => new Shards(protocol, [shard])
      )
    },
    lookup: (protocol, key) =>
      Effect.sync(() => {
        const shard = families.get(protocol.name)
        if (shard === undefined) return host.find(protocol.name, key)
        return isKey(key) ? new Shards(protocol, [shard]).at(key) : undefined
      }),
    supervise: (protocol, key, options, owner) =>
      host.supervise(protocol, key, owner, Terms.make(protocol, key, options?.shutdown)),
    groups: host.groups,
    sends: host.sends,
    events: host.events,
    tree: Effect.sync(() => ({
      name: "system",
      kind: "supervisor",
      status: "running",
      restarts: 0,
      children: host.tree
    })),
    deadLetters: host.store.service(host.letters, resendLocal(host)),
    counted: (of) => Effect.sync(() => ({ types: host.counted(of), missing: [] })),
    droppedMessages: Effect.sync(() => host.droppedMessages),
    escalation: host.awaitEscalation
  }
}
