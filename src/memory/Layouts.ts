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

/**
 * Largest number of an owner. Whoever claims carries a number from 1 on in the claim, so that what a dead thread left
 * behind can be told from what a slow one is doing.
 */
export const MAX_OWNER = 255

/** Added to the bytes published in a chunk of `BroadcastRing`, a multiple of 8: the records go on in another chunk. */
export const SEALED = 1
/** Generation of a chunk that nobody may enter. */
export const NO_GENERATION = 0
/** Low bits of a reader's word: the chunk that it stands in + 1, or 0. The bits above are its owner. */
export const PIN_BITS = 13
/** Most chunks of a `BroadcastRing`, so that a chunk + 1 fits in those bits. */
export const MAX_CHUNKS = 4096
/** Smallest chunk, in bytes. */
export const MIN_CHUNK_BYTES = 64

/** A chunk of `BroadcastRing`; its row owns two cache lines. */
export const CHUNK_WORDS = {
  generation: "number of this filling of the chunk, never 0; 0: nobody may enter",
  published: "bytes published in the chunk; + 1: no more will be, and the records go on in the next chunk",
  next: "the next chunk, once that is so",
  firstLow: "number of the first record in the chunk, its low 32 bits",
  firstHigh: "the bits above"
}

/** A reader of `BroadcastRing`; its row owns two cache lines. */
export const READER_WORDS = { pin: "owner x 8192 + chunk that the reader stands in + 1; 0: the row is free" }

/** `BroadcastRing`. */
export const broadcastRing = define({
  name: "BroadcastRing",
  magic: "BCST",
  version: 1,
  lines: [
    {
      by: "creator",
      words: {
        capacityBytes: "bytes of data, a power of two",
        chunks: "number of chunks, a power of two, at least readers + 2",
        readers: "number of reader rows"
      }
    },
    {
      by: "writer",
      words: {
        current: "newest chunk with published records",
        claimed: "low 32 bits of the number of records claimed since the ring was made and not aborted"
      }
    }
  ],
  parts: [
    { name: "chunks", bytes: "chunks x 128", about: "a row a chunk, stored by the writer", words: CHUNK_WORDS },
    { name: "readers", bytes: "readers x 128", about: "a row a reader, stored by it", words: READER_WORDS },
    { name: "data", bytes: "capacityBytes", about: "the chunks: records, stored by the writer", words: RECORD_WORDS }
  ]
})

/** Most handles in a `StealDeque`: differences of positions stay far below 2^31. */
export const MAX_SLOTS = 1 << 26
/** Word of a `StealDeque` whose owner takes the newest handle first. */
export const LIFO = 0
/** Word of a `StealDeque` whose owner takes the oldest handle first. */
export const FIFO = 1

/** `StealDeque`. */
export const stealDeque = define({
  name: "StealDeque",
  magic: "DEQU",
  version: 1,
  lines: [
    {
      by: "creator",
      words: {
        slots: "number of slots, a power of two",
        order: "which handle the owner takes first: 0 newest, 1 oldest"
      }
    },
    {
      by: "owner",
      words: {
        bottom: "position behind the newest handle",
        settled: "the same, of the last operation that was finished"
      }
    },
    { by: "thieves and owner", words: { top: "position of the oldest handle" } }
  ],
  parts: [{
    name: "slots",
    bytes: "slots x 4",
    about: "the handle of position p in slot p mod slots, stored by the owner"
  }]
})

/** Every structure, in the order of the documentation. */
export const layouts = [spscRing, broadcastRing, stealDeque] as const
