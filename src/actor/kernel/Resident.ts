/**
 * Who takes the messages that come to this thread by a link: an actor, or a shard, which hands them on.
 */
import type { ExitReason } from "../ExitReason.ts"
import type { Behaviour } from "./Behaviour.ts"
import type { Protocol } from "./Protocol.ts"
import type { Taker, Word } from "./Word.ts"

/** See the module. */
export interface Resident extends Taker {
  /** How its messages are written. */
  readonly protocol: Protocol
  readonly behaviour: Pick<Behaviour, "capacity">
  readonly mailbox: { readonly isLasting: boolean } | undefined
  /** Whether the next message is best handled at once, by `receive`. */
  readonly isAtHand: boolean
  readonly isDraining: boolean
  readonly hasStopped: boolean
  readonly reason: ExitReason
  /** Handles a tell without a round through the mailbox; only while {@link isAtHand}. */
  receive(index: number, payload: unknown): void
  /** Takes a message of a sender who is bound by credit. */
  deliverRemote(word: Word, payload: unknown): void
  /** Settles a message that will never be handled. */
  undeliverable(word: Word, payload: unknown): void
  whenStopped(listener: (reason: ExitReason) => void): void
  whenDraining(listener: (reason: ExitReason) => void): void
  unwatch(listener: (reason: ExitReason) => void): void
}
