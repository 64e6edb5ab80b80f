/**
 * Events that are said once and heard by all who listen: a sliding `PubSub` that a synchronous caller can publish to.
 *
 * Promises: a subscriber that keeps up hears everything, in order, whatever the others do; one that has fallen behind by more
 * than the capacity misses the oldest. `PubSub.publishUnsafe` alone does not slide: once one subscriber stands still, nobody
 * hears anything any more.
 *
 * **Gotchas** Subscribers may go on inside of {@link publish}: call it last, when the state that the event tells of is complete.
 */
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"

/** Publishes to a sliding `PubSub`, at once; its capacity is at least 1. */
export const publish = <A>(bulletin: PubSub.PubSub<A>, event: A): void => {
  if (PubSub.publishUnsafe(bulletin, event)) return
  if (bulletin.shutdownFlag.current || Option.isSome(bulletin.ended.current)) return
  // Somebody is a whole capacity behind: what that one has not read is given up, all others have read it.
  bulletin.pubsub.slide()
  PubSub.publishUnsafe(bulletin, event)
}
