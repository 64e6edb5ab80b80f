/**
 * The objects that stand for parcels in a thread, and the arenas that the thread has opened.
 */
import type { ArenaEnd } from "../../memory/Arena.ts"
import * as Arena from "../../memory/Arena.ts"
import { ParcelGone, TooManyReferences } from "../ParcelError.ts"

/** What has become of a parcel, as its object knows it: `held` is the only state in which it may be used. */
export type State = "held" | ParcelGone["happened"]

/** The arenas of this thread, by id. A codec is compiled once for a thread and finds them here. */
export const opened = new Map<number, ArenaEnd>()

/**
 * A parcel or a reference, and what this object may do with it. Its state follows the calls made through it; the words of the arena decide when
 * another thread is involved.
 */
export abstract class Held {
  readonly end: ArenaEnd
  handle: number
  state: State
  #bytes: Uint8Array<SharedArrayBuffer> | undefined

  constructor(end: ArenaEnd, handle: number, state: "held" | "arrived") {
    this.end = end
    this.handle = handle
    this.state = state
    this.#bytes = undefined
  }

  get isHeld(): boolean {
    return this.state === "held"
  }

  get bytes(): Uint8Array<SharedArrayBuffer> {
    this.require()
    return this.#bytes ??= this.end.view(this.handle)
  }

  release(): void {
    this.require()
    this.finish("released", this.end.release(this.handle))
  }

  protected require(): void {
    if (this.state === "held" && !this.end.owns(this.handle)) this.state = "lost"
    if (this.state !== "held") throw new ParcelGone({ happened: this.state })
  }

  protected finish(state: State, done: boolean): void {
    this.state = done ? state : "lost"
    this.#bytes = undefined
  }

  /** Marks it as sent; `false` when it cannot be. */
  send(): boolean {
    if (this.state !== "held") return false
    const sent = this.end.detach(this.handle)
    if (sent < 0) {
      this.state = "lost"
      return false
    }
    this.handle = sent
    this.finish("moved", true)
    return true
  }

  /** Takes it back after `send`, or makes it this thread's after it has arrived; `false` when somebody else has it. */
  adopt(): boolean {
    if (this.state !== "moved" && this.state !== "arrived") return this.state === "held"
    const taken = this.end.adopt(this.handle) >= 0
    this.finish("held", taken)
    return taken
  }

  /** Frees it if it is held, or if it has arrived and nobody else has it. */
  drop(): void {
    if (this.state === "arrived") this.adopt()
    if (this.state === "held") this.finish("released", this.end.release(this.handle))
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
  clone(): SharedParcel {
    this.require()
    const reference = this.end.refer(this.handle)
    if (reference === Arena.REFERENCES_FULL) throw new TooManyReferences()
    if (reference < 0) throw new ParcelGone({ happened: "lost" })
    return new SharedParcel(this.end, reference, "held")
  }
}
