/**
 * The stash of an actor: messages that it has been given and puts off until it can handle them.
 *
 * A stash is taken while the behaviour is built (`Database.stash({ capacity: 100 })`). What it promises:
 *
 * - what is put off is neither lost nor answered: an ask waits on, by its own timeout, until it is handled again, or withdrawn;
 * - what is unstashed is handled before what waits in the mailbox, in the order in which it came, each message in its turn;
 * - a handler that puts a message off again puts it off until the next time: so nothing goes round in circles that does not unstash by itself;
 * - what is put off takes no room in the mailbox, and there is never more than `capacity` of it;
 * - after a restart tells are handled by the next incarnation, before what waits, and asks fail with `ActorRestarting`; with the actor that ends
 *   asks fail with `ActorStopped`, and tells are dead letters. An actor is not idle while something is put off.
 *
 * **Example** (Doors that open when there is a key)
 *
 * ```ts
 * import { Actor } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * class Crowded extends Schema.TaggedError<Crowded>("app/Crowded")("Crowded", {}) {}
 *
 * const Door = Actor.make("Door", [
 *   Rpc.make("Enter", { success: Schema.Int, error: Crowded }),
 *   Rpc.make("Unlock")
 * ])
 *
 * const DoorLive = Door.toLayer(Effect.gen(function*() {
 *   const stash = yield* Door.stash({ capacity: 100 })
 *   let isLocked = true
 *   let inside = 0
 *   return Door.of({
 *     Enter: () =>
 *       isLocked
 *         ? Effect.catchTag(stash.put, "StashFull", () => Effect.fail(new Crowded()))
 *         : Effect.sync(() => ++inside),
 *     Unlock: () => {
 *       isLocked = false
 *       return stash.unstashAll
 *     }
 *   })
 * }))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { checkNames, givenOf, type Names, type Refuse } from "../runtime/Options.ts"
import { InvalidOptions, StashFull } from "./ActorError.ts"
import { withStash } from "./internal/stashing.ts"
import { CurrentActor } from "./kernel/Behaviour.ts"
import type { Cell } from "./kernel/Cell.ts"
import { RESTARTING } from "./kernel/Phase.ts"
import { actorName, type Protocol } from "./kernel/Protocol.ts"
import type { RepeatingMailbox } from "./kernel/RepeatingMailbox.ts"
import { STASHED, type Stashed } from "./kernel/Stashed.ts"
import { INDEX_MASK, wordOf } from "./kernel/Word.ts"

export type { Stashed } from "./kernel/Stashed.ts"

/** How much can be put off. */
export interface StashOptions {
  /** Messages that can be put off at once; at least 1, or `"unbounded"`. */
  readonly capacity: number | "unbounded"
}

/** See the module. */
export interface Stash {
  /**
   * Puts the message off that is being handled: a handler that answers with what this succeeds with has not answered it yet.
   *
   * **Errors** `StashFull`: there is no room, and the message is still the handler's, which answers it with something else. Dies outside of a
   * handler of the actor.
   *
   * **Gotchas** The message is put off when the handler ends with it: one that fails, or answers something else, has handled it.
   */
  readonly put: Effect.Effect<Stashed, StashFull>
  /**
   * Has all that is put off now handled next.
   *
   * **Gotchas** A handler that unstashes and then puts its own message off goes round in circles with another that does: what waits in the mailbox
   * does not come to be handled.
   */
  readonly unstashAll: Effect.Effect<void>
  /**
   * The same for so many, those that came first.
   *
   * **Errors** Dies with `InvalidOptions` for a number that is no integer of at least 1.
   */
  readonly unstash: (count: number) => Effect.Effect<void>
  /** How many messages are put off. */
  readonly size: Effect.Effect<number>
}

const OPTIONS: Names<StashOptions> = { capacity: true }

const capacityOf = (where: string, options: StashOptions): number => {
  const refuse: Refuse = (option, value, expected) => {
    throw new InvalidOptions({ where, option, value: givenOf(value), expected })
  }
  checkNames(options, OPTIONS, refuse)
  const capacity: unknown = (options as StashOptions | null | undefined)?.capacity
  if (capacity === "unbounded") return Infinity
  if (typeof capacity === "number" && Number.isInteger(capacity) && capacity >= 1) return capacity
  return refuse("capacity", capacity, "an integer of at least 1, or \"unbounded\"")
}

const countOf = (where: string, count: unknown): number => {
  if (typeof count === "number" && Number.isInteger(count) && count >= 1) return count
  throw new InvalidOptions({ where, option: "count", value: givenOf(count), expected: "an integer of at least 1" })
}

// What waits where nobody but the owner of that could keep it.
const checkOwner = (where: string, { behaviour }: Cell): void => {
  const refuse = (option: string, value: string, expected: string) => {
    throw new InvalidOptions({ where, option, value, expected: `${expected} for an actor with a stash` })
  }
  if (behaviour.laneBytes > 0) refuse("mailbox.survives", "true", "false, since what is put off ends with its thread,")
  if (behaviour.isPooled === true) refuse("pool", "true", "none, since a job of a pool waits in the pool,")
}

const put = (cell: Cell, mailbox: RepeatingMailbox): Exit.Exit<Stashed, StashFull> => {
  const { held } = mailbox
  const { behaviour: { protocol }, name: actor } = cell
  // Its handler has ended it: what that has in hand is given up when the handler ends too.
  if (cell.phase >= RESTARTING) return Exit.succeed(STASHED)
  if (held === undefined) return Exit.die(new Error(`${actor} has no message in hand that it could put off`))
  const { capacity } = mailbox
  if (mailbox.stashed < capacity) return Exit.succeed(STASHED)
  const undelivered = { tag: protocol.tags[wordOf(held.word) & INDEX_MASK]!, payload: held.payload }
  return Exit.fail(new StashFull({ actor, capacity, undelivered }))
}

/** The stash of the incarnation that is being built. */
export const make =
  (protocol: Protocol) => (options: StashOptions): Effect.Effect<Stash, never, CurrentActor | Scope.Scope> =>
    Effect.flatMap(CurrentActor, ({ key, recipient }) => {
      const where = `${actorName(protocol, key)}: stash`
      const cell = recipient as Cell
      checkOwner(where, cell)
      const mailbox = withStash(cell, capacityOf(where, options))
      let isClosed = false
      const unstash = (count: number) => {
        if (isClosed) return
        mailbox.unstash(count)
        cell.arrived()
      }
      const stash: Stash = {
        put: Effect.suspend(() => put(cell, mailbox)),
        unstashAll: Effect.sync(() => unstash(Infinity)),
        unstash: (count) => Effect.sync(() => unstash(countOf(where, count))),
        size: Effect.sync(() => isClosed ? 0 : mailbox.stashed)
      }
      return Effect.as(Effect.addFinalizer(() => Effect.sync(() => void (isClosed = true))), stash)
    })
