/**
 * How references leave and enter a thread inside of messages.
 *
 * A reference is written as an address and read back as a reference to the same actor. Only a system with threads can
 * address an actor, so it lends its {@link RefTransport} to the codecs for as long as they run, which is always
 * synchronous; outside of that time there is none, and encoding a reference fails with a message that says so.
 */
import type { Address } from "./Address.ts"
import type { Protocol } from "./Protocol.ts"
import type { Recipient } from "./Recipient.ts"

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
}

/**
 * The transport of a message that stays on its thread: what carries references is only checked, and never written or read.
 */
export const checking: RefTransport = {
  addressOf: (recipient) => ({
    system: 0,
    node: 0,
    thread: 0,
    epoch: 0,
    actor: 0,
    capacity: 0,
    overflow: "suspend",
    layoutHash: recipient.protocol.layoutHash,
    key: recipient.key
  }),
  recipientAt: () => {
    throw new Error("a message that stays on its thread is not read back")
  }
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
