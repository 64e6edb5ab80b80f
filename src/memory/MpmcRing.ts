/**
 * Passes small records of one size from any number of threads to any number of threads, each record to one of them, without
 * locks and without waiting.
 *
 * Promises:
 * - Each committed record is taken by exactly one reader, records in the order of their claims. A full and an empty ring are
 *   reported, never waited for; nothing here blocks or allocates per record.
 * - A claim, by a writer or by a reader, is one compare-and-swap of the cell's state, and that word says whose it is. There is
 *   no moment at which a thread could die and leave a claim that nobody can name: what a dead thread was writing or reading is
 *   taken back by `MpmcRecovery`, reported once, and a slow living thread is never mistaken for a dead one.
 * - Each state read from shared memory is loaded once; what no thread can have stored there is answered like a cell that is not
 *   ready, and is never followed.
 *
 * Never does: wake anybody (see `WaitList`), or let a reader pass a cell that a living writer has claimed and not committed: the
 * order of the claims is the order of the records.
 *
 * ```text
 *   state of a cell      FREE, lap ── claim ──► WRITING, owner, lap ── commit ──► FULL, lap
 *                             ▲                    │ abort, recover                  │ take
 *                             │                    ▼                                 ▼
 *        lap + 1   ◄──────────┴─── skipped ──── HOLE, lap        release ◄── READING, owner, lap
 * ```
 *
 * Position `p` belongs to cell `p mod slots` in lap `p / slots`. A writer claims position `p` only when the state says that the
 * cell is free in exactly that lap, so a writer that was stopped between its look at the tail and its claim fails: in its lap the
 * cell has been claimed once, or it is free in a later one. (A lap has 22 bits: a thread would have to be stopped there for
 * 4,194,304 laps, and go on at exactly that one.)
 *
 * Tail and head are hints. Whoever has claimed a position stores the one behind it, plainly and perhaps late, so they may fall
 * back by any time but never run ahead of the claims. Who starts from one goes on from cell to cell while the state says that the
 * position has been used, by whole laps when the state is of a later one. That is why `EMPTY` is true at the moment of the
 * look: all positions in front have been taken, this one has not been filled. The same holds for `RING_FULL`.
 *
 * Order of the shared accesses: a payload is written between two changes of the state by its writer, and read between two by its
 * reader, so no plain access of it races. The hints race, on purpose: every value they ever held will do.
 *
 * Source: Dmitry Vyukov's bounded MPMC queue. Different: the claim is in the cell and carries its owner, not in the counters.
 * `docs/adr/0010-claims-in-headers.md` says why.
 *
 * Hot path: changes only together with `test/model` and the benchmarks `memory/mpmc`.
 */
import * as memory from "./internal/mpmcMemory.ts"
import { inscribe } from "./Layout.ts"
import { MAX_OWNER, MAX_SLOTS, mpmcRing as layout } from "./Layouts.ts"
import { InvalidCapacity, InvalidCommit, InvalidOwner } from "./MemoryError.ts"
import { Region } from "./Region.ts"
import { NONE, RING_FULL } from "./Ring.ts"

/** Answer of `take`: there is no record. */
export const EMPTY = NONE

/** Largest record in bytes. */
export const MAX_RECORD_BYTES = 64 * 1024

const full = RING_FULL
const empty = EMPTY
const tailCell = layout.cells.tail
const headCell = layout.cells.head

// Engines fold a module's own constants into compiled code.
const FREE = memory.FREE
const WRITING = memory.WRITING
const FULL = memory.FULL
const READING = memory.READING
const KIND = memory.KIND
const HOLE = memory.HOLE
const OWNER_SHIFT = memory.OWNER_SHIFT
const STATE_BYTES = memory.STATE_BYTES
const NO_CELL = -1

/**
 * Steps from a hint to where the records go on, beside those from cell to cell. Each is by all laps that the hint is late, so
 * it takes damage, of states that send each other round, to need more.
 */
const ENOUGH_STEPS = 1000

/**
 * Makes the shared memory of an empty ring.
 *
 * **Shape**: `slots` is a power of two from 2 to 2^26, `recordBytes` a multiple of 8 from 8 to 65,536; each record takes 8 bytes more.
 *
 * **Details**: `startPosition` is where positions start counting; tests use it to cross the Int32 wrap-around.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (slots: number, recordBytes: number, startPosition = 0): SharedArrayBuffer => {
  if (!(Number.isInteger(slots) && slots >= 2 && slots <= MAX_SLOTS && (slots & (slots - 1)) === 0)) {
    throw new InvalidCapacity(layout.name, "slots", slots, `a power of two from 2 to ${MAX_SLOTS}`)
  }
  if (
    !(Number.isInteger(recordBytes) && recordBytes >= 8 && recordBytes <= MAX_RECORD_BYTES && recordBytes % 8 === 0)
  ) {
    throw new InvalidCapacity(layout.name, "recordBytes", recordBytes, `a multiple of 8 from 8 to ${MAX_RECORD_BYTES}`)
  }
  const stride = STATE_BYTES + recordBytes
  if (slots * stride > 2 ** 31 - layout.descriptorBytes) {
    throw new InvalidCapacity(
      layout.name,
      "slots",
      slots,
      `at most ${Math.floor(2 ** 31 / stride)} of ${recordBytes} bytes each`
    )
  }
  const sab = new SharedArrayBuffer(layout.descriptorBytes + slots * stride)
  const cells = inscribe(layout, sab)
  cells[layout.cells.slots] = slots
  cells[layout.cells.recordBytes] = recordBytes
  cells[tailCell] = startPosition
  cells[headCell] = startPosition
  const { lapMask, shift } = memory.descriptorOf(sab)
  for (let i = 0; i < slots; i++) {
    const position = (startPosition + i) | 0
    const word = (layout.descriptorBytes + (position & (slots - 1)) * stride) >> 2
    cells[word] = FREE | (position >>> shift) & lapMask
  }
  return sab
}

/**
 * A writing end; any number of threads hold one each.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring, {@link InvalidOwner}.
 */
export class MpmcWriter {
  /** The cells; record offsets count from their start. */
  declare readonly region: Region
  /** Number of records that fit. */
  declare readonly slots: number
  /** Bytes of a record. */
  declare readonly recordBytes: number
  declare private readonly cells: Int32Array
  declare private readonly words: Int32Array
  declare private readonly mask: number
  declare private readonly shift: number
  declare private readonly strideWords: number
  declare private readonly lapMask: number
  declare private readonly claimBits: number
  /** Behind the last claim of this end. */
  declare private position: number
  /** Whether the last claim was refused. */
  declare private isRefused: boolean
  declare private claimedWord: number
  declare private claimedLap: number

  constructor(sab: SharedArrayBuffer, owner: number) {
    const shape = memory.descriptorOf(sab)
    this.region = new Region(sab, layout.descriptorBytes, shape.slots * shape.stride)
    this.slots = shape.slots
    this.recordBytes = shape.recordBytes
    this.cells = shape.cells
    this.words = this.region.i32
    this.mask = shape.slots - 1
    this.shift = shape.shift
    this.strideWords = shape.stride >> 2
    this.lapMask = shape.lapMask
    this.claimBits = WRITING | ownerBits(owner)
    this.position = Atomics.load(shape.cells, tailCell)
    this.isRefused = false
    this.claimedWord = NO_CELL
    this.claimedLap = 0
  }

  /**
   * Reserves the next record and returns its offset in `region`, a multiple of 8; `RING_FULL` when there is no room now.
   *
   * **Details**: a new claim takes the place of one that was not committed, which is aborted.
   *
   * **Gotchas**: readers wait for an open claim, however long it takes. Claim when what to write is known.
   */
  claim(): number {
    if (this.claimedWord !== NO_CELL) this.abort()
    const { cells, lapMask, mask, shift, strideWords, words } = this
    const tail = Atomics.load(cells, tailCell)
    let position = this.position
    if (((tail - position) | 0) > 0) position = tail
    for (let steps = 0; steps <= 2 * mask + ENOUGH_STEPS; steps++) {
      const word = (position & mask) * strideWords
      const lap = (position >>> shift) & lapMask
      // A writer that waits for room looks first: to try would take the cell's line from the reader that is about to free it.
      let state = this.isRefused ? Atomics.load(words, word) : lap
      if (state === lap) state = Atomics.compareExchange(words, word, lap, this.claimBits | lap)
      if (state === lap) {
        position = (position + 1) | 0
        this.position = position
        this.isRefused = false
        cells[tailCell] = position
        this.claimedWord = word
        this.claimedLap = lap
        return (word << 2) + STATE_BYTES
      }
      const used = lapsAhead(state, lap, lapMask) - ((state & KIND) === FREE ? 1 : 0)
      // In use since the lap before: nobody has claimed this position, and so none behind it.
      if (used < 0) break
      position = (position + used * (mask + 1) + 1) | 0
    }
    this.isRefused = true
    return full
  }

  /**
   * Makes the claimed record visible.
   *
   * **Errors**: {@link InvalidCommit} when nothing is claimed.
   */
  commit(): void {
    if (this.claimedWord === NO_CELL) throw new InvalidCommit(layout.name, this.recordBytes, NO_CELL, 0)
    // Publishes the record stored before.
    Atomics.store(this.words, this.claimedWord, FULL | this.claimedLap)
    this.claimedWord = NO_CELL
  }

  /** Gives the claim up: readers skip it. Without a claim it does nothing. */
  abort(): void {
    if (this.claimedWord === NO_CELL) return
    Atomics.store(this.words, this.claimedWord, HOLE | this.claimedLap)
    this.claimedWord = NO_CELL
  }
}

/**
 * A reading end; any number of threads hold one each.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring, {@link InvalidOwner}.
 */
export class MpmcReader {
  /** The cells; record offsets count from their start. */
  declare readonly region: Region
  /** Number of records that fit. */
  declare readonly slots: number
  /** Bytes of a record. */
  declare readonly recordBytes: number
  declare private readonly cells: Int32Array
  declare private readonly words: Int32Array
  declare private readonly mask: number
  declare private readonly shift: number
  declare private readonly strideWords: number
  declare private readonly lapMask: number
  declare private readonly claimBits: number
  /** Behind the last record taken by this end. */
  declare private position: number
  declare private takenWord: number
  declare private takenLap: number

  constructor(sab: SharedArrayBuffer, owner: number) {
    const shape = memory.descriptorOf(sab)
    this.region = new Region(sab, layout.descriptorBytes, shape.slots * shape.stride)
    this.slots = shape.slots
    this.recordBytes = shape.recordBytes
    this.cells = shape.cells
    this.words = this.region.i32
    this.mask = shape.slots - 1
    this.shift = shape.shift
    this.strideWords = shape.stride >> 2
    this.lapMask = shape.lapMask
    this.claimBits = READING | ownerBits(owner)
    this.position = Atomics.load(shape.cells, headCell)
    this.takenWord = NO_CELL
    this.takenLap = 0
  }

  /**
   * Takes the next record and returns its offset in `region`; {@link EMPTY} when there is none, or when the next one is claimed and not
   * committed yet.
   *
   * **Details**: releases what was taken before and not released.
   */
  take(): number {
    if (this.takenWord !== NO_CELL) this.release()
    const { cells, lapMask, mask, shift, strideWords, words } = this
    const head = Atomics.load(cells, headCell)
    let position = this.position
    if (((head - position) | 0) > 0) position = head
    for (let steps = 0; steps <= 2 * mask + ENOUGH_STEPS; steps++) {
      const word = (position & mask) * strideWords
      const lap = (position >>> shift) & lapMask
      let state = Atomics.load(words, word)
      if (state === (FULL | lap)) {
        state = Atomics.compareExchange(words, word, FULL | lap, this.claimBits | lap)
        if (state === (FULL | lap)) {
          position = (position + 1) | 0
          this.position = position
          cells[headCell] = position
          this.takenWord = word
          this.takenLap = lap
          return (word << 2) + STATE_BYTES
        }
      }
      if (state === (HOLE | lap)) {
        state = Atomics.compareExchange(words, word, HOLE | lap, FREE | (lap + 1) & lapMask)
        if (state === (HOLE | lap)) state = FREE | (lap + 1) & lapMask
      }
      const taken = lapsTaken(state, lap, lapMask)
      if (taken < 0) return empty
      position = (position + taken * (mask + 1) + 1) | 0
    }
    return empty
  }

  /** Frees the record that was taken; it must not be read after it. Without one it does nothing. */
  release(): void {
    if (this.takenWord === NO_CELL) return
    // Publishes to the writers that nobody reads here any more.
    Atomics.store(this.words, this.takenWord, FREE | (this.takenLap + 1) & this.lapMask)
    this.takenWord = NO_CELL
  }

  /** Whether there is neither a record to take nor a claim given up to skip. */
  isEmpty(): boolean {
    const { cells, lapMask, mask, shift, strideWords, words } = this
    const head = Atomics.load(cells, headCell)
    let position = this.position
    if (((head - position) | 0) > 0) position = head
    for (let steps = 0; steps <= 2 * mask + ENOUGH_STEPS; steps++) {
      const lap = (position >>> shift) & lapMask
      const state = Atomics.load(words, (position & mask) * strideWords)
      if (state === (FULL | lap) || state === (HOLE | lap)) return false
      const taken = lapsTaken(state, lap, lapMask)
      if (taken < 0) return true
      position = (position + taken * (mask + 1) + 1) | 0
    }
    return true
  }
}

/**
 * Records that are claimed and not taken, seen by anybody.
 *
 * **Details**: the two words are read one after the other and may be late; never outside of `0 … slots`.
 *
 * **Errors**: `InvalidMemory`.
 */
export const size = (sab: SharedArrayBuffer): number => {
  const { cells, slots } = memory.descriptorOf(sab)
  const head = Atomics.load(cells, headCell)
  return Math.min(slots, Math.max(0, (Atomics.load(cells, tailCell) - head) | 0))
}

// ---------------------------------------------------------------------------------------------------------------------

/** How many laps a state is ahead of a lap; negative when it is behind. */
const lapsAhead = (state: number, lap: number, lapMask: number): number => {
  const ahead = (state - lap) & lapMask
  return ahead > lapMask >> 1 ? ahead - lapMask - 1 : ahead
}

/** Laps in which the record of a cell in this state has been taken, counted from a lap; negative when not in that lap either. */
const lapsTaken = (state: number, lap: number, lapMask: number): number =>
  lapsAhead(state, lap, lapMask) - ((state & KIND) === READING && state !== (HOLE | state & lapMask) ? 0 : 1)

const ownerBits = (owner: number): number => {
  if (!(Number.isInteger(owner) && owner >= 1 && owner <= MAX_OWNER)) {
    throw new InvalidOwner(layout.name, owner, MAX_OWNER)
  }
  return owner << OWNER_SHIFT
}
