/** The workers of a pool, one by one. */
import * as Effect from "effect/Effect"
import { type Any, recipientOf, refClass } from "../../actor/ActorRef.ts"
import type { PoolStats } from "../PoolStats.ts"
import { PlacedRecipient } from "./placedRecipient.ts"
import { PoolRecipient } from "./poolRecipient.ts"

/** A reference to each worker; of what is no pool, which handles everything itself, to that. */
export const workersOf = (ref: Any): ReadonlyArray<Any> => {
  const recipient = recipientOf(ref)
  if (!(recipient instanceof PoolRecipient)) return [ref]
  const Reference = refClass(recipient.protocol)
  return Array.from(
    { length: recipient.workers },
    (_, place) => new Reference(new PlacedRecipient(recipient, place))
  )
}

/** Makes all workers of a pool anew, one after the other. */
export const reload = (ref: Any): Effect.Effect<void> => {
  const recipient = recipientOf(ref)
  if (recipient instanceof PoolRecipient && recipient.reload !== undefined) return recipient.reload
  return Effect.die(
    new TypeError(`${ref.toString()} is no pool that this thread has made: only who has made a pool reloads it`)
  )
}

/** What a pool does and has done; nothing for a reference of something else. */
export const statsOf = (ref: Any): PoolStats | undefined => {
  const recipient = recipientOf(ref)
  return recipient instanceof PoolRecipient ? recipient.stats() : undefined
}
