/**
 * A stretch of bytes seen through four typed views that start at the same byte.
 *
 * Codecs write and read records through a `Region`: in the data part of a ring, in a scratch buffer, or in bytes that
 * came from anywhere else. All offsets are bytes from the start of the region, so a codec neither knows nor cares which
 * of these it works on.
 *
 * ```text
 *  buffer   |........|================ byteLength ================|....|
 *                    ^ byteOffset (a multiple of 8)
 *  u8       1 byte   at offset
 *  i32, u32 4 bytes  at offset >> 2   (offset a multiple of 4)
 *  f64      8 bytes  at offset >> 3   (offset a multiple of 8)
 * ```
 *
 * Promises: the four views alias the same memory and never move. Never does: copy, grow, or check an offset (typed
 * arrays drop writes and answer `undefined` outside of their range, so a wrong offset cannot touch foreign memory, but
 * it is not reported either). Numbers have the byte order of the machine: a region is for threads of one process, not
 * for files or networks.
 */

/**
 * A region was asked for with bounds that the buffer cannot give.
 */
export class InvalidRegion extends Error {
  readonly _tag = "InvalidRegion"
  /** The first byte asked for. */
  readonly byteOffset: number
  /** The number of bytes asked for. */
  readonly byteLength: number
  /** The number of bytes in the buffer. */
  readonly bufferByteLength: number
  constructor(byteOffset: number, byteLength: number, bufferByteLength: number) {
    super(
      `Region: byteOffset ${byteOffset} with byteLength ${byteLength} does not fit a buffer of `
        + `${bufferByteLength} bytes; the offset must be a multiple of 8 and both must lie inside of the buffer`
    )
    this.name = "InvalidRegion"
    this.byteOffset = byteOffset
    this.byteLength = byteLength
    this.bufferByteLength = bufferByteLength
  }
}

/**
 * Typed views over one stretch of bytes, addressed by byte offset.
 *
 * **Shape**: when `byteLength` is not a multiple of 8 the wide views cover only the whole elements; `u8` covers every
 * byte.
 *
 * **Errors**: {@link InvalidRegion} when the bounds do not fit the buffer or `byteOffset` is not a multiple of 8.
 */
export class Region {
  /** The memory the views look at. */
  declare readonly buffer: SharedArrayBuffer | ArrayBuffer
  /** Signed 32-bit words; element `offset >> 2`. */
  declare readonly i32: Int32Array
  /** Unsigned 32-bit words; element `offset >> 2`. */
  declare readonly u32: Uint32Array
  /** Bytes; element `offset`. */
  declare readonly u8: Uint8Array
  /** 64-bit floats; element `offset >> 3`. */
  declare readonly f64: Float64Array
  /** Number of bytes in the region. */
  declare readonly byteLength: number

  constructor(
    buffer: SharedArrayBuffer | ArrayBuffer,
    byteOffset = 0,
    byteLength = buffer.byteLength - byteOffset
  ) {
    if (
      !Number.isInteger(byteOffset) || !Number.isInteger(byteLength) || byteOffset < 0 || byteLength < 0
      || byteOffset % 8 !== 0 || byteOffset + byteLength > buffer.byteLength
    ) {
      throw new InvalidRegion(byteOffset, byteLength, buffer.byteLength)
    }
    this.buffer = buffer
    this.i32 = new Int32Array(buffer, byteOffset, byteLength >> 2)
    this.u32 = new Uint32Array(buffer, byteOffset, byteLength >> 2)
    this.u8 = new Uint8Array(buffer, byteOffset, byteLength)
    this.f64 = new Float64Array(buffer, byteOffset, byteLength >> 3)
    this.byteLength = byteLength
  }

  /**
   * Makes a region of private, zeroed scratch memory.
   *
   * **Shape**: `byteLength` is rounded up to a multiple of 8.
   */
  static make(byteLength: number): Region {
    return new Region(new ArrayBuffer(Math.ceil(byteLength / 8) * 8))
  }

  /**
   * Makes a region over existing bytes.
   *
   * **Details**: bytes that start at a multiple of 8 are aliased; others are copied into fresh memory, since the wide
   * views cannot start at an odd address. Use it to read; to write into known memory, construct the region on its
   * buffer.
   */
  static fromBytes(bytes: Uint8Array): Region {
    if (bytes.byteOffset % 8 === 0) {
      return new Region(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    const region = Region.make(bytes.byteLength)
    region.u8.set(bytes)
    return new Region(region.buffer, 0, bytes.byteLength)
  }
}
