/**
 * What a handler answers with that leaves its message to another actor: no reply, but the ask that is to bring it.
 */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { isPutOff } from "./Stashed.ts"

declare const Mark: unique symbol

/** The answer of a handler whose message another actor answers, with an `A`. */
export interface Forwarded<out A> {
  readonly [Mark]: readonly ["a message that another actor answers", A]
}

/** The value behind that type. */
export class Handover {
  /** Who is to answer. */
  declare readonly to: string
  /** Asks it for whoever waits. */
  declare readonly asking: Effect.Effect<unknown, unknown>
  /** Tells it, where nobody waits. */
  declare readonly telling: Effect.Effect<void, unknown>
  /** The same actor, as its `Recipient`. */
  declare readonly recipient: object | undefined
  constructor(
    to: string,
    asking: Effect.Effect<unknown, unknown>,
    telling: Effect.Effect<void, unknown>,
    recipient?: object
  ) {
    this.to = to
    this.asking = asking
    this.telling = telling
    this.recipient = recipient
  }
}

/** What a handler has handed on, if that is what it has done. */
export const handoverOf = (exit: Exit.Exit<unknown, unknown>): Handover | undefined =>
  exit._tag === "Success" && exit.value instanceof Handover ? exit.value : undefined

/** Whether a handler has ended, and its message is not answered with that. */
export const answersLater = (exit: Exit.Exit<unknown, unknown>): boolean =>
  isPutOff(exit) || handoverOf(exit) !== undefined
