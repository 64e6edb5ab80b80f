/**
 * Where the links of a thread encode what is not written in place.
 */
import { Region } from "../../memory/Region.ts"
import type { Codec } from "../../wire/Codec.ts"

/** See the module. */
export class Aside {
  private last = new Region(new ArrayBuffer(4096))
  private depth = 0

  /** Encodes a value and answers how many bytes it takes; negative when it breaks its schema. */
  encode(codec: Codec<unknown>, value: unknown): number {
    const bound = (codec.boundBytes(value) + 7) & -8
    const isOuter = this.depth === 0 && bound <= this.last.u8.length
    const region = isOuter ? this.last : new Region(new ArrayBuffer(bound))
    this.depth++
    try {
      const end = codec.write(value, region, 0)
      this.last = region
      return end
    } finally {
      this.depth--
    }
  }

  /** Copies what was encoded last. */
  copyTo(region: Region, offset: number, bytes: number): void {
    region.u8.set(this.last.u8.subarray(0, bytes), offset)
  }

  /** A copy of what was encoded last. */
  take(bytes: number): Uint8Array {
    return this.last.u8.slice(0, bytes)
  }

  /** Memory for a record that has to wait. */
  region(bytes: number): Region {
    return new Region(new ArrayBuffer((bytes + 7) & -8))
  }
}
