/**
 * Messages that nobody will handle, kept to be looked at, and to be sent again once that may help.
 *
 * A tell becomes a dead letter when it is given up with its payload at hand: it was set aside, dropped by a full mailbox, or dropped with the end of
 * its actor. The letters of all threads come to a store of the main thread, which keeps the last ones. `ActorSystem.deadLetters` is that store.
 *
 * Never a letter, and only counted: messages that were in a ring or a mailbox when their thread died (`ThreadEnded.unread` counts those in the
 * ring), what lies in the lane of an actor that has ended on another thread, what was for an actor whose number nobody knows any more, and
 * messages that a parcel or the end of a channel moves with, which is released with them. Asks have an asker, who is told. A message whose
 * handler has crashed was handled, unless its behaviour says `redeliver`.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { ExitReason } from "./ExitReason.ts"
import type { Overflow } from "./kernel/Mailbox.ts"

/** Why a message is a dead letter. */
export type Why =
  /** It was being handled at each of so many crashes; see `SupervisionOptions.redeliver`. */
  | { readonly _tag: "SetAside"; readonly cause: Cause.Cause<unknown> }
  /** Its actor has ended before its turn came. */
  | { readonly _tag: "ActorEnded"; readonly reason: ExitReason }
  /** The mailbox was full, or the way to it, and its behaviour says that something is dropped then. */
  | { readonly _tag: "Overflow"; readonly policy: Overflow }

/** See the module. */
export interface DeadLetter {
  /** Its number in the store, which no other has. */
  readonly id: number
  /** For whom it was: `Counter/a`. */
  readonly actor: string
  /** The name of the definition of that actor, and its key. */
  readonly name: string
  readonly key: string
  /** The tag of its `Rpc`. */
  readonly message: string
  /**
   * What it says, as it would have been delivered: a `Redacted` in it is one here as well. `undefined` when {@link isReadable} is `false`.
   */
  readonly payload: unknown
  /** Whether this thread can read it: one from a worker is bytes to a thread that has met no reference to such an actor. It can be sent again all the same. */
  readonly isReadable: boolean
  readonly why: Why
  /** How often a handler was begun with it, since it was sent last. */
  readonly attempts: number
  /** How often it was sent again. */
  readonly replays: number
  /** When it was given up, by the clock of its thread, in milliseconds. */
  readonly timeMillis: number
}

/** How much is kept. */
export interface LimitsOptions {
  /** Letters in the store; the oldest makes way for the next one. Default 1,000. With 0 none is kept, and `stream` alone tells of them. */
  readonly letters?: number | undefined
  /**
   * How often one message may be sent again, whatever becomes of it in between, but that its thread dies and it survives that in its mailbox: it is
   * counted anew then. Default 3.
   */
  readonly replays?: number | undefined
}

/**
 * How much is kept of dead letters; read where the layer of the system is built.
 *
 * **Gotchas** The bound is a number of letters, not of bytes: a letter keeps its payload.
 */
export const Limits: Context.Reference<LimitsOptions> = Context.Reference("shared-nothing/actor/DeadLetters/Limits", {
  defaultValue: () => ({})
})

/** What became of all letters so far. */
export interface Stats {
  /** Letters that are in the store. */
  readonly stored: number
  /** Letters that have come to it. */
  readonly received: number
  /** Letters that had to make way for others. */
  readonly evicted: number
  /**
   * Messages given up that would have been letters and are none: something moves with them, they cannot be written for another thread, or more were given
   * up at once than are kept.
   */
  readonly missed: number
}

/**
 * The store has no letter of this id: it was sent again, removed, has made way for others, or is being sent again at this moment.
 *
 * **Errors** There is nothing to be done.
 */
export class LetterNotFound
  extends Schema.TaggedError<LetterNotFound>("shared-nothing/actor/LetterNotFound")("LetterNotFound", {
    id: Schema.Number
  })
{
  override get message() {
    return `there is no dead letter ${this.id}: it was sent again or removed, or others have taken its place`
  }
}

/**
 * The message was sent again as often as {@link Limits} allow.
 *
 * **Errors** It stays in the store. Mend what it meets, or take it out: the payload is in the letter.
 */
export class ReplaysSpent
  extends Schema.TaggedError<ReplaysSpent>("shared-nothing/actor/ReplaysSpent")("ReplaysSpent", {
    id: Schema.Number,
    actor: Schema.String,
    tag: Schema.String,
    replays: Schema.Number
  })
{
  override get message() {
    return `${this.tag} for ${this.actor} has been sent again ${this.replays} times, and is not any more`
  }
}

/**
 * The message could not be sent again, and stays in the store.
 *
 * **Errors** `why` is
 *
 * - `"notUp"`: no actor has its name now, or that is being built or ends: spawn it
 * - `"full"`: its mailbox has no room; a replay does not wait: try later
 * - `"threadDown"`: its thread is down, or has died meanwhile, and what it had taken with it: try later
 * - `"unreadable"`: the actor cannot read it: it has another layout, or the payload cannot be written or breaks its schema
 */
export class ReplayRefused
  extends Schema.TaggedError<ReplayRefused>("shared-nothing/actor/ReplayRefused")("ReplayRefused", {
    id: Schema.Number,
    actor: Schema.String,
    tag: Schema.String,
    why: Schema.Literals(["notUp", "full", "threadDown", "unreadable"])
  })
{
  override get message() {
    return `${this.tag} could not be sent to ${this.actor} again: ${reasons[this.why]}`
  }
}

const reasons: Record<ReplayRefused["why"], string> = {
  notUp: "no actor of that name is up",
  full: "its mailbox is full",
  threadDown: "its thread is down",
  unreadable: "it cannot be read there"
}

/** What a replay can fail with. */
export type ReplayError = LetterNotFound | ReplaysSpent | ReplayRefused

/**
 * The dead letters of a system.
 *
 * **Gotchas** They are the main thread's. What a program on a worker is given knows of none: `all` is empty, and `stream` silent.
 */
export interface DeadLetters {
  /** The letters in the store, the oldest first. */
  readonly all: Effect.Effect<ReadonlyArray<DeadLetter>>
  /** The letters to come. Whoever falls 1,024 of them behind misses the oldest. */
  readonly stream: Stream.Stream<DeadLetter>
  /**
   * Sends a message again, to the actor that has its name now, wherever that lives, behind what waits there. Once it is taken the letter is gone; if
   * it is given up once more, it is another letter, which knows how often it was sent again.
   *
   * **Errors** `LetterNotFound`, `ReplaysSpent`, `ReplayRefused`. A letter that could not be sent stays.
   */
  readonly replay: (id: number) => Effect.Effect<void, ReplayError>
  /** Takes a letter out of the store, and answers whether it was there. */
  readonly remove: (id: number) => Effect.Effect<boolean>
  /** How many there are, and how many there were. */
  readonly stats: Effect.Effect<Stats>
}
