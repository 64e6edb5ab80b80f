/** The workers of a pool, one by one. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { InvalidOptions } from "../../actor/ActorError.ts"
import { type Any, recipientOf, refClass } from "../../actor/ActorRef.ts"
import { actorName } from "../../actor/kernel/Protocol.ts"
import { givenOf } from "../../runtime/Options.ts"
import type { ThreadDown } from "../../thread/ThreadError.ts"
import type { PoolEvent } from "../PoolEvent.ts"
import type { PoolGaveUp } from "../PoolGaveUp.ts"
import type { PoolStats } from "../PoolStats.ts"
import { AimedRecipient } from "./aimedRecipient.ts"
import * as Crew from "./crew.ts"
import { PoolRecipient } from "./poolRecipient.ts"

/** A reference to each worker; of what is no pool, which handles everything itself, to that. */
export const workersOf = (ref: Any): ReadonlyArray<Any> => {
  const recipient = recipientOf(ref)
  if (!(recipient instanceof PoolRecipient)) return [ref]
  const Reference = refClass(recipient.protocol)
  return Array.from(
    { length: recipient.workers },
    (_, place) => new Reference(AimedRecipient.worker(recipient, place))
  )
}

const commanded = <A, E>(
  ref: Any,
  what: string,
  command: (crew: Crew.Crew, name: string, recipient: PoolRecipient) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const recipient = recipientOf(ref)
    if (recipient instanceof PoolRecipient && recipient.crew !== undefined) {
      return command(recipient.crew, actorName(recipient.protocol, recipient.key), recipient)
    }
    return Effect.die(
      new TypeError(`${ref.toString()} is no pool that this thread has made: only who has made a pool ${what} it`)
    )
  })

/** Makes all workers of a pool anew, one after the other. */
export const reload = (ref: Any): Effect.Effect<void> => commanded(ref, "reloads", Crew.reload)

/** Has a pool have so many workers. */
export const resize = (ref: Any, threads: number): Effect.Effect<void, InvalidOptions | ThreadDown> =>
  commanded(ref, "resizes", (crew, name): Effect.Effect<void, InvalidOptions | ThreadDown> => {
    const { least, workers: { length: most } } = crew
    if (Number.isInteger(threads) && threads >= least && threads <= most) return Crew.resize(crew, threads)
    return Effect.fail(
      new InvalidOptions({
        where: `Pool.resize ${name}`,
        option: "threads",
        value: givenOf(threads),
        expected: least === most ? `${most}, as the pool was made with` : `an integer from ${least} to ${most}`
      })
    )
  })

/** What a pool tells of its size. */
export const events = (ref: Any): Stream.Stream<PoolEvent> =>
  Stream.unwrap(commanded(ref, "hears of", (_, __, recipient) => Effect.succeed(recipient.events)))

/** Why a pool has given up, once it has. */
export const escalation = (ref: Any): Effect.Effect<PoolGaveUp> =>
  commanded(ref, "hears of", (_, __, recipient) => recipient.escalation)

/** What a pool does and has done; nothing for a reference of something else. */
export const statsOf = (ref: Any): PoolStats | undefined => {
  const recipient = recipientOf(ref)
  return recipient instanceof PoolRecipient ? recipient.stats() : undefined
}
