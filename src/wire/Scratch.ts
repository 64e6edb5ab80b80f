/**
 * Where a value is written before anybody knows how long it gets: a stretch of private memory that grows as it is needed.
 *
 * ```text
 *  bytes = codec.encode(value, scratch)     user code may run: getters, checks, encoders
 *  offset = ring.claim(bytes)               exactly what is needed
 *  scratch.copyTo(ring.region, offset)
 *  ring.commit(bytes, type)                 no user code since the claim
 * ```
 *
 * What lies in a scratch is valid until the next `encode` with it. User code that encodes with the scratch that is being written to (a getter
 * that tells an actor) gets another stretch behind the same object, and the outer record is not touched. A scratch belongs to one thread; its
 * owner hands it to whoever encodes.
 */
import type { Region } from "../memory/Region.ts"

const { copy } = Buffer.prototype

/** Smaller records are copied word by word, which costs less than a call out of JavaScript. */
const SMALL_BYTES = 256

/** The size that a scratch has at first, and goes back to. */
const FIRST_BYTES = 4096

/** A scratch that has grown beyond this gives the memory back once its records are small again. */
const KEPT_BYTES = 1 << 20

/** So many small records in a row. */
const SMALL_IN_A_ROW = 64

/** The most a record may take: what 32-bit offsets reach. */
const MOST_BYTES = 2 ** 31 - 8

/** Throws when a value takes more than a record can. */
export class ScratchFull extends Error {
  readonly _tag = "ScratchFull"
  constructor(bytes: number) {
    super(`a value takes at least ${bytes} bytes; a record can have ${MOST_BYTES}`)
    this.name = "ScratchFull"
  }
}

/** One stretch of memory. */
class Stretch {
  declare i32: Int32Array
  declare f64: Float64Array
  declare u8: Uint8Array
  /** Bytes that there are. */
  declare limit: number
  /** Whether a value is being written into it. */
  declare isOpen: boolean
  /** For values that are encoded while this one is. */
  declare inner: Stretch | undefined
  /** Bytes of the record that lies in it. */
  declare bytes: number
  declare private smallInARow: number

  constructor() {
    this.isOpen = false
    this.inner = undefined
    this.bytes = 0
    this.smallInARow = 0
    this.renew(FIRST_BYTES)
  }

  private renew(bytes: number): void {
    const buffer = new ArrayBuffer(bytes)
    this.i32 = new Int32Array(buffer)
    this.f64 = new Float64Array(buffer)
    this.u8 = new Uint8Array(buffer)
    this.limit = bytes
  }

  /** Makes room for so many bytes from the start, and keeps what is there. */
  grow(bytes: number): void {
    if (bytes > MOST_BYTES) throw new ScratchFull(bytes)
    const old = this.u8
    this.renew(Math.min(MOST_BYTES, Math.max(this.limit * 2, (bytes + 7) & ~7)))
    this.u8.set(old)
    this.smallInARow = 0
  }

  /** Gives memory back that the records of late had no use for. */
  shrink(): void {
    if (this.bytes * 4 > this.limit) this.smallInARow = 0
    else if (++this.smallInARow >= SMALL_IN_A_ROW) this.renew(FIRST_BYTES)
  }
}

export type { Stretch }

/** See the module. */
export class Scratch {
  declare private readonly first: Stretch
  declare private last: Stretch

  constructor() {
    this.first = new Stretch()
    this.last = this.first
  }

  /** The stretch for a value whose encoding begins; for codecs, which give it back with {@link close}. */
  open(): Stretch {
    let stretch = this.first
    while (stretch.isOpen) stretch = stretch.inner ??= new Stretch()
    stretch.isOpen = true
    if (stretch.limit > KEPT_BYTES) stretch.shrink()
    return stretch
  }

  /** The encoding has ended, with so many bytes; also when it has failed, with none. */
  close(stretch: Stretch, bytes: number): void {
    stretch.isOpen = false
    stretch.bytes = bytes
    this.last = stretch
  }

  /** Copies the record that was encoded last to an offset that is a multiple of 8. */
  copyTo(region: Region, offset: number): void {
    const { last } = this
    const { bytes } = last
    if (bytes > SMALL_BYTES) {
      copy.call(last.u8, region.u8, offset, 0, bytes)
    } else {
      const from = last.i32
      const to = region.i32
      const cell = offset >> 2
      const cells = bytes >> 2
      for (let i = 0; i < cells; i++) to[cell + i] = from[i]!
    }
  }

  /** A copy of the record that was encoded last, for one that has to wait. */
  take(): Uint8Array {
    return this.last.u8.slice(0, this.last.bytes)
  }
}
