/**
 * Values of one thread: Pony's `ref`. They are changed where they are, and are never in a message.
 *
 * A schema may say that a value holds one, at whatever depth. A protocol of actors, or of the channels of a thread (`ChannelThread`), whose messages have it does
 * not compile: the schema of a `Ref` requires a service that nobody has, and every schema that is made of it requires that too. Where a cast has hidden it
 * `Actor.make` throws `InvalidProtocol`, and `SharedChannel.make` dies with `SchemaUnsupported`; a value that is given for something else makes its message one that
 * is refused, as `InvalidPayload`.
 *
 * To let others know of it send a `Tag`; to let them read what is in it, a `Val`; to give it away, an `Iso`.
 *
 * **Example** (A cache that stays where it is)
 *
 * ```ts
 * import { Ref } from "shared-nothing"
 * import * as Schema from "effect/Schema"
 *
 * const Session = Schema.Struct({ user: Schema.String, seen: Ref.of<Map<string, number>>("what the user has seen") })
 *
 * const session: typeof Session.Type = { user: "ada", seen: Ref.make(new Map()) }
 * session.seen.value.set("start", 1)
 * ```
 */
import * as Schema from "effect/Schema"
import type * as Carry from "./Carry.ts"
import { StaysKey } from "./internal/declared.ts"

const TypeId = "~shared-nothing/Ref"

/** What belongs to one thread. */
export interface Ref<in out T> {
  readonly [TypeId]: typeof TypeId
  value: T
}

/** What the schema of a `Ref` requires to be encoded, and to be decoded; nobody has it. */
export interface LivesOnOneThread {
  readonly "~shared-nothing/LivesOnOneThread": unique symbol
}

/** The schema of a `Ref`. */
export interface Of<T> extends Carry.Of<Ref<T>, Ref<T>, LivesOnOneThread, LivesOnOneThread> {}

class Held<T> implements Ref<T> {
  declare value: T
  constructor(value: T) {
    this.value = value
  }
  get [TypeId](): typeof TypeId {
    return TypeId
  }
}

/** Makes one. */
export const make = <T>(value: T): Ref<T> => new Held(value)

/** Whether a value is one. */
export const isRef = (u: unknown): u is Ref<unknown> => typeof u === "object" && u !== null && TypeId in u

/** Makes the schema of references to `what`, which is for texts. */
export const of = <T>(what: string): Of<T> => {
  const schema = Schema.declare<Ref<T>>((u): u is Ref<T> => isRef(u), {
    expected: `a Ref (${what})`,
    [StaysKey]: `it is a Ref (${what}), which lives on one thread: send a Tag of it, or what is in it`
  })
  // What it requires is known to the type alone.
  return schema as Schema.Schema<Ref<T>> as Of<T>
}

/** Whether these services are asked for by a schema that holds a `Ref`. */
export type Among<Services> = 0 extends 1 & Services ? false :
  [Extract<Services, LivesOnOneThread>] extends [never] ? false
  : true

/** Says no to a schema of messages that hold a `Ref`. */
export type NoRef<S extends Schema.Top> = Among<S["EncodingServices"] | S["DecodingServices"]> extends true
  ? { readonly "it holds a Ref, which lives on one thread: send a Tag of it, or what is in it": never }
  : unknown
