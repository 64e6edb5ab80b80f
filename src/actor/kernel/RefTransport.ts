/**
 * How references leave and enter a thread inside of messages.
 *
 * A reference is written as an address and read back as a reference to the same actor. Only a system with threads can
 * address an actor: each of its threads has a {@link RefTransport} in the carriage that it gives to the codecs.
 */
import { Key } from "../../wire/Carriage.ts"
import type { Address } from "./Address.ts"
import type { Protocol } from "./Protocol.ts"
import type { Recipient } from "./Recipient.ts"
import type { Sends } from "./Sends.ts"

/** A reference that means nothing in the system that it is sent in. */
export class ForeignReference extends Error {
  readonly _tag = "ForeignReference"
  /** The actor, and the number of its system: absent when that is one thread alone. */
  readonly actor: string
  readonly system: number | undefined
  constructor(name: string, key: string, system: number | undefined, here: number) {
    const whose = system === undefined ? "a system of one thread" : `the system ${system.toString(36)}`
    super(
      `${name}/${key} is an actor of ${whose}, and cannot be reached from threads of the system ${here.toString(36)}`
    )
    this.name = "ForeignReference"
    this.actor = `${name}/${key}`
    this.system = system
  }
}

/** Turns recipients into addresses and back; both throw a {@link ForeignReference} for one of another system. */
export interface RefTransport {
  readonly addressOf: (recipient: Recipient) => Address
  readonly recipientAt: (address: Address, protocol: Protocol) => Recipient
  /** What is around the references that arrive. */
  readonly sends: Sends | undefined
}

/** The transport of a thread, in its carriage. */
export const References = new Key<RefTransport>("shared-nothing/actor/References")

/** What stands for the address of a reference in a message that stays on its thread, and is only checked. */
export const unsent = ({ key, protocol }: Recipient): Address => ({
  system: 0,
  node: 0,
  thread: 0,
  epoch: 0,
  actor: 0,
  capacity: 0,
  overflow: "suspend",
  laneBytes: 0,
  layoutHash: protocol.layoutHash,
  key,
  isKeyed: false
})
