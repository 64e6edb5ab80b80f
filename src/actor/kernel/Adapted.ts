/**
 * What stands in a mailbox in the place of a payload that has come by an adapter: the message as it was sent, which becomes one of the actor's own when its turn comes.
 */
import type { Recipient } from "./Recipient.ts"

/** See the module. */
export class Adapted {
  /** For whom it was sent, as which message, and what it said. */
  declare readonly to: Pick<Recipient, "protocol" | "key">
  declare readonly index: number
  declare readonly payload: unknown
  /** Makes what it says to the actor of it; somebody's code, which may throw. */
  declare readonly make: () => unknown
  constructor(to: Adapted["to"], index: number, payload: unknown, make: () => unknown) {
    this.to = to
    this.index = index
    this.payload = payload
    this.make = make
  }
}

/** A payload as its sender has given it. */
export const asSent = (payload: unknown): unknown => payload instanceof Adapted ? payload.payload : payload
