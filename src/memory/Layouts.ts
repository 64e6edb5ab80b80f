/**
 * Where everything lies in the shared memory of each structure: the only file that knows an offset, but for arenas (`ArenaLayout.ts`) and for what pools have
 * beside their queues (`JobLayouts.ts`).
 *
 * `docs/reference/memory-layout.md` is drawn from it. How to read a description: `Layout.ts`.
 */
import { arena } from "./ArenaLayout.ts"
import { idleSet, inboxes, jobMeters, jobTable } from "./JobLayouts.ts"
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

/**
 * Largest number of an owner. Whoever claims carries a number from 1 on in the claim, so that what a dead thread left
 * behind can be told from what a slow one is doing.
 */
export const MAX_OWNER = 255

/** `SpscRing`. */
export const spscRing = define({
  name: "SpscRing",
  magic: "SPSC",
  version: 4,
  lines: [
    { by: "creator", words: { capacityBytes: "bytes of data, a power of two" } },
    {
      by: "writer",
      words: {
        tail: "position behind the last published record",
        position0: "one of the last two tails",
        count0: "records published up to position0",
        position1: "the other one",
        count1: "records published up to position1"
      }
    },
    // Stored with every claim: on the line of the tail it would take that line from a reader that looks there.
    {
      by: "writer, for itself",
      words: { claimed: "records claimed since the ring was made and not aborted, published or not" }
    },
    { by: "reader", words: { head: "position of the first record that is not released" } },
    {
      by: "both, seldom",
      words: {
        wanted: "1 while the writer of a full ring asks to be told about room",
        // Looked at for each batch: on the line of the tail it could be taken away between the two loads.
        base:
          "position that lies at the start of the data, stored by the writer; changes only while tail and head are the same"
      }
    }
  ],
  parts: [{ name: "data", bytes: "capacityBytes", about: "records, stored by the writer", words: RECORD_WORDS }]
})

/** Byte offsets in a row of `Roster`: what its sender and its receiver store lies on lines of its own. */
export const ROSTER_ROW = { state: 0, holder: 4, sent: 128, dropped: 132, received: 256 }

/** Bytes of a row of `Roster`. */
export const ROSTER_ROW_BYTES = 384

/** `Roster`. */
export const roster = define({
  name: "Roster",
  magic: "ROST",
  version: 3,
  lines: [
    { by: "creator", words: { rows: "number of rows" } },
    {
      by: "any end",
      words: {
        flags: "1 no sender left, 2 no receiver left, 4 closed as a whole; bits only rise",
        used: "rows that have ever been in use",
        missed: "messages that slow receivers missed",
        lost:
          "messages that nobody will receive: they died with a thread, or lay in a damaged place, or all receivers are gone",
        lostSent: "those of them that had been sent"
      }
    }
  ],
  parts: [{
    name: "row",
    bytes: "rows x 384",
    about: "one end each",
    words: {
      state:
        "bits 0-1 free, open, handed over or left; 2-3 side; 4 given to a thread; 5-10 row it was made from + 1; 11-31 turns; stored by anybody",
      holder: "number of the thread that has the end, 0 while it is on its way; stored by that thread",
      sent: "messages sent from this row; stored by its sender",
      dropped: "messages that the overflow policy dropped; stored by its sender",
      received:
        "kinds with one receiver: messages of this row that were received, stored by the receiver; others: messages that the end at this row received, stored by it"
    },
    at: ROSTER_ROW
  }]
})

/** `WaitList`. */
export const waitList = define({
  name: "WaitList",
  magic: "WAIT",
  version: 1,
  lines: [{ by: "creator", words: { rows: "number of rows, 1 to 1024" } }],
  parts: [
    {
      name: "announced",
      bytes: "128",
      about: "a bit for each row: bit (row & 31) of word (row >> 5), set by its waiter, taken by who wakes"
    },
    {
      name: "rows",
      bytes: "rows x 128",
      about: "one for each waiter, stored by it and by who wakes it",
      words: { state: "0 awake, 1 parked", wakes: "number of times the waiter was woken, wrapping" }
    }
  ]
})

/** `MpscRing`. */
export const mpscRing = define({
  name: "MpscRing",
  magic: "MPSC",
  version: 2,
  lines: [
    { by: "creator", words: { rings: "number of rings, one for each owner", capacityBytes: "bytes of data of each" } },
    { by: "writers", words: { used: "rings that have ever had a writer; only rises" } }
  ],
  parts: [{
    name: "rings",
    bytes: "rings x (640 + capacityBytes)",
    about: "an `SpscRing` for each owner; the first is that of owner 1"
  }]
})

/** What an owner of `MpmcRing` says of one side of its own. */
export const CLAIM_WORDS = {
  position: "the position that it is about to claim, or has claimed last",
  stage:
    "0 nothing to say, 1 about to claim, 2 it has, 3 gives it up; 4 it died about to claim; and 8 when `done` was odd",
  done: "records of this owner that were finished before that claim, as a wrapping Int32"
}

/** Bytes of the rows of an owner of `MpmcRing`: what it says of writing, and, on lines of its own, of reading. */
export const CLAIM_ROW_BYTES = 128

/** `MpmcRing`. */
export const mpmcRing = define({
  name: "MpmcRing",
  magic: "MPMC",
  version: 3,
  lines: [
    {
      by: "creator",
      words: {
        slots: "number of cells, a power of two",
        recordBytes: "bytes of a record, a multiple of 8",
        owners: "largest number of an owner"
      }
    },
    { by: "writers", words: { tail: "position that is claimed next" } },
    { by: "readers", words: { head: "position that is taken next" } }
  ],
  parts: [
    {
      name: "claims",
      bytes: "owners x 256",
      about: "two rows an owner, stored by it: writing, reading",
      words: CLAIM_WORDS
    },
    {
      name: "cells",
      bytes: "slots x (16 + recordBytes)",
      about: "one record each, stored by its writer; p is the position it is used for next or now",
      words: {
        sequence: "p: free, or being written; p + 1: full, or being read",
        length: "bytes of the record",
        type: "0 or more: the caller's word",
        unused: "keeps the record at a multiple of 8"
      }
    }
  ]
})

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

/** `ReadySet`. */
export const readySet = define({
  name: "ReadySet",
  magic: "REDY",
  version: 1,
  lines: [{ by: "creator", words: { readers: "number of readers", sources: "number of sources of each" } }],
  parts: [{
    name: "rows",
    bytes: "readers x 128 x (sources / 1024, rounded up)",
    about:
      "a row a reader with a bit for each source: bit (source & 31) of word (source >> 5), set by the source, taken by the reader"
  }]
})

/** Every structure, in the order of the documentation. */
export const layouts = [
  spscRing,
  mpscRing,
  mpmcRing,
  broadcastRing,
  stealDeque,
  arena,
  waitList,
  readySet,
  roster,
  jobTable,
  idleSet,
  inboxes,
  jobMeters
] as const
