/**
 * Parcels: large bytes that messages hand over instead of copying.
 *
 * A parcel lies in an arena (`memory/Arena`) and is used through an object: a {@link Unique} one belongs to one thread, which may write to it; a
 * {@link Shared} one is a reference to bytes that several threads read. Both are schemas too, for any place in a message: what travels with
 * messages is told by `wire/Carriage`. What is sent is moved: the sender's object is dead from then on, the receiver has one of its own, and the
 * bytes have not been touched. A parcel is written under the handle that it will have when it is sent.
 *
 * Never does: revoke views. `bytes` taken from an object before its parcel was moved still reads and writes memory that belongs to somebody
 * else. Ask the object each time, and do not write to shared parcels: JavaScript has no way to forbid it.
 *
 * What a handler of an actor was given and has not used (`bytes`, `clone`, `share`, `release`, sending it on) is released when that fails or is interrupted; what it has used is
 * its own to release, and so is all of it when it succeeds.
 *
 * Parcels of a record that nobody will read stay in the arena until `ArenaEnd.forget` of their sender: who throws a record away reads it first and
 * drops what has arrived.
 */
import type * as Effect from "effect/Effect"
import type { ArenaEnd } from "../memory/Arena.ts"
import type * as Carry from "./Carry.ts"
import { allocateIn, allocating, SharedParcel, UniqueParcel } from "./internal/parcel.ts"
import { parcelSchema, Wire } from "./internal/parcelSchema.ts"
import type { ArenaFull, ParcelTooLarge } from "./ParcelError.ts"

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
export const Unique: Carry.Of<Unique, Encoded> = parcelSchema(Wire, {
  expected: "a parcel",
  isReference: false,
  is: (value): value is UniqueParcel => value instanceof UniqueParcel,
  make: (end, handle) => new UniqueParcel(end, handle, "arrived"),
  beside: {}
})

/** Schema of a reference that moves with its message. Send `parcel.clone()` to keep one. */
export const Shared: Carry.Of<Shared, Encoded> = parcelSchema(Wire, {
  expected: "a reference to a shared parcel",
  isReference: true,
  is: (value): value is SharedParcel => value instanceof SharedParcel,
  make: (end, handle) => new SharedParcel(end, handle, "arrived"),
  beside: {}
})

/**
 * Allocates a parcel, or throws.
 *
 * **Errors**: `ArenaFull`, `ParcelTooLarge`; `InvalidSize` of `memory/MemoryError` when `bytes` is no whole number of 1 or more.
 *
 * **Gotchas**: the bytes are not zeroed.
 */
export const allocateUnsafe = (end: ArenaEnd, bytes: number): Unique =>
  new UniqueParcel(end, allocateIn(end, bytes), "held")

/** Allocates a parcel. A size that is no whole number of 1 or more is a defect. */
export const allocate = (end: ArenaEnd, bytes: number): Effect.Effect<Unique, ArenaFull | ParcelTooLarge> =>
  allocating(() => allocateUnsafe(end, bytes))
