/**
 * The objects that stand for parcels in a thread.
 */
import * as Effect from "effect/Effect"
import type { ArenaEnd } from "../../memory/Arena.ts"
import * as Arena from "../../memory/Arena.ts"
import { usage } from "../../memory/ArenaUsage.ts"
import type { Carried } from "../Carriage.ts"
import { ArenaFull, ParcelGone, ParcelTooLarge, TooManyReferences } from "../ParcelError.ts"

/**
 * What has become of a parcel, as its object knows it. `held` is the only state in which it may be used; `leaving` is a held one whose message has
 * been accepted, so that only the message may go on with it.
 */
export type State = "held" | "leaving" | ParcelGone["happened"]

/**
 * A parcel or a reference, and what this object may do with it. Its state follows the calls made through it; the words of the arena decide when
 * another thread is involved.
 */
export abstract class Held implements Carried {
  readonly end: ArenaEnd
  handle: number
  state: State
  #bytes: Uint8Array<SharedArrayBuffer> | undefined
  /** Whether somebody here has looked into it, or said that it stays: from then on it is theirs to release. */
  #isUsed: boolean
  /** The message that it waits in while it is `leaving`. */
  #message: unknown

  constructor(end: ArenaEnd, handle: number, state: "held" | "arrived") {
    this.end = end
    this.handle = handle
    this.state = state
    this.#bytes = undefined
    this.#isUsed = false
    this.#message = undefined
  }

  /** Whether a value is one, and not a proxy or a copy of one, which could not be moved: only what was made here has its private parts. */
  static is(value: unknown): value is Held {
    return typeof value === "object" && value !== null && #isUsed in value
  }

  get isHeld(): boolean {
    return this.state === "held"
  }

  toString(): string {
    return `${this.what}(${this.state})`
  }

  protected get what(): string {
    return "Parcel"
  }

  // Its arena is memory that nobody wants to read in a log.
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString()
  }

  toJSON(): unknown {
    return { _id: this.what, state: this.state }
  }

  get bytes(): Uint8Array<SharedArrayBuffer> {
    this.require()
    this.#isUsed = true
    return this.#bytes ??= this.end.view(this.handle)
  }

  /** Whoever has it now releases it. */
  use(): void {
    this.#isUsed = true
  }

  release(): void {
    this.require()
    this.finish("released", this.end.release(this.handle))
  }

  /** Why it cannot be used. */
  gone(): ParcelGone {
    return new ParcelGone({
      happened: this.state === "held" ? "lost" : this.state === "leaving" ? "moved" : this.state
    })
  }

  protected require(): void {
    if (this.state === "held" && !this.end.owns(this.handle)) this.state = "lost"
    if (this.state !== "held") throw this.gone()
  }

  protected finish(state: State, done: boolean): boolean {
    this.state = done ? state : "lost"
    this.#bytes = undefined
    this.#message = undefined
    return done
  }

  hold(message: unknown): boolean {
    if (this.state !== "held" || !this.finish("leaving", this.end.owns(this.handle))) return false
    this.#message = message
    return true
  }

  send(message: unknown): boolean {
    if (this.state !== "held" && !(this.state === "leaving" && this.#message === message)) return false
    const sent = this.end.detach(this.handle)
    if (sent >= 0) this.handle = sent
    return this.finish("moved", sent >= 0)
  }

  restore(): void {
    if (this.state === "leaving") this.finish("held", true)
    else if (this.state === "moved") this.finish("held", this.end.adopt(this.handle) >= 0)
  }

  isUnderway(): boolean {
    return this.state === "moved" && this.end.isInTransit(this.handle)
  }

  take(): boolean {
    if (this.state === "arrived") return this.finish("held", this.end.adopt(this.handle) >= 0)
    return this.state === "held"
  }

  drop(): void {
    this.take()
    if (this.state === "held" || this.state === "leaving") this.finish("released", this.end.release(this.handle))
  }

  dropUnused(): void {
    if (this.state === "held" && !this.#isUsed) this.finish("released", this.end.release(this.handle))
  }
}

/** See `Parcel.Unique`. */
export class UniqueParcel extends Held {
  share(): SharedParcel {
    this.require()
    const reference = this.end.share(this.handle)
    this.finish("shared", reference >= 0)
    if (reference < 0) throw new ParcelGone({ happened: "lost" })
    return new SharedParcel(this.end, reference, "held")
  }
}

/** See `Parcel.Shared`. */
export class SharedParcel extends Held {
  protected override get what(): string {
    return "SharedParcel"
  }

  clone(): SharedParcel {
    this.require()
    this.use()
    const reference = this.end.refer(this.handle)
    if (reference === Arena.REFERENCES_FULL) throw new TooManyReferences()
    if (reference < 0) throw new ParcelGone({ happened: "lost" })
    return new SharedParcel(this.end, reference, "held")
  }
}

/** A run of blocks for so many bytes; throws `ArenaFull`, `ParcelTooLarge` and `InvalidSize`. */
export const allocateIn = (end: ArenaEnd, bytes: number): number => {
  const handle = end.allocate(bytes)
  if (handle >= 0) return handle
  if (handle === Arena.PARCEL_TOO_LARGE) throw new ParcelTooLarge({ bytes, capacityBytes: end.capacityBytes })
  const { capacityBytes, largestFreeBytes, usedBytes } = usage(end.buffer)
  throw new ArenaFull({ bytes, largestFreeBytes, usedBytes, capacityBytes })
}

/** What is made of that, as an effect; a size that is none is a defect. */
export const allocating = <A>(make: () => A): Effect.Effect<A, ArenaFull | ParcelTooLarge> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (error) {
      return error instanceof ArenaFull || error instanceof ParcelTooLarge ? Effect.fail(error) : Effect.die(error)
    }
  })

/** How the bytes of a parcel are seen. */
export interface ViewClass<View> {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new(buffer: SharedArrayBuffer, byteOffset: number, length: number): View
}

/** See `Iso`. */
export class IsoParcel<View> extends UniqueParcel {
  readonly view: ViewClass<View>
  #value: View | undefined
  constructor(view: ViewClass<View>, end: ArenaEnd, handle: number, state: "held" | "arrived") {
    super(end, handle, state)
    this.view = view
    this.#value = undefined
  }

  protected override get what(): string {
    return `Iso<${this.view.name}>`
  }

  get value(): View {
    const { buffer, byteLength, byteOffset } = this.bytes
    return this.#value ??= new this.view(buffer, byteOffset, Math.floor(byteLength / this.view.BYTES_PER_ELEMENT))
  }
}
