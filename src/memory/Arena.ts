/**
 * Holds large pieces of bytes, *parcels*, in memory that all threads see, and says at any moment which thread each of them belongs to: a
 * parcel moves to another thread, or is shared by several, and its bytes stay where they are.
 *
 * Promises:
 * - A parcel is owned by one thread, or is on its way between two, or is shared and lives while there are references to it. Each change is one
 *   compare-and-swap of one word, so that of two that try one succeeds: no parcel is adopted twice, none is freed twice, none while it is held.
 * - A handle is good once. Whatever ends it (`detach`, `share`, `release`, an `adopt` by somebody else) makes it stale, and a stale handle is
 *   refused; it never names another parcel. (Generations have 22 bits: only a handle kept over exactly 4,194,304 owners of the same block could.)
 * - A thread may die anywhere. Every block and every reference says whose it is from its first word on, so `recover` frees what the dead thread
 *   owned and nothing else, also when it died half-way in an allocation or in freeing. What it had sent stays adoptable until `forget`.
 * - Nothing waits for another thread; `allocate`, `refer` and `recover` look at every block or reference once, the rest takes a few steps.
 *
 * Never does: zero bytes (a new parcel holds what the last one left there), grow, move a parcel, or keep anybody from touching bytes. Views cannot
 * be revoked in JavaScript: who keeps a view after `detach` can still read and write what is no longer theirs. Not to do so, and not to write
 * to what is shared, is a contract. `wire/Parcel` gives out objects that keep it as far as can be.
 *
 * ```text
 *            allocate             detach              adopt (by anybody, the sender too)
 *   free ──────────────► owned a ────────► in transit a ────────► owned b          one word: the state of the first block
 *    ▲  ▲       release    │  ▲               │ forget(a)             │
 *    │  └──────────────────┤  └───────────────┼───────────────────────┘
 *    │                share│                  ▼
 *    │ no reference        ▼       refer: free ► owned a     detach, adopt: as above    release: owned a ► free
 *    └────────────────── shared    each reference is a word of its own with the same life as a parcel
 * ```
 *
 * A parcel takes consecutive blocks, a *run*: the first has the state of the parcel, those behind it are `interior`. The first is claimed first
 * and freed last, the others in order and in reverse order. So the run of a parcel is at all times its first block and the interior ones
 * directly behind it: no second word has to agree with it, and whoever takes the first block over from a dead thread knows what it takes.
 *
 * A shared parcel is freed by whoever finds that it has no reference left. All references are looked at, and the answer counts when nobody was
 * about to give one up meanwhile (the word `releases` did not change): a reference can only be made by who holds another, so between two equal
 * readings of `releases` with every reference free in between none can have appeared. Otherwise the one who was about to looks later than we did.
 *
 * Order of the shared accesses: bytes are written and read only by who owns the parcel or a reference, and owning begins and ends with an atomic
 * access of the same word, so no plain access races. The memory is drawn in `docs/reference/memory-layout.md`.
 *
 * Source: next-fit allocation (Knuth, volume 1, 2.5); the account of a shared parcel is a double collect (Afek and others, "Atomic snapshots of
 * shared memory", 1993). `docs/adr/0012-an-arena-of-parcels.md` says why there is no reference count.
 *
 * Changes only together with `test/model` and the benchmark `memory/arena`.
 */
import { arena as layout } from "./ArenaLayout.ts"
import {
  dataOffset,
  descriptorOf,
  FREE,
  HANDLE_GENERATION,
  HANDLE_LIMIT,
  handleInTransit,
  handleOf,
  INTERIOR,
  MODE_MASK,
  NEXT_GENERATION,
  OWNED,
  ROW_WORDS,
  rowsCell,
  SHARED,
  SLOT_BITS,
  statesCell,
  TRANSIT
} from "./internal/arenaMemory.ts"
import { MAX_OWNER } from "./Layouts.ts"
import { InvalidMemory, InvalidOwner, InvalidSize, StaleHandle } from "./MemoryError.ts"

export { create, handleInTransit, isReference } from "./internal/arenaMemory.ts"

/** Answer of `allocate`: no run of free blocks is long enough now. */
export const ARENA_FULL = -1
/** Answer of `allocate`: the arena has fewer bytes in all. */
export const PARCEL_TOO_LARGE = -2
/** Answer to a handle that does not name what the call is for: used up, taken by somebody else, freed, or never given out. */
export const STALE_HANDLE = -3
/** Answer of `refer`: the parcel has as many references as it can have. */
export const REFERENCES_FULL = -4

/** What `recover` found of a dead thread. Each thing is counted by one caller, however many call. */
export interface Recovered {
  /** Parcels that it owned; their bytes are free now. */
  readonly freed: number
  /** References to shared parcels that it held; they are given up, and parcels without any other are freed. */
  readonly released: number
  /** Parcels and references that it had sent and nobody has adopted yet; left as they are for their receivers, and for `forget`. */
  readonly inTransit: number
}

// Engines fold a module's own constants into compiled code, but read imported ones through a cell each time.
const free = FREE
const interior = INTERIOR
const shared = SHARED
const owned = OWNED
const transit = TRANSIT
const modeMask = MODE_MASK
const nextGeneration = NEXT_GENERATION
const rowWords = ROW_WORDS
const slotBits = SLOT_BITS
const slotMask = (1 << SLOT_BITS) - 1
const handleGeneration = HANDLE_GENERATION
const handleLimit = HANDLE_LIMIT
const states = statesCell
const refusedCell = layout.cells.refused

/** The same generation in another mode. */
const inMode = (word: number, mode: number): number => (word & ~modeMask) | mode

/** Block and slot of a handle. The remainder of a division by a power of two, without the call that `%` is for doubles. */
const placeOf = (handle: number): number => handle - Math.floor(handle / handleGeneration) * handleGeneration

/** The next generation in a mode; wraps. */
const advance = (word: number, mode: number): number => ((word & ~modeMask) + nextGeneration) | mode

const requireOwner = (owner: number): void => {
  if (Number.isInteger(owner) && owner >= 1 && owner <= MAX_OWNER) return
  throw new InvalidOwner(layout.name, owner, MAX_OWNER)
}

/**
 * A thread's end of an arena. Each thread that uses the arena has one, with a number of its own.
 *
 * **Gotchas**: the number of a dead thread may be given to another one only after every `recover` and `forget` of it has returned.
 *
 * **Errors**: `InvalidMemory` when the buffer is not an arena, {@link InvalidOwner}.
 *
 * **Example** (A parcel moves from one end to another)
 * ```ts run
 * import * as Arena from "shared-nothing/memory/Arena"
 *
 * const memory = Arena.create({ capacityBytes: 1 << 20 })
 * const here = new Arena.ArenaEnd(memory, 1)
 * const there = new Arena.ArenaEnd(memory, 2)
 * const handle = here.allocate(100_000)
 * here.view(handle).fill(7)
 * const sent = here.detach(handle)
 * const adopted = there.adopt(sent) === sent // => true
 * there.view(sent)[99_999] // => 7
 * here.release(handle) // => false
 * there.release(sent) // => true
 * ```
 */
export class ArenaEnd {
  /** Number of the arena. */
  declare readonly id: number
  /** Number of the thread. */
  declare readonly owner: number
  /** Bytes for parcels. */
  declare readonly capacityBytes: number
  /** Bytes of a block. */
  declare readonly blockBytes: number
  /** The memory of the arena. */
  declare readonly buffer: SharedArrayBuffer
  declare private readonly cells: Int32Array
  declare private readonly blocks: number
  declare private readonly references: number
  declare private readonly rows: number
  declare private readonly rowCells: number
  declare private readonly dataOffset: number
  /** Mode of what this end owns. */
  declare private readonly mine: number
  /** Where the last allocation ended: the next search begins here. */
  declare private cursor: number

  constructor(sab: SharedArrayBuffer, owner: number) {
    const cells = descriptorOf(sab)
    requireOwner(owner)
    const blocks = cells[layout.cells.blocks]!
    const references = cells[layout.cells.references]!
    this.id = cells[layout.cells.id]!
    this.owner = owner
    this.blockBytes = cells[layout.cells.blockBytes]!
    this.capacityBytes = blocks * this.blockBytes
    this.buffer = sab
    this.cells = cells
    this.blocks = blocks
    this.references = references
    this.rows = rowsCell(blocks)
    this.rowCells = rowWords + references
    this.dataOffset = dataOffset(blocks, references)
    this.mine = owned | owner
    this.cursor = 0
  }

  /**
   * Takes room for a parcel and answers its handle, or {@link ARENA_FULL}, or {@link PARCEL_TOO_LARGE}.
   *
   * **Details**: a claim that two threads began at the same place is given up by one of them, which searches on. Of threads that compete for the
   * last run one gets it; another may be refused although the claim that was in its way is given up a moment later.
   *
   * With `within` the parcel lies in the first so many bytes of the arena, and the rest is left to others.
   *
   * **Errors**: {@link InvalidSize} when `bytes` is no whole number of 1 or more.
   */
  allocate(bytes: number, within: number = this.capacityBytes): number {
    if (!(Number.isInteger(bytes) && bytes >= 1)) throw new InvalidSize(layout.name, bytes)
    if (bytes > this.capacityBytes) return PARCEL_TOO_LARGE
    const count = Math.ceil(bytes / this.blockBytes)
    const blocks = within < this.capacityBytes ? Math.floor(within / this.blockBytes) : this.blocks
    let block = this.search(this.cursor, blocks, count)
    // Runs that begin in front of the cursor may reach across it.
    if (block < 0) block = this.search(0, Math.min(this.cursor + count - 1, blocks), count)
    if (block < 0) {
      Atomics.add(this.cells, refusedCell, 1)
      return ARENA_FULL
    }
    this.cells[this.rows + block * this.rowCells] = bytes
    this.cursor = block + count < this.blocks ? block + count : 0
    return handleOf(Atomics.load(this.cells, states + block), block, 0)
  }

  /** Claims the first run of free blocks that lies between two blocks; its first block, or -1. */
  private search(from: number, to: number, count: number): number {
    let first = from
    let block = from
    while (first + count <= to) {
      const isFree = (Atomics.load(this.cells, states + block) & modeMask) === free
      block++
      if (!isFree) first = block
      else if (block - first === count) {
        const claimed = this.claim(first, count)
        if (claimed === count) return first
        // Somebody else has the block behind those; whatever they make of it, a run from here on must begin there or later.
        first += claimed
        block = first
      }
    }
    return -1
  }

  /** Claims blocks one by one, and frees them again when one is taken; how many it got. */
  private claim(first: number, count: number): number {
    const cells = this.cells
    for (let got = 0; got < count; got++) {
      const cell = states + first + got
      const word = Atomics.load(cells, cell)
      const claim = got === 0 ? advance(word, this.mine) : inMode(word, interior)
      if ((word & modeMask) !== free || Atomics.compareExchange(cells, cell, word, claim) !== word) {
        if (got > 0) this.freeRun(first, got)
        return got
      }
    }
    return count
  }

  /** Frees a run whose first block this end owns: the first block last, so that it stays whole for who may have to go on. */
  private freeRun(first: number, count: number): void {
    const cells = this.cells
    for (let cell = states + first + count - 1; cell >= states + first; cell--) {
      Atomics.store(cells, cell, inMode(Atomics.load(cells, cell), free))
    }
  }

  /** Takes a parcel over from the state it was seen in and frees it; `false` when somebody was faster. */
  private freeParcel(block: number, seen: number): boolean {
    const cells = this.cells
    const cell = states + block
    if (Atomics.compareExchange(cells, cell, seen, inMode(seen, this.mine)) !== seen) return false
    let count = 1
    while (block + count < this.blocks && (Atomics.load(cells, cell + count) & modeMask) === interior) count++
    this.freeRun(block, count)
    return true
  }

  /** The cell of the word that a handle is of, -1 when there is no such word. */
  private cellOf(handle: number): number {
    if (!(Number.isInteger(handle) && handle >= 0 && handle < handleLimit)) return -1
    const place = placeOf(handle)
    const block = place >> slotBits
    const slot = place & slotMask
    if (block >= this.blocks || slot > this.references) return -1
    return slot === 0 ? states + block : this.rows + block * this.rowCells + rowWords + slot - 1
  }

  /** The word that a handle is of, when it is in a mode. */
  private wordOf(handle: number, mode: number): number {
    return (Math.floor(handle / handleGeneration) * nextGeneration) | mode
  }

  /** Whether a handle names a parcel or a reference that this end owns. */
  owns(handle: number): boolean {
    const cell = this.cellOf(handle)
    return cell >= 0 && Atomics.load(this.cells, cell) === this.wordOf(handle, this.mine)
  }

  /**
   * Whether a handle can be one of this arena. Says nothing about what it names.
   *
   * **When to use**: for handles that come out of a message.
   */
  isHandle(handle: number): boolean {
    return this.cellOf(handle) >= 0
  }

  /**
   * The bytes of a parcel that this end owns, or has a reference to.
   *
   * **Errors**: {@link StaleHandle}; `InvalidMemory` when the size found there cannot be.
   *
   * **Gotchas**: the view works on after the parcel has gone to another thread. Do not use it then, and do not write to what is shared.
   */
  view(handle: number): Uint8Array<SharedArrayBuffer> {
    return this.bytesAt(handle, this.owns(handle))
  }

  /**
   * The bytes of a parcel that was sent and that nobody has adopted yet.
   *
   * **When to use**: for one that was told of a parcel without its becoming his. Do not write to it, and do not use it once it may be adopted.
   *
   * **Errors**: as of {@link view}.
   */
  peek(handle: number): Uint8Array<SharedArrayBuffer> {
    return this.bytesAt(handle, this.isInTransit(handle))
  }

  private bytesAt(handle: number, isThere: boolean): Uint8Array<SharedArrayBuffer> {
    if (!isThere) throw new StaleHandle(layout.name, handle)
    const block = placeOf(handle) >> slotBits
    const bytes = this.cells[this.rows + block * this.rowCells]! >>> 0
    const most = (this.blocks - block) * this.blockBytes
    if (bytes < 1 || bytes > most) {
      throw new InvalidMemory(layout.name, `block ${block} says it has ${bytes} bytes of the ${most} from there on`)
    }
    return new Uint8Array(this.buffer, this.dataOffset + block * this.blockBytes, bytes)
  }

  /**
   * Marks a parcel or a reference that this end owns as sent, and answers the handle to send; or {@link STALE_HANDLE}.
   *
   * **When to use**: before the message with the handle becomes visible. The handle is known beforehand: `handleInTransit`.
   *
   * **Details**: to take it back before anybody has adopted it, `adopt` it.
   */
  detach(handle: number): number {
    const cell = this.cellOf(handle)
    if (cell < 0) return STALE_HANDLE
    const word = this.wordOf(handle, this.mine)
    const sent = advance(word, transit | this.owner)
    if (Atomics.compareExchange(this.cells, cell, word, sent) !== word) return STALE_HANDLE
    return handleInTransit(handle)
  }

  /** Whether a parcel or a reference that was sent under this handle has not been adopted. */
  isInTransit(handle: number): boolean {
    const cell = this.cellOf(handle)
    if (cell < 0) return false
    const word = Atomics.load(this.cells, cell)
    return (word & transit) !== 0 && inMode(word, 0) === this.wordOf(handle, 0)
  }

  /** Makes what was sent this end's own, and answers its handle, which is the same; or {@link STALE_HANDLE} when it was adopted before. */
  adopt(handle: number): number {
    const cell = this.cellOf(handle)
    if (cell < 0) return STALE_HANDLE
    const word = Atomics.load(this.cells, cell)
    const isSent = (word & transit) !== 0 && inMode(word, 0) === this.wordOf(handle, 0)
    const isTaken = isSent && Atomics.compareExchange(this.cells, cell, word, inMode(word, this.mine)) === word
    return isTaken ? handle : STALE_HANDLE
  }

  /**
   * Ends the writing to a parcel that this end owns: answers the handle of a first reference to it, or {@link STALE_HANDLE}. The parcel lives
   * while it has references.
   */
  share(handle: number): number {
    const cells = this.cells
    const cell = this.cellOf(handle)
    const word = this.wordOf(handle, this.mine)
    if (cell < states || cell >= this.rows || Atomics.load(cells, cell) !== word) return STALE_HANDLE
    const block = cell - states
    const slot = this.rows + block * this.rowCells + rowWords
    // A thread that died here has left a word; nobody has a handle of that generation.
    const reference = advance(Atomics.load(cells, slot), this.mine)
    Atomics.store(cells, slot, reference)
    if (Atomics.compareExchange(cells, cell, word, inMode(word, shared)) !== word) return STALE_HANDLE
    return handleOf(reference, block, 1)
  }

  /**
   * Makes another reference to a shared parcel from one that this end holds, and answers its handle; {@link REFERENCES_FULL}; or
   * {@link STALE_HANDLE}.
   *
   * **When to use**: for every message that a shared parcel is sent in: references are moved, like parcels.
   */
  refer(handle: number): number {
    const cells = this.cells
    const cell = this.cellOf(handle)
    if (cell < this.rows || Atomics.load(cells, cell) !== this.wordOf(handle, this.mine)) return STALE_HANDLE
    const block = placeOf(handle) >> slotBits
    const first = this.rows + block * this.rowCells + rowWords
    for (let slot = 0; slot < this.references; slot++) {
      const word = Atomics.load(cells, first + slot)
      if ((word & modeMask) !== free) continue
      const reference = advance(word, this.mine)
      if (Atomics.compareExchange(cells, first + slot, word, reference) === word) {
        return handleOf(reference, block, slot + 1)
      }
    }
    return REFERENCES_FULL
  }

  /** Frees a parcel that this end owns, or gives a reference up, which frees the parcel when it was the last; `false` for a stale handle. */
  release(handle: number): boolean {
    const cell = this.cellOf(handle)
    if (cell < 0) return false
    const word = this.wordOf(handle, this.mine)
    if (Atomics.load(this.cells, cell) !== word) return false
    const block = placeOf(handle) >> slotBits
    return cell < this.rows ? this.freeParcel(block, word) : this.giveUp(block, cell, word)
  }

  /** Gives up a reference that was seen in a state and frees the parcel if it was the last one; `false` when somebody was faster. */
  private giveUp(block: number, cell: number, seen: number): boolean {
    // First: who finds this reference gone finds this changed, and leaves the parcel to us. Also for a dead holder, who may have made others.
    Atomics.add(this.cells, this.rows + block * this.rowCells + 1, 1)
    const gone = Atomics.compareExchange(this.cells, cell, seen, inMode(seen, free)) === seen
    this.freeUnreferenced(block)
    return gone
  }

  /** Frees a shared parcel that has no reference left. */
  private freeUnreferenced(block: number): void {
    const cells = this.cells
    const state = Atomics.load(cells, states + block)
    if ((state & modeMask) !== shared) return
    const row = this.rows + block * this.rowCells
    const releases = Atomics.load(cells, row + 1)
    for (let slot = 0; slot < this.references; slot++) {
      if ((Atomics.load(cells, row + rowWords + slot) & modeMask) !== free) return
    }
    if (Atomics.load(cells, row + 1) === releases) this.freeParcel(block, state)
  }

  /**
   * Frees what a dead thread owned and gives up the references that it held.
   *
   * **When to use**: when the thread is known to have exited; by anybody, also by several at once. For the own number: to leave the arena.
   *
   * **Details**: what the thread had sent can still be adopted. A recovering thread that dies is recovered like any other.
   *
   * **Gotchas**: what a living thread owns would be freed under its hands.
   *
   * **Errors**: {@link InvalidOwner}.
   */
  recover(owner: number): Recovered {
    requireOwner(owner)
    const cells = this.cells
    const found = { freed: 0, released: 0, inTransit: 0 }
    for (let block = 0; block < this.blocks; block++) {
      const word = Atomics.load(cells, states + block)
      const mode = word & modeMask
      if (mode === (transit | owner)) found.inTransit++
      if (mode === (owned | owner) && this.freeParcel(block, word)) found.freed++
      if (mode !== shared) continue
      found.inTransit += this.countReferences(block, transit | owner)
      found.released += this.giveUpAll(block, owned | owner)
    }
    return found
  }

  /**
   * Frees what a dead thread had sent and nobody has adopted; how many parcels and references that were.
   *
   * **When to use**: after `recover`, once no message of the thread is left that could still be read.
   *
   * **Errors**: {@link InvalidOwner}.
   */
  forget(owner: number): number {
    requireOwner(owner)
    const cells = this.cells
    let forgotten = 0
    for (let block = 0; block < this.blocks; block++) {
      const word = Atomics.load(cells, states + block)
      const mode = word & modeMask
      if (mode === (transit | owner) && this.freeParcel(block, word)) forgotten++
      if (mode === shared) forgotten += this.giveUpAll(block, transit | owner)
    }
    return forgotten
  }

  private countReferences(block: number, mode: number): number {
    const first = this.rows + block * this.rowCells + rowWords
    let count = 0
    for (let slot = 0; slot < this.references; slot++) {
      if ((Atomics.load(this.cells, first + slot) & modeMask) === mode) count++
    }
    return count
  }

  /** Gives up all references of a mode; how many. The dead thread may have been the one to free the parcel, so that is seen to in any case. */
  private giveUpAll(block: number, mode: number): number {
    const first = this.rows + block * this.rowCells + rowWords
    let count = 0
    for (let slot = 0; slot < this.references; slot++) {
      const word = Atomics.load(this.cells, first + slot)
      if ((word & modeMask) === mode && this.giveUp(block, first + slot, word)) count++
    }
    this.freeUnreferenced(block)
    return count
  }
}
