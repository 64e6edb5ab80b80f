/**
 * Where everything lies in the shared memory of an `Arena`, and how large it can be. How to read a description: `Layout.ts`.
 */
import { define } from "./Layout.ts"

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
  version: 2,
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
      bytes: "blocks x (2 + references) x 4",
      about:
        "one row a block, of meaning for the first block of a parcel; behind the words one word a reference, coded like a state",
      words: {
        bytes: "size of the parcel, stored by who allocates it",
        releases: "references that were about to be given up, so far"
      }
    },
    {
      name: "numbers",
      bytes: "1024, up to the next multiple of 4096 of the buffer",
      about:
        "a word for each owner, the first for none: free 0; in use 256 + the owner that has lent it, or itself; 512 when its thread has gone and left something on its way; 1024 + the owner that is just finding that out"
    },
    { name: "data", bytes: "blocks x blockBytes", about: "bytes of parcels, each from the start of a block" }
  ]
})
