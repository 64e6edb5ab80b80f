/**
 * The layers that host actors: on this thread, or on this thread and workers.
 *
 * A program is written against the service and does not change when the layer does.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { TypeStats } from "../actor/ActorStats.ts"
import { ActorSystem } from "../actor/ActorSystem.ts"
import type { DeadLetters } from "../actor/DeadLetters.ts"
import type { Escalation } from "../actor/kernel/Host.ts"
import { typeStats } from "../actor/kernel/StatsView.ts"
import type { SystemEvent } from "../actor/SystemEvent.ts"
import type { TreeNode } from "../supervisor/Tree.ts"
import { makeHost, systemOf } from "./internal/host.ts"
import { endingIts } from "./SystemGaveUp.ts"

export { ActorSystem } from "../actor/ActorSystem.ts"
export type { KeyedOptions, SpawnOptions } from "../actor/ActorSystem.ts"
export type { SystemEvent } from "../actor/SystemEvent.ts"
export { EndsProgram, SystemGaveUp } from "./SystemGaveUp.ts"
export { layerThreads } from "./ThreadedSystem.ts"
export type { ThreadsOptions } from "./ThreadedSystem.ts"

/** A system on this thread alone. Every `placement` means this thread. */
export const layer: Layer.Layer<ActorSystem> = Layer.effect(
  ActorSystem,
  Effect.flatMap(makeHost, (host) => endingIts(systemOf(host)))
)

/** What happens in the system from now on: restarts, ends, threads that come and go. */
export const events: Stream.Stream<SystemEvent, never, ActorSystem> = Stream.unwrap(
  Effect.map(ActorSystem, (system) => Stream.fromPubSub(system.events))
)

/** The supervision tree as it stands; `Tree.render` makes it readable. */
export const tree: Effect.Effect<TreeNode, never, ActorSystem> = Effect.flatMap(ActorSystem, (system) => system.tree)

/**
 * How many tells were dropped so far: by the overflow policy of a full mailbox, or because their actor had stopped.
 *
 * **Details** Read from memory that the threads share: no thread is asked, and what one that has died had counted stays.
 * What had not been read of its ring is in the event `ThreadEnded`, not here.
 */
export const droppedMessages: Effect.Effect<number, never, ActorSystem> = Effect.flatMap(
  ActorSystem,
  (system) => system.droppedMessages
)

/**
 * What the actors of each definition have done, and have still to do, on all threads; see `ActorStats`.
 *
 * **Details** One message to each thread, beside all others. As a stream: `Stream.fromEffectSchedule(ActorSystem.stats, Schedule.spaced("10 seconds"))`.
 */
export const stats: Effect.Effect<ReadonlyArray<TypeStats>, never, ActorSystem> = Effect.flatMap(
  ActorSystem,
  (system) =>
    Effect.map(
      system.counted({ name: undefined, each: false }),
      ({ missing, types }) => types.map((type) => typeStats(type, missing))
    )
)

/**
 * What nobody will handle, with its payload, and a way to send it again; `DeadLetters` says what becomes a letter and what is only counted.
 *
 * **Example**
 *
 * ```ts
 * import { ActorSystem } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 *
 * const replayAll = Effect.gen(function*() {
 *   const letters = yield* ActorSystem.deadLetters
 *   for (const { id } of yield* letters.all) yield* Effect.ignore(letters.replay(id))
 * })
 * ```
 */
export const deadLetters: Effect.Effect<DeadLetters, never, ActorSystem> = Effect.map(
  ActorSystem,
  (system) => system.deadLetters
)

/**
 * Completes when a behaviour, or the threads, have used up their restarts: the moment to end the program, which is what
 * happens when nobody has asked; see {@link EndsProgram}.
 */
export const escalation: Effect.Effect<Escalation, never, ActorSystem> = Effect.flatMap(
  ActorSystem,
  (system) => system.escalation
)
