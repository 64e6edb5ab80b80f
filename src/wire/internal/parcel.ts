/**
 * The objects that stand for parcels in a thread, and the arenas that the thread has opened.
 */
import type { ArenaEnd } from "../../memory/Arena.ts"
import * as Arena from "../../memory/Arena.ts"
import { ParcelGone, TooManyReferences } from "../ParcelError.ts"

/**
 * What has become of a parcel, as its object knows it. `held` is the only state in which it may be used; `leaving` is a held one whose message has
 * been accepted, so that only the message may go on with it.
 */
export type State = "held" | "leaving" | ParcelGone["happened"]

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
  /** The message that it waits in while it is `leaving`. */
  #message: unknown

  constructor(end: ArenaEnd, handle: number, state: "held" | "arrived") {
    this.end = end
    this.handle = handle
    this.state = state
    this.#bytes = undefined
    this.#message = undefined
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

  /** Whether a message may take it along. */
  get canLeave(): boolean {
    return this.state === "held" || this.state === "leaving"
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

  /** Leaves it to a message that waits. */
  hold(message: unknown): boolean {
    if (this.state !== "held" || !this.finish("leaving", this.end.owns(this.handle))) return false
    this.#message = message
    return true
  }

  /** Marks it as sent in a message; `false` when it cannot be. */
  send(message: unknown): boolean {
    if (this.state !== "held" && !(this.state === "leaving" && this.#message === message)) return false
    const sent = this.end.detach(this.handle)
    if (sent >= 0) this.handle = sent
    return this.finish("moved", sent >= 0)
  }

  /** Undoes `hold` or `send`, unless somebody has taken it. */
  restore(): void {
    if (this.state === "leaving") this.finish("held", true)
    else if (this.state === "moved") this.finish("held", this.end.adopt(this.handle) >= 0)
  }

  /** Makes it this thread's after it has arrived; `false` when somebody else was first. */
  take(): boolean {
    if (this.state === "arrived") return this.finish("held", this.end.adopt(this.handle) >= 0)
    return this.state === "held"
  }

  /** Frees it if it is this thread's, or has arrived and nobody else has it. */
  drop(): void {
    this.take()
    if (this.canLeave) this.finish("released", this.end.release(this.handle))
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
