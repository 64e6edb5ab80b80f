/**
 * Where a value is written before anybody knows how long it gets: private memory that grows as it is needed.
 *
 * ```text
 *  bytes = codec.encode(value, scratch)     user code may run: getters, checks, encoders
 *  offset = ring.claim(bytes)               exactly what is needed
 *  scratch.copyTo(ring.region, offset)
 *  ring.commit(bytes, type)                 no user code since the claim
 * ```
 *
 * What lies in a scratch is valid until the next `encode` with it. User code that encodes with the scratch that is being written to (a getter
 * that tells an actor) gets other memory behind the same object, and the outer record is not touched. A scratch belongs to one thread; its
 * owner hands it to whoever encodes.
 */
import type { Region } from "../memory/Region.ts"
import { type Cargo, Carriage, empty } from "./Carriage.ts"
import { Stretch } from "./internal/stretch.ts"

const { copy } = Buffer.prototype

/** Smaller records are copied by pairs of words, which costs less than a call out of JavaScript. */
const SMALL_BYTES = 128

/** See the module. */
export class Scratch {
  declare private readonly first: Stretch
  declare private last: Stretch

  /** Values that travel with their messages find the services of their thread in `carriage`. */
  constructor(carriage: Carriage = new Carriage()) {
    this.first = new Stretch(carriage)
    this.last = this.first
  }

  /** The services of the thread that writes here. */
  get carriage(): Carriage {
    return this.first.carriage
  }

  /** The memory for a value whose encoding begins; for codecs, which give it back with {@link close}. */
  open(): Stretch {
    let stretch = this.first
    while (stretch.isOpen) stretch = stretch.inner ??= new Stretch(stretch.carriage)
    stretch.begin()
    return stretch
  }

  /** The encoding has ended, with so many bytes; also when it has failed, with none. */
  close(stretch: Stretch, bytes: number): void {
    stretch.isOpen = false
    stretch.bytes = bytes < 0 ? 0 : bytes
    this.last = stretch
  }

  /** What moves with the record that was encoded last: for `send` of `wire/Carriage`. */
  get cargo(): Cargo {
    const { carried } = this.last
    return carried.length === 0 ? empty : carried.slice()
  }

  /** Copies the record that was encoded last to an offset that is a multiple of 8. */
  copyTo(region: Region, offset: number): void {
    const { bytes, i32: from, u8 } = this.last
    if (bytes > SMALL_BYTES) {
      copy.call(u8, region.u8, offset, 0, bytes)
      return
    }
    const to = region.i32
    const cell = offset >> 2
    const cells = bytes >> 2
    for (let i = 0; i < cells; i += 2) {
      to[cell + i] = from[i]!
      to[cell + i + 1] = from[i + 1]!
    }
  }

  /** A copy of the record that was encoded last, for one that has to wait. */
  take(): Uint8Array {
    return this.last.u8.slice(0, this.last.bytes)
  }
}
