/**
 * Parcels: large bytes that messages hand over instead of copying, and what whoever sends and receives messages does for that.
 *
 * A parcel lies in an arena (`memory/Arena`) and is used through an object: a {@link Unique} one belongs to one thread, which may write to it; a
 * {@link Shared} one is a reference to bytes that several threads read. Both are schemas too, for any field of a message. What is sent is moved: the
 * sender's object is dead from then on, the receiver has one of its own, and the bytes have not been touched.
 *
 * ```text
 *  sender                                               receiver
 *    bytes = codec.encode(message, scratch)
 *    offset = ring.claim(bytes)                           message = codec.read(region, offset, end)
 *    carrier.send(message)     nothing moved before       carrier.take(message)     nothing taken before
 *    scratch.copyTo(region, offset)                       handle it, or carrier.drop(message)
 *    ring.commit, publish                                 ring.release
 * ```
 *
 * Promises:
 * - `encode`, `isValid` and `read` change nothing: they may be called any number of times, and their results dropped. A parcel is
 *   written under the handle that it will have when it is sent.
 * - `send` moves all parcels of a message or none, before the record is visible; a claim that is aborted before `send` needs nothing else, one
 *   that is aborted after it needs `restore`.
 * - `take` makes all parcels of a message this thread's or none. A message that is read twice (its first reader died before it could release the
 *   record) is taken once: the second `take` answers `false`, and the parcels are with what the first reader made of them, or recovered with it.
 *
 * Never does: revoke views. `bytes` taken from an object before its parcel was moved still reads and writes memory that belongs to somebody
 * else. Ask the object each time, and do not write to shared parcels: JavaScript has no way to forbid it.
 *
 * Parcels of a message that never arrives stay in the arena until `ArenaEnd.forget` of their sender: who throws a record away reads it first and
 * calls `drop`. A message that stays on its thread is handed over as it is, with its parcels; no carrier is asked.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Arena from "../memory/Arena.ts"
import { usage } from "../memory/ArenaUsage.ts"
import * as Codec from "./Codec.ts"
import { type Held, opened, SharedParcel, UniqueParcel } from "./internal/parcel.ts"
import { type Find, finderOf, ParcelKey } from "./internal/parcelFinder.ts"
import { Refused, Undecodable } from "./internal/plan.ts"
import { type Transformation, TransformationKey } from "./internal/transformed.ts"
import { ArenaFull, ArenaTaken, ParcelTooLarge } from "./ParcelError.ts"

/** What both kinds of parcels can do. */
interface Bytes {
  /**
   * The bytes, in place.
   *
   * **Errors**: `ParcelGone`.
   *
   * **Gotchas**: the view outlives the parcel; do not keep it beyond `release`, `share` or the sending of the parcel.
   */
  readonly bytes: Uint8Array<SharedArrayBuffer>
  /** Whether the parcel is there to be used: not moved, shared or released. */
  readonly isHeld: boolean
  /**
   * Gives the parcel, or the reference, up.
   *
   * **Errors**: `ParcelGone`, also when it was released before.
   */
  release(): void
}

/** A parcel that this thread owns alone. */
export interface Unique extends Bytes {
  /**
   * Ends the writing: the parcel becomes one that many may read. This object is dead afterwards.
   *
   * **Errors**: `ParcelGone`.
   */
  share(): Shared
}

/** A reference to a parcel that several threads may read. The parcel is freed when its last reference is released. */
export interface Shared extends Bytes {
  /**
   * Another reference to the same bytes, to be sent or kept by itself.
   *
   * **Errors**: `TooManyReferences`, `ParcelGone`.
   */
  clone(): Shared
}

/** How a parcel lies in a message: 16 bytes. */
export interface Encoded {
  /** The arena's id. */
  readonly arena: number
  /** The handle that it has on its way. */
  readonly handle: number
}

const Wire = Schema.Struct({ arena: Schema.Number.pipe(Codec.width("u32")), handle: Schema.Number })

const encode = ({ end, handle }: Held): Encoded => ({ arena: end.id, handle: Arena.handleInTransit(handle) })

/** The object of a parcel that has arrived, or why it is none. */
const decode = <T extends Held>(kind: Kind<T>, { arena, handle }: Encoded): T | string => {
  const end = opened.get(arena)
  if (end === undefined) return `arena ${arena} is not open on this thread: Parcel.open`
  const isReference = kind === (SharedParcel as unknown)
  return end.isHandle(handle) && Arena.isReference(handle) === isReference
    ? new kind(end, handle, "arrived")
    : `${handle} is not a handle of ${isReference ? "a reference" : "a parcel"}`
}

type Kind<T> = new(end: Arena.ArenaEnd, handle: number, state: "held" | "arrived") => T

const refused = (message: string, input: unknown) => Effect.fail(new SchemaIssue.InvalidValue({ message }, input))

// Codecs take the short way, every other parser the transformation of the schema; both do the same.
const schemaOf = <T extends Held>(kind: Kind<T>, expected: string) => {
  const short: Transformation = {
    encode: (value) => value instanceof kind && value.canLeave ? encode(value) : Refused,
    decode: (encoded) => {
      const parcel = decode(kind, encoded as Encoded)
      return typeof parcel === "string" ? new Undecodable(parcel) : parcel
    }
  }
  const declared = Schema.declare((value: unknown): value is T => value instanceof kind, {
    expected,
    [ParcelKey]: true,
    [TransformationKey]: short
  })
  return declared.pipe(Schema.encodeTo(
    Wire,
    SchemaTransformation.transformEffect<T, Encoded>({
      decode: (encoded) => {
        const parcel = decode(kind, encoded)
        return typeof parcel === "string" ? refused(parcel, encoded) : Effect.succeed(parcel)
      },
      encode: (parcel) => parcel.canLeave ? Effect.succeed(encode(parcel)) : refused(parcel.gone().message, parcel)
    })
  ))
}

/**
 * Schema of a parcel that moves with its message.
 *
 * **Example** (A parcel in a message)
 * ```ts
 * import * as Schema from "effect/Schema"
 * import * as Parcel from "shared-nothing/wire/Parcel"
 *
 * const Frame = Schema.Struct({ width: Schema.Int, height: Schema.Int, pixels: Parcel.Unique })
 * ```
 */
export const Unique: Schema.Codec<Unique, Encoded> = schemaOf(UniqueParcel, "a parcel")

/** Schema of a reference that moves with its message. Send `parcel.clone()` to keep one. */
export const Shared: Schema.Codec<Shared, Encoded> = schemaOf(
  SharedParcel,
  "a reference to a shared parcel"
)

/**
 * Opens an arena on this thread: parcels of it can be allocated here and can arrive here.
 *
 * **Details**: `owner` is the thread's number in the arena, from 1 to 255. Opening the same memory again answers the same end.
 *
 * **Errors**: `ArenaTaken`; `InvalidMemory` and `InvalidOwner` of `memory/MemoryError`.
 */
export const open = (memory: SharedArrayBuffer, owner: number): Arena.ArenaEnd => {
  const end = new Arena.ArenaEnd(memory, owner)
  const known = opened.get(end.id)
  if (known === undefined) {
    opened.set(end.id, end)
    return end
  }
  if (known.buffer !== memory || known.owner !== owner) {
    throw new ArenaTaken({ id: end.id, owner, openedBy: known.owner })
  }
  return known
}

/** Closes an arena on this thread: its parcels cannot arrive here any more. What is held stays held. */
export const close = (end: Arena.ArenaEnd): void => {
  if (opened.get(end.id) === end) opened.delete(end.id)
}

/**
 * Allocates a parcel, or throws.
 *
 * **Errors**: `ArenaFull`, `ParcelTooLarge`; `InvalidSize` of `memory/MemoryError` when `bytes` is no whole number of 1 or more.
 *
 * **Gotchas**: the bytes are not zeroed.
 */
export const allocateUnsafe = (end: Arena.ArenaEnd, bytes: number): Unique => {
  const handle = end.allocate(bytes)
  if (handle >= 0) return new UniqueParcel(end, handle, "held")
  if (handle === Arena.PARCEL_TOO_LARGE) throw new ParcelTooLarge({ bytes, capacityBytes: end.capacityBytes })
  const { capacityBytes, largestFreeBytes, usedBytes } = usage(end.buffer)
  throw new ArenaFull({ bytes, largestFreeBytes, usedBytes, capacityBytes })
}

/** Allocates a parcel. A size that is no whole number of 1 or more is a defect. */
export const allocate = (end: Arena.ArenaEnd, bytes: number): Effect.Effect<Unique, ArenaFull | ParcelTooLarge> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(allocateUnsafe(end, bytes))
    } catch (error) {
      return error instanceof ArenaFull || error instanceof ParcelTooLarge ? Effect.fail(error) : Effect.die(error)
    }
  })

/** What whoever sends and receives the messages of a schema does with the parcels in them. */
export interface Carrier<in A> {
  /**
   * Takes the parcels of a message out of the hands of this thread's code before the message can be written.
   *
   * **When to use**: for messages that are accepted and wait in front of a ring. Writing and `send` go on from here, `restore` undoes it.
   *
   * **Errors**: as of `send`.
   */
  hold(message: A): void
  /**
   * Moves the parcels of a message that has been written away from this thread.
   *
   * **When to use**: after `Codec.write` took the message, and before its record can be seen.
   *
   * **Errors**: `ParcelGone` when one of them is not held, or is in the message twice; then none has been moved, and the record must be aborted.
   */
  send(message: A): void
  /**
   * Gives back what `hold` or `send` took, as long as nobody has taken it.
   *
   * **When to use**: when the record was aborted after `send`, or is known never to be read; when a message that waited is given up.
   */
  restore(message: A): void
  /**
   * Makes the parcels of a message that was read this thread's.
   *
   * **Details**: `false` when one of them was taken before or forgotten; then those that could be taken have been released, and the message is
   * of no use.
   */
  take(message: A): boolean
  /** Releases the parcels of a message that nobody will handle, taken or not. */
  drop(message: A): void
}

const carriers = new WeakMap<SchemaAST.AST, Carrier<never> | "none">()

/**
 * The carrier of a schema, or `undefined` when its messages carry no parcels.
 *
 * **Details**: parcels are found in structs, classes, records, arrays, tuples, unions, options and recursive schemas.
 *
 * **Errors**: `SchemaUnsupported` when there can be parcels where they are not found: in other containers, or behind a transformation.
 */
export const carrier = <S extends Schema.Top>(schema: S): Carrier<S["Type"]> | undefined => {
  let known = carriers.get(schema.ast)
  if (known === undefined) {
    const find = finderOf(schema.ast)
    known = find === undefined ? "none" : makeCarrier(find)
    carriers.set(schema.ast, known)
  }
  return known === "none" ? undefined : known as Carrier<S["Type"]>
}

/** Whether the values of a schema can hold parcels, wherever in them. */
export const carries = (schema: Schema.Top): boolean => {
  try {
    return carrier(schema) !== undefined
  } catch {
    // In a place where they would not be found.
    return true
  }
}

const makeCarrier = (find: Find): Carrier<unknown> => {
  const parcelsOf = (message: unknown): ReadonlyArray<Held> => {
    const found: Array<Held> = []
    find(message, found)
    return found
  }
  const all = (message: unknown, step: (parcel: Held) => boolean): void => {
    const parcels = parcelsOf(message)
    for (let i = 0; i < parcels.length; i++) {
      const parcel = parcels[i]!
      if (step(parcel)) continue
      const error = parcel.gone()
      for (const done of parcels.slice(0, i)) done.restore()
      throw error
    }
  }
  return {
    hold: (message) => all(message, (parcel) => parcel.hold(message)),
    send: (message) => all(message, (parcel) => parcel.send(message)),
    restore: (message) => parcelsOf(message).forEach((parcel) => parcel.restore()),
    take: (message) => {
      const parcels = parcelsOf(message)
      const taken = parcels.filter((parcel) => parcel.take())
      if (taken.length === parcels.length) return true
      for (const parcel of parcels) parcel.drop()
      return false
    },
    drop: (message) => parcelsOf(message).forEach((parcel) => parcel.drop())
  }
}
