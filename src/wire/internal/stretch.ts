/**
 * One stretch of private memory that a value is written into, and that grows as it is needed.
 */
import type { Carriage, Carried } from "../Carriage.ts"
import { ScratchFull } from "../WireError.ts"

/** The size that a stretch has at first, and goes back to. */
const FIRST_BYTES = 4096

/** A stretch that has grown beyond this gives the memory back once its records are small again. */
const KEPT_BYTES = 1 << 20

/** So many small records in a row. */
const SMALL_IN_A_ROW = 64

/** The most a record may take: what 32-bit offsets reach. */
const MOST_BYTES = 2 ** 31 - 8

/** See the module. */
export class Stretch {
  declare i32: Int32Array
  declare f64: Float64Array
  declare u8: Uint8Array
  /** Bytes that there are. */
  declare limit: number
  /** Services of the thread, and the values met that move with the record. */
  declare readonly carriage: Carriage
  declare readonly carried: Array<Carried>
  /** Whether a value is being written into it. */
  declare isOpen: boolean
  /** For values that are encoded while this one is. */
  declare inner: Stretch | undefined
  /** Bytes of the record that lies in it. */
  declare bytes: number
  declare private smallInARow: number

  constructor(carriage: Carriage) {
    this.carriage = carriage
    this.carried = []
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
    this.smallInARow = 0
  }

  /** Makes sure of so many bytes from the start. */
  reserve(bytes: number): void {
    if (bytes > this.limit) this.grow(bytes)
  }

  /** Makes room for so many bytes from the start, and keeps what is there. */
  grow(bytes: number): void {
    if (bytes > MOST_BYTES) throw new ScratchFull({ bytes, limitBytes: MOST_BYTES })
    const old = this.u8
    this.renew(Math.min(MOST_BYTES, Math.max(this.limit * 2, (bytes + 7) & ~7)))
    this.u8.set(old)
  }

  /** A value is going to be written. */
  begin(): void {
    this.isOpen = true
    if (this.carried.length > 0) this.carried.length = 0
    if (this.limit > KEPT_BYTES) this.shrink()
  }

  /** Gives memory back that the records of late had no use for. */
  private shrink(): void {
    if (this.bytes * 4 > this.limit) this.smallInARow = 0
    else if (++this.smallInARow >= SMALL_IN_A_ROW) this.renew(FIRST_BYTES)
  }
}
