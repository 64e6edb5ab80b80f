/**
 * How references leave and enter a thread inside of messages.
 *
 * A reference is written as an address and read back as a reference to the same actor. Only a system with threads can
 * address an actor, so it lends its {@link RefTransport} to the codecs for as long as they run, which is always
 * synchronous; outside of that time there is none, and encoding a reference fails with a message that says so.
 */
import * as Schema from "effect/Schema"
import type { Protocol } from "./Protocol.ts"
import type { Recipient } from "./Recipient.ts"

/** A reference as it travels. */
export const Address = Schema.Struct({
  /** The thread that hosts the actor. */
  thread: Schema.Number,
  /** Which incarnation of that thread the number belongs to; 0 when it outlives incarnations. */
  epoch: Schema.Number,
  /** The actor's number there. */
  actor: Schema.Number,
  /** Its mailbox, so that a sender knows its credit; 0 is unbounded. */
  capacity: Schema.Number,
  overflow: Schema.Literals(["suspend", "fail", "dropNewest", "dropOldest"]),
  /** The layout that its protocol has on the thread that wrote the address. */
  layoutHash: Schema.Number,
  key: Schema.String
})

/** The type of {@link Address}. */
export type Address = typeof Address.Type

/** Turns recipients into addresses and back. */
export interface RefTransport {
  readonly addressOf: (recipient: Recipient) => Address
  readonly recipientAt: (address: Address, protocol: Protocol) => Recipient
}

let lent: RefTransport | undefined

/** The transport of the codec run that is going on, if any. */
export const current = (): RefTransport | undefined => lent

/** Lends a transport until the next call; answers the one before, to be given back. */
export const lend = (transport: RefTransport | undefined): RefTransport | undefined => {
  const before = lent
  lent = transport
  return before
}
