/**
 * What a value that travels with its message finds on its way through a codec, also where the parser of its schema is run.
 */
import * as Context from "effect/Context"
import type { Carriage, Carried } from "../Carriage.ts"
import type { MalformedRecord } from "../WireError.ts"

/** The services of the thread, and the list of what moves with the message. */
export interface Way {
  readonly carriage: Carriage
  readonly carried: Array<Carried>
  /** Why the message that is read is none: the rest of it is read all the same, for what moves with it. */
  fault?: MalformedRecord | undefined
}

/** The way of a message that stays on its thread: what travels is only looked at. */
export const CHECKED = Symbol("a message that is only checked")

/** The way of the run that goes on; none outside of a codec. A codec gives it to the parsers that it runs, and to nobody else. */
export const Current = Context.Reference<Way | typeof CHECKED | undefined>("shared-nothing/wire/Way", {
  defaultValue: () => undefined
})

/** Where a parser runs that is given a way. */
export const contextOf = (way: Way | typeof CHECKED | undefined): Context.Context<never> => Context.make(Current, way)
