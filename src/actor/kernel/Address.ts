/**
 * A reference as it travels between threads.
 */
import * as Schema from "effect/Schema"
import { policies } from "../../runtime/Overflow.ts"

/** A reference as it travels. */
export const Address = Schema.Struct({
  /** The system that hosts the actor: a number of its own, so that no other takes the address for one of its actors. */
  system: Schema.Number,
  /** The machine that hosts it; 0 is this one. */
  node: Schema.Number,
  /** The thread that hosts the actor. */
  thread: Schema.Number,
  /** Which incarnation of that thread the number belongs to; 0 when it outlives incarnations. */
  epoch: Schema.Number,
  /** The actor's number there. */
  actor: Schema.Number,
  /** Its mailbox, so that a sender knows its credit; 0 is unbounded. */
  capacity: Schema.Number,
  overflow: Schema.Literals(policies),
  /** Bytes of shared memory that each thread has for what it sends, when the mailbox survives its thread; else 0. */
  laneBytes: Schema.Number,
  /** The layout that its protocol has on the thread that wrote the address. */
  layoutHash: Schema.Number,
  key: Schema.String,
  /** Whether it is the actor that has this key in a shard: that of the number. */
  isKeyed: Schema.Boolean
})

/** The type of {@link Address}. */
export type Address = typeof Address.Type
