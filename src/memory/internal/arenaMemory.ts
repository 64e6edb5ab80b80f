/**
 * How the words of an arena are coded, and what every end of it has to find out about the buffer it is given.
 *
 * ```text
 *  word    | generation: 22 bits          | mode: 10 bits |
 *  mode    0 free   1 interior   2 shared   256 + owner: owned   512 + owner: in transit
 *  handle  generation x 2^28 + block x 2^8 + slot     slot 0: the parcel itself, n: its n-th reference
 * ```
 */
import {
  arena as layout,
  MAX_ARENA_BYTES,
  MAX_BLOCK_BYTES,
  MAX_BLOCKS,
  MAX_REFERENCES,
  MIN_BLOCK_BYTES
} from "../ArenaLayout.ts"
import { identify, inscribe } from "../Layout.ts"
import { MAX_OWNER } from "../Layouts.ts"
import { InvalidCapacity, InvalidMemory } from "../MemoryError.ts"

/** Mode of a block that nobody owns, and of a reference that is not there. */
export const FREE = 0
/** Mode of a block that belongs to the run that the block in front of it belongs to. */
export const INTERIOR = 1
/** Mode of the first block of a parcel that lives while it has references. */
export const SHARED = 2
/** Added to an owner: the mode of what this owner owns. */
export const OWNED = 256
/** Added to an owner: the mode of what this owner has sent and nobody has adopted yet. */
export const TRANSIT = 512
/** Selects the mode of a word. */
export const MODE_MASK = 1023
/** Added to a word, gives the next generation. */
export const NEXT_GENERATION = 1024
/** Words in front of the references of a row. */
export const ROW_WORDS = 2

/** Bits of a handle below its block. */
export const SLOT_BITS = 8
/** One generation in a handle. */
export const HANDLE_GENERATION = 2 ** 28
/** Above every handle. */
export const HANDLE_LIMIT = 2 ** 50

/** The handle of a word that is the state of a block (slot 0) or one of its references. */
export const handleOf = (word: number, block: number, slot: number): number =>
  (word >>> 10) * HANDLE_GENERATION + (block << SLOT_BITS) + slot

/**
 * The handle that what this one names will have once it is sent.
 *
 * **When to use**: to write the handle into a message before the message is certain to be sent. Only `detach` makes it
 * valid.
 */
export const handleInTransit = (handle: number): number =>
  handle + HANDLE_GENERATION < HANDLE_LIMIT ? handle + HANDLE_GENERATION : handle + HANDLE_GENERATION - HANDLE_LIMIT

/** Whether a handle names a reference to a shared parcel, and not a parcel. */
export const isReference = (handle: number): boolean => handle % (1 << SLOT_BITS) > 0

const isPowerOfTwo = (value: number): boolean => (value & (value - 1)) === 0

/** Whether an arena can have blocks of this size. */
export const isBlockSize = (blockBytes: number): boolean =>
  Number.isInteger(blockBytes) && blockBytes >= MIN_BLOCK_BYTES && blockBytes <= MAX_BLOCK_BYTES
  && isPowerOfTwo(blockBytes)

/** Whether an arena can have this many blocks of this size. */
export const isBlockCount = (blocks: number, blockBytes: number): boolean =>
  Number.isInteger(blocks) && blocks >= 1 && blocks <= MAX_BLOCKS && blocks * blockBytes <= MAX_ARENA_BYTES

/** Whether the parcels of an arena can have this many references each. */
export const isReferenceCount = (references: number): boolean =>
  Number.isInteger(references) && references >= 1 && references <= MAX_REFERENCES

/** Cell of the state of the first block. */
export const statesCell = layout.descriptorCells

/** Cell of the row of the first block. */
export const rowsCell = (blocks: number): number => statesCell + blocks

/** Cell of the word of owner 0, which nobody is. */
export const numbersCell = (blocks: number, references: number): number =>
  rowsCell(blocks) + blocks * (ROW_WORDS + references)

/** Byte offset of the data, a multiple of 4096, so that views of every element size start where they may. */
export const dataOffset = (blocks: number, references: number): number =>
  Math.ceil((numbersCell(blocks, references) + MAX_OWNER + 1) * 4 / 4096) * 4096

/** The cells of a buffer that is an arena. */
export const descriptorOf = (sab: SharedArrayBuffer): Int32Array => {
  const cells = identify(layout, sab)
  const blocks = cells[layout.cells.blocks]!
  const blockBytes = cells[layout.cells.blockBytes]!
  const references = cells[layout.cells.references]!
  if (!isBlockSize(blockBytes) || !isBlockCount(blocks, blockBytes) || !isReferenceCount(references)) {
    throw new InvalidMemory(
      layout.name,
      `it says ${blocks} blocks of ${blockBytes} bytes, ${references} references each`
    )
  }
  const needed = dataOffset(blocks, references) + blocks * blockBytes
  if (sab.byteLength < needed) {
    throw new InvalidMemory(layout.name, `its ${blocks} blocks need ${needed} bytes, the buffer has ${sab.byteLength}`)
  }
  return cells
}

const invalid = (option: string, value: number, expected: string): never => {
  throw new InvalidCapacity(layout.name, option, value, expected)
}

/**
 * Makes the shared memory of an arena in which everything is free.
 *
 * **Shape**: `capacityBytes` for parcels, a multiple of `blockBytes`, up to 2 GiB and 1,048,576 blocks; it is all the arena will ever have.
 * `blockBytes` is a power of two from 4 KiB to 1 MiB, 64 KiB when not given: what a parcel is rounded up to. `references` (62) is how many references
 * a shared parcel can have at once, those on their way included, up to 255. Words take `12 + 4 x references` bytes a block.
 *
 * **Details**: `id` tells arenas apart in messages; it is drawn at random when not given.
 *
 * **Errors**: {@link InvalidCapacity}.
 *
 * **Gotchas**: the memory of an `ArrayBuffer` is not covered by the `resourceLimits` of a thread: this budget is the only bound.
 */
export const create = (options: {
  readonly capacityBytes: number
  readonly blockBytes?: number | undefined
  readonly references?: number | undefined
  readonly id?: number | undefined
}): SharedArrayBuffer => {
  const { blockBytes = 65_536, capacityBytes, id = Math.floor(Math.random() * 0x7fffffff), references = 62 } = options
  const blocks = capacityBytes / blockBytes
  if (!isBlockSize(blockBytes)) {
    invalid("blockBytes", blockBytes, `a power of two between ${MIN_BLOCK_BYTES} and ${MAX_BLOCK_BYTES}`)
  }
  if (!isBlockCount(blocks, blockBytes)) {
    const most = Math.min(MAX_ARENA_BYTES, MAX_BLOCKS * blockBytes)
    invalid("capacityBytes", capacityBytes, `a multiple of ${blockBytes} between ${blockBytes} and ${most}`)
  }
  if (!isReferenceCount(references)) invalid("references", references, `a whole number from 1 to ${MAX_REFERENCES}`)
  if (!(Number.isInteger(id) && id >= 0 && id <= 0x7fffffff)) invalid("id", id, "a whole number from 0 to 2147483647")
  const sab = new SharedArrayBuffer(dataOffset(blocks, references) + capacityBytes)
  const cells = inscribe(layout, sab)
  cells[layout.cells.id] = id
  cells[layout.cells.blocks] = blocks
  cells[layout.cells.blockBytes] = blockBytes
  cells[layout.cells.references] = references
  return sab
}
