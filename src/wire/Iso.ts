/**
 * Memory that one thread has alone, and that it gives away by sending it: Pony's `iso`.
 *
 * An `Iso` is a typed array in an arena (`memory/Arena`). A message that it stands in moves it: no byte is copied, the sender has it no longer, the receiver has
 * it alone. It is taken once. A message that is refused leaves it with its sender; what is dropped, or was for an actor or a thread that has gone, is
 * released with its message, and so is what a handler was given that fails or is interrupted before it has used it ({@link scoped}, {@link Iso.value}). So at each moment it
 * is somebody's, and in the end the arena's again.
 *
 * The sender's object is dead once the message is taken: what is asked of it fails with `ParcelGone`, and so does a second message. The compiler helps as far as it
 * can: behind {@link moved} and {@link release} the variable is of no use any more, so that what comes later does not compile.
 *
 * Never does: revoke views. A `value` that was taken out before still reads and writes memory that is somebody else's. Ask the object each time.
 *
 * **Example** (A picture is worked on where it is)
 *
 * ```ts
 * import { Actor, type ActorRef, Iso } from "shared-nothing"
 * import type { ArenaEnd } from "shared-nothing/memory/Arena"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 *
 * const Pixels = Iso.of(Float32Array)
 * const Painter = Actor.make("Painter", [Rpc.make("Paint", { payload: { pixels: Pixels } })])
 *
 * const paint = Effect.fnUntraced(function*(arena: ArenaEnd, painter: Actor.Ref<typeof Painter>) {
 *   const pixels = yield* Iso.allocate(arena, Float32Array, 640 * 480)
 *   pixels.value.fill(0.5)
 *   yield* painter.tell.Paint({ pixels })
 *   Iso.moved(pixels)
 *   // From here on `pixels.value` does not compile.
 * })
 * ```
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ArenaEnd } from "../memory/Arena.ts"
import type * as Carry from "./Carry.ts"
import { allocateIn, allocating, IsoParcel, type ViewClass } from "./internal/parcel.ts"
import { parcelSchema, wireAs } from "./internal/parcelSchema.ts"
import type * as Parcel from "./Parcel.ts"
import { type ArenaFull, ParcelHeld, type ParcelTooLarge } from "./ParcelError.ts"

const TypeId = "~shared-nothing/Iso"

/** A typed array that this thread has alone. */
export interface Iso<in out View> {
  readonly [TypeId]: (_: View) => View
  /**
   * The array, in place.
   *
   * **Errors** `ParcelGone`: it was sent, shared or released.
   */
  readonly value: View
  /** Whether it is there to be used. */
  readonly isHeld: boolean
}

/** How it lies in a message: 16 bytes; what its elements are takes no room. */
export interface Encoded {
  readonly arena: number
  readonly handle: number
  readonly of: string
}

/** Typed arrays over shared memory, by the name of their class. */
export interface Views {
  readonly Int8Array: Int8Array<SharedArrayBuffer>
  readonly Uint8Array: Uint8Array<SharedArrayBuffer>
  readonly Uint8ClampedArray: Uint8ClampedArray<SharedArrayBuffer>
  readonly Int16Array: Int16Array<SharedArrayBuffer>
  readonly Uint16Array: Uint16Array<SharedArrayBuffer>
  readonly Int32Array: Int32Array<SharedArrayBuffer>
  readonly Uint32Array: Uint32Array<SharedArrayBuffer>
  readonly Float32Array: Float32Array<SharedArrayBuffer>
  readonly Float64Array: Float64Array<SharedArrayBuffer>
  readonly BigInt64Array: BigInt64Array<SharedArrayBuffer>
  readonly BigUint64Array: BigUint64Array<SharedArrayBuffer>
}

/** The class of a typed array: `Uint8Array`, `Float64Array`, and so on. */
export interface ViewOf<Name extends keyof Views> extends ViewClass<unknown> {
  readonly prototype: { readonly [Symbol.toStringTag]: Name }
}

/** The schema of typed arrays of a class that move with their message. Both threads must mean the same class, which is part of the layout. */
export const of = <Name extends keyof Views>(view: ViewOf<Name>): Carry.Of<Iso<Views[Name]>, Encoded> =>
  parcelSchema(wireAs(view.name), {
    expected: `an Iso of a ${view.name}`,
    isReference: false,
    is: (value): value is IsoParcel<unknown> => value instanceof IsoParcel && value.view === view,
    make: (end, handle) => new IsoParcel(view, end, handle, "arrived"),
    beside: { of: view.name }
    // What it is outside of this module is its type alone.
  }) as unknown as Carry.Of<Iso<Views[Name]>, Encoded>

// And back: nothing else is made under that type.
const parcelOf = <V>(iso: Iso<V>): IsoParcel<V> => iso as unknown as IsoParcel<V>

/**
 * Allocates an array of so many elements, and releases it with the scope unless it has been given away by then.
 *
 * **Errors** `ArenaFull`, `ParcelTooLarge`. A length that is no whole number of 1 or more is a defect.
 *
 * **Gotchas** The elements are not zeroed.
 */
export const allocate = <Name extends keyof Views>(
  arena: ArenaEnd,
  view: ViewOf<Name>,
  length: number
): Effect.Effect<Iso<Views[Name]>, ArenaFull | ParcelTooLarge, Scope.Scope> =>
  Effect.acquireRelease(
    allocating(() => {
      // A part of an element is no whole number of bytes by chance alone: the length itself is refused.
      const bytes = Number.isInteger(length) ? length * view.BYTES_PER_ELEMENT : length
      const made = new IsoParcel(view, arena, allocateIn(arena, bytes), "held")
      return made as unknown as Iso<Views[Name]>
    }),
    letGo
  )

/**
 * Has one that has arrived released with the scope, unless it has been given away by then.
 *
 * **When to use** In a handler, or with the reply of an ask, first of all; in the scope of the actor where it is to be kept. From when this runs on it is the scope's, whatever becomes of the handler.
 */
export const scoped = <V>(iso: Iso<V>): Effect.Effect<Iso<V>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      parcelOf(iso).use()
      return iso
    }),
    letGo
  )

const letGo = <V>(iso: Iso<V>): Effect.Effect<void> =>
  Effect.sync(() => {
    if (iso.isHeld) parcelOf(iso).drop()
  })

/**
 * Gives it back to its arena. Behind this the variable is of no use, which the compiler knows.
 *
 * **Errors** Throws `ParcelGone`.
 */
export function release<V>(iso: Iso<V>): asserts iso is never {
  parcelOf(iso).release()
}

/**
 * Says that it has been given away: behind this the variable is of no use, which the compiler knows.
 *
 * **Errors** Throws `ParcelHeld` when it has not.
 */
export function moved<V>(iso: Iso<V>): asserts iso is never {
  if (iso.isHeld) throw new ParcelHeld()
}

/**
 * Ends the writing: the bytes become ones that many read, and that are freed with the last reference. The `Iso` is dead afterwards.
 *
 * **Errors** Throws `ParcelGone`.
 */
export const share = <V>(iso: Iso<V>): Parcel.Shared => parcelOf(iso).share()
