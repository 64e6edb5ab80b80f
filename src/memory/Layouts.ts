/**
 * Where everything lies in the shared memory of each structure: the only file that knows an offset.
 *
 * `docs/reference/memory-layout.md` is drawn from it. How to read a description: `Layout.ts`.
 */
import { define } from "./Layout.ts"

/**
 * A record of a byte ring starts at a multiple of 8 and is contiguous: `length`, `type`, payload, up to the next multiple
 * of 8. The length is 8 + payload bytes; the type is the caller's word, 0 or more.
 */
export const RECORD_WORDS = {
  length: "8 + payload bytes, without the bytes up to the next record",
  type: "0 or more: the caller's word; -1: padding, skip to the physical end of the data"
}

/** Bytes in front of a payload. */
export const HEADER_BYTES = 8
/** Added before masking with `-8`, gives the bytes that a payload takes: header, payload, up to the next multiple of 8. */
export const HEADER_AND_ROUNDING = HEADER_BYTES + 7
/** Type of the record that fills the rest of the data before a record that did not fit there. */
export const PADDING_TYPE = -1
/**
 * A payload of up to `capacityBytes >> MAX_RECORD_SHIFT` fits: with padding it never needs more than an empty ring has.
 */
export const MAX_RECORD_SHIFT = 2
/** Smallest capacity of the data of a byte ring, in bytes. */
export const MIN_CAPACITY_BYTES = 4096
/** Largest capacity of the data of a byte ring, in bytes: differences of positions stay far below 2^31. */
export const MAX_CAPACITY_BYTES = 512 * 1024 * 1024

/** `SpscRing`. */
export const spscRing = define({
  name: "SpscRing",
  magic: "SPSC",
  version: 2,
  lines: [
    { by: "creator", words: { capacityBytes: "bytes of data, a power of two" } },
    {
      by: "writer",
      words: {
        tail: "position behind the last published record",
        claimed: "records claimed since the ring was made and not aborted, published or not",
        position0: "one of the last two tails",
        count0: "records published up to position0",
        position1: "the other one",
        count1: "records published up to position1"
      }
    },
    { by: "reader", words: { head: "position of the first record that is not released" } },
    { by: "both", words: { wanted: "1 while the writer of a full ring asks to be told about room" } }
  ],
  parts: [{ name: "data", bytes: "capacityBytes", about: "records, stored by the writer", words: RECORD_WORDS }]
})

/** Largest number of an owner: a thread that holds an end of a structure with several. */
export const MAX_OWNER = 255

/** Smallest block of an arena, in bytes. */
export const MIN_BLOCK_BYTES = 4096
/** Largest block of an arena, in bytes. */
export const MAX_BLOCK_BYTES = 1024 * 1024
/** Most blocks of an arena: their numbers have 20 bits in a handle. */
export const MAX_BLOCKS = 1 << 20
/** Most bytes of data of an arena. */
export const MAX_ARENA_BYTES = 2 ** 31
/** Most references to one shared parcel: their numbers have 8 bits in a handle, and 0 is the parcel itself. */
export const MAX_REFERENCES = 255

/** `Arena`. */
export const arena = define({
  name: "Arena",
  magic: "AREN",
  version: 1,
  lines: [
    {
      by: "creator",
      words: {
        id: "number by which threads find the arena that a handle is of",
        blocks: "number of blocks",
        blockBytes: "bytes of a block, a power of two",
        references: "references that a shared parcel can have at once"
      }
    },
    { by: "everybody", words: { refused: "allocations refused for want of room, since the arena was made" } }
  ],
  parts: [
    {
      name: "states",
      bytes: "blocks x 4",
      about: "one word a block, changed by whoever owns the block, taken by compare-and-swap",
      words: {
        state:
          "generation in bits 10 to 31; bits 0 to 9: free 0, interior 1, shared 2, owned 256 + owner, in transit 512 + owner"
      }
    },
    {
      name: "rows",
      bytes: "blocks x (2 + references) x 4, up to the next multiple of 4096 of the buffer",
      about:
        "one row a block, of meaning for the first block of a parcel; behind the words one word a reference, coded like a state",
      words: {
        bytes: "size of the parcel, stored by who allocates it",
        releases: "references that were about to be given up, so far"
      }
    },
    { name: "data", bytes: "blocks x blockBytes", about: "bytes of parcels, each from the start of a block" }
  ]
})

/** Every structure, in the order of the documentation. */
export const layouts = [spscRing, arena] as const
