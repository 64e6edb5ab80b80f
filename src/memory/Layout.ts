/**
 * Where everything lies in the shared memory of a ring: the only file that knows an offset.
 *
 * ```text
 *  Int32 cell   0          32         64         96         128
 *               | identity | tail     | head     | wanted   | data: capacityBytes, a power of two … |
 *  byte         0          128        256        384        512
 *
 *  identity: cell 0 magic, cell 1 version, cell 2 capacityBytes; written once, before the buffer is handed to anybody
 *  tail:     position behind the last published record; only the writer stores it
 *  head:     position of the first record not yet released; only the reader stores it
 *  wanted:   1 when the writer found the ring full and asks to be told about room; both sides store it
 * ```
 *
 * Each word that one thread stores and another loads owns two 64-byte cache lines: processors fetch lines in pairs, so
 * with one line the reader's word would still travel with every store of the writer's.
 *
 * A record starts at a multiple of 8 and is contiguous:
 *
 * ```text
 *  byte  0                4                8
 *        | Int32 length   | Int32 type     | payload … | 0-7 bytes up to the next multiple of 8 |
 *        length: 8 + payload bytes, without the bytes up to the next record
 *        type:   >= 0 the caller's word; -1 padding: skip to the physical end of the data
 * ```
 *
 * A *position* is the number of bytes ever written, as a wrapping Int32; `position & (capacityBytes - 1)` is the
 * *offset* in the data. A difference of two positions `(a - b) | 0` is right as long as it is below 2^31, which the
 * largest capacity, 2^29, guarantees.
 *
 * Source: Agrona `RingBufferDescriptor`, `RecordDescriptor`.
 */

/** Int32 cells that one separately written word owns: two cache lines of 64 bytes. */
export const CELLS_PER_WORD = 32

/** Cell that says that a buffer is a ring. */
export const MAGIC_CELL = 0
/** Cell with the version of this layout. */
export const VERSION_CELL = 1
/** Cell with the capacity of the data part in bytes. */
export const CAPACITY_CELL = 2
/** Cell with the position behind the last published record. */
export const TAIL_CELL = CELLS_PER_WORD
/** Cell with the position of the first record that the reader has not released. */
export const HEAD_CELL = CELLS_PER_WORD * 2
/** Cell that is 1 while the writer asks to be told about room. */
export const WANTED_CELL = CELLS_PER_WORD * 3
/** Number of cells in front of the data. */
export const DESCRIPTOR_CELLS = CELLS_PER_WORD * 4
/** Byte offset of the data in the buffer. */
export const DATA_OFFSET = DESCRIPTOR_CELLS * 4

/** "RING" in ASCII. */
export const MAGIC = 0x474e4952
/** Version of this layout; a change of any offset changes it. */
export const VERSION = 1

/** Smallest capacity of the data part in bytes. */
export const MIN_CAPACITY_BYTES = 4096
/** Largest capacity of the data part in bytes: differences of positions stay far below 2^31. */
export const MAX_CAPACITY_BYTES = 512 * 1024 * 1024

/** Bytes in front of a payload. */
export const HEADER_BYTES = 8
/**
 * Added before masking with `-8`, gives the bytes a payload takes in the ring: header, payload, up to the next multiple
 * of 8.
 */
export const HEADER_AND_ROUNDING = HEADER_BYTES + 7
/** Type of the record that fills the rest of the data before a record that did not fit there. */
export const PADDING_TYPE = -1
/**
 * A payload of up to `capacityBytes >> MAX_RECORD_SHIFT` fits: with padding it never needs more than an empty ring has.
 */
export const MAX_RECORD_SHIFT = 2
