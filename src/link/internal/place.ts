/**
 * What the halves of a link need of the thread they are on.
 */
import type { Address } from "../../actor/kernel/Address.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import type { RefTransport } from "../../actor/kernel/RefTransport.ts"
import type { Scratch } from "../../wire/Scratch.ts"
import type { Addressee, Outbound } from "./outbound.ts"

/** A receiver that owes credit to its senders. */
export interface Owing {
  /** Gives the credit back; `isUrgent` when the sender may be waiting for it. */
  pay(isUrgent: boolean): void
}

/** See the module. */
export interface Place {
  readonly host: Host
  /** Which thread of the system this is; 0 is the main thread. */
  readonly index: number
  /** Where messages are encoded. */
  readonly scratch: Scratch
  /** Who owes credit here. */
  readonly owing: Array<Owing>
  /** The link to the incarnation of `thread` that is up, made on first contact. */
  outboundTo(thread: number): Outbound | undefined
  /** Why `thread` cannot be reached. */
  whyDown(thread: number): { readonly thread: string; readonly reason: string; readonly isFinal: boolean }
  /** Lets `addressee` admit its waiters when `thread` is up again. */
  awaitThread(thread: number, addressee: Addressee): void
  /** Notes that an actor has ended; its address is remembered for a while. */
  forget(addressee: { readonly address: Address }): void
  /** Something is expected from another thread: it is looked for soon. */
  expectReply(): void
  /** Wakes another thread, if it sleeps. */
  wake(thread: number): void
  /** Milliseconds of a monotonic clock, read once a pass. */
  turnMillis(): number
  /** The actor of a number. */
  cellAt(actor: number, epoch: number): Cell | undefined
  /** A record of `thread` made no sense. */
  malformed(thread: number, error: unknown): void
  /** Lends the means to write and read references; give back what it answers. */
  lend(): RefTransport | undefined
  giveBack(before: RefTransport | undefined): void
}
