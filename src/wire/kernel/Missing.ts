/**
 * What a value could not be read for that may be there a moment later: such a value is read once more then.
 *
 * The end of a channel in a message needs the memory of the channel, which all threads are told before the message can be seen. A thread that began to
 * listen after that has to ask for it.
 */
import { Key } from "../Carriage.ts"

/** A service of a thread that knows. */
export interface Missing {
  /** All that the last value could not be read for, since it was asked last; nothing when that was no reason. */
  takeMissing(): ReadonlySet<number> | undefined
  /** Asks for it; `then` is called once, when all of it is there, or will not come. */
  want(missing: ReadonlySet<number>, then: () => void): void
}

/** The service. */
export const Awaited: Key<Missing> = new Key("shared-nothing/wire/Missing")
