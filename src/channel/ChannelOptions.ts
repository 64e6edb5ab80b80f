/**
 * What a channel is asked for with, and what of it makes sense.
 */
import { checkNames, type Names } from "../runtime/Options.ts"
import { type Overflow, policies } from "../runtime/Overflow.ts"
import { textOf } from "../runtime/Text.ts"
import { InvalidChannel } from "./ChannelError.ts"

export type { Overflow } from "../runtime/Overflow.ts"

/**
 * How many ends a channel has: `"spsc"` one sender and one receiver, `"mpsc"` many senders, `"mpmc"` many of both, each
 * message to one receiver, `"broadcast"` one sender whose every message goes to all receivers.
 */
export type Kind = "spsc" | "mpsc" | "mpmc" | "broadcast"

/** Options of a channel within one thread. */
export interface Options {
  /** The name in errors and statistics; `"channel"` unless told. */
  readonly name?: string | undefined
  /** `"mpmc"` unless told. */
  readonly kind?: Kind | undefined
  /**
   * Messages that may wait: a whole number of 1 or more, or `"unbounded"`; 16 unless told. A broadcast keeps so many for
   * each receiver.
   */
  readonly capacity?: number | "unbounded" | undefined
  /**
   * What happens to a message when the channel is full: the sender waits (`"suspend"`, unless told), it fails with `ChannelFull`, the message is
   * dropped, or the oldest one is. A broadcast never waits: a receiver that is too slow misses messages and is told.
   */
  readonly overflow?: Overflow | undefined
}

/** Options of a channel between threads. */
export interface SharedOptions extends Options {
  /**
   * Bytes of shared memory for messages, a power of two from 4 KiB to 512 MiB; for each of the `ends` of kind `"mpsc"`, 4 GiB together;
   * computed from `capacity` unless told. A message takes at most a quarter of it. Not for kind `"mpmc"`.
   */
  readonly bufferBytes?: number | undefined
  /**
   * Bytes that one message of kind `"mpmc"` takes at most, a multiple of 8 up to 65,536; what the schema needs when all its
   * values have the same size, else 256. Not for the other kinds.
   */
  readonly messageBytes?: number | undefined
  /** Most ends that the channel ever has at the same time, 2 to 63; 16 unless told. */
  readonly ends?: number | undefined
}

/** Options with everything filled in. */
export interface Settings {
  readonly name: string
  readonly kind: Kind
  /** Messages; `Infinity` when unbounded. */
  readonly capacity: number
  readonly overflow: Overflow
}

/** Largest capacity in messages. */
export const MAX_CAPACITY = 2 ** 24

const OPTIONS: Names<Options> = { name: true, kind: true, capacity: true, overflow: true }
const SHARED: Names<SharedOptions> = { ...OPTIONS, bufferBytes: true, messageBytes: true, ends: true }

const kinds: ReadonlyArray<unknown> = ["spsc", "mpsc", "mpmc", "broadcast"]

/** Throws `InvalidChannel`. */
export const refuse = (channel: string, option: string, value: unknown, requirement: string): never => {
  throw new InvalidChannel({ channel, option, value, requirement })
}

/**
 * Fills the options in.
 *
 * **Errors** Throws `InvalidChannel` for one that makes no sense.
 */
export const settingsOf = (options: Options): Settings => settingsBy(options, OPTIONS)

/** The same of a channel between threads. */
export const sharedSettingsOf = (options: SharedOptions): Settings => settingsBy(options, SHARED)

const settingsBy = <O extends Options>(options: O, names: Names<O>): Settings => {
  // Only what is left out has a default: null is a mistake.
  const { capacity: asked = 16, kind = "mpmc", name = "channel", overflow = "suspend" } = options
  if (typeof name !== "string") refuse(textOf(name), "name", name, "text")
  checkNames(options, names, (option, value, expected) => refuse(name, option, value, expected))
  if (!kinds.includes(kind)) refuse(name, "kind", kind, `one of ${kinds.join(", ")}`)
  if (!policies.includes(overflow)) refuse(name, "overflow", overflow, `one of ${policies.join(", ")}`)
  if (kind === "broadcast" && options.overflow !== undefined) {
    refuse(name, "overflow", overflow, `left out for kind "broadcast", whose sender never waits`)
  }
  const capacity = asked === "unbounded" ? Infinity : asked
  if (asked !== "unbounded" && !(Number.isInteger(capacity) && capacity >= 1 && capacity <= MAX_CAPACITY)) {
    refuse(name, "capacity", asked, `a whole number from 1 to ${MAX_CAPACITY}, or "unbounded"`)
  }
  if (kind === "broadcast" && capacity === Infinity) {
    refuse(name, "capacity", asked, `a number for kind "broadcast", whose slow receivers must not hold memory for ever`)
  }
  return { name, kind, capacity, overflow }
}
