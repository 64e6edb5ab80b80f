/**
 * Holds handles of work: the owner puts them in and takes them out at one end, and other threads that have nothing to do
 * steal from the other end.
 *
 * Promises:
 * - Each handle that was pushed is taken exactly once, by the owner or by one thief. Nothing here blocks, waits or
 *   allocates.
 * - Thieves take the oldest handle. The owner may take the newest (`pop`) and the oldest (`takeOldest`), in any mix.
 * - Every answer is true of some moment between call and return: {@link EMPTY}, `false` for full, and which handle is the
 *   oldest or the newest. {@link RETRY} is answered only to a thief, and only when somebody else has taken the handle it
 *   was after.
 * - An owner that dies leaves a deque that thieves go on with, and a new `StealOwner` too.
 *
 * Never does: grow (a full deque is reported), wake anybody, know what a handle stands for, or guard against two owners.
 *
 * ```text
 *             top                          bottom        position
 *              | oldest             newest  |
 *   ...........[ 7 ][ 9 ][ 4 ][ 4 ][ 12 ].............   slots
 *   thieves ─► CAS top + 1       owner ─► store bottom
 * ```
 *
 * Why each is taken once. An owner that pops stores `bottom` in front of the newest handle and *then* loads `top`; a
 * thief loads `top` and *then* `bottom`. JavaScript atomics have one total order: a thief that came too early to see the
 * new bottom has loaded a top that the owner sees as well, or an earlier one. So as long as the owner sees another handle
 * in front of its own, no thief can be after its own. Otherwise it takes the store back, and the last handle goes to
 * whoever moves `top`, by one CAS, the owner like everybody else.
 *
 * Slots are plain words, as in the paper, and a thief may read one while the owner stores another handle there, one lap
 * later. This race is harmless: the owner stores there only after it has seen that `top` has gone past the old handle, so
 * the CAS of that thief fails, and it forgets what it read. In every other case the store of `bottom` lies between.
 *
 * Who has what when somebody dies. A handle is taken by one operation: the CAS of `top`, or for a `pop` that leaves other
 * handles, the store of `settled` with which it ends. Until then it is in the deque, where others find it: a new owner
 * undoes what a pop had begun. From then on it is the taker's, also of one that died before it knew; the layer above must
 * have noted who works on what. A thief that dies inside of `stealBatch` had what it took in its own memory.
 *
 * The memory is drawn in `docs/reference/memory-layout.md`.
 *
 * Source: Chase and Lev, "Dynamic circular work-stealing deque" (SPAA 2005), in its sequentially consistent form with a
 * fixed size; answers and the order of batches as in crossbeam-deque.
 *
 * Hot path: changes only together with `test/model` and the benchmark `memory/steal`.
 */
import { clampHandles, dequeOf, isSlots } from "./internal/dequeMemory.ts"
import { inscribe } from "./Layout.ts"
import { FIFO, LIFO, MAX_SLOTS, stealDeque as layout } from "./Layouts.ts"
import { InvalidCapacity, InvalidHandle } from "./MemoryError.ts"

/** Answer of `pop`, `takeOldest`, `steal` and `stealBatch`: there is no handle. */
export const EMPTY = -1
/** Answer of `steal` and `stealBatch`: somebody else took the handle; there may be more. */
export const RETRY = -2

/** Most handles that one `stealBatch` takes, the returned one included. */
export const MAX_BATCH = 32

// Engines fold a module's own constants into compiled code, but read imported ones through a cell each time.
const bottomCell = layout.cells.bottom
const settledCell = layout.cells.settled
const topCell = layout.cells.top
const firstSlot = layout.descriptorCells
const empty = EMPTY
const retry = RETRY

/** Which handle the owner of a deque takes first: `"lifo"` the newest, with `pop`, `"fifo"` the oldest, with `takeOldest`. */
export type Order = "lifo" | "fifo"

/**
 * Makes the shared memory of an empty deque.
 *
 * **Shape**: `slots` handles, a power of two from 1 to 2^26, of 4 bytes each, plus 384 bytes.
 *
 * **Details**: `order` says which handle the owner usually takes first; only the order of batches follows from it.
 * `startPosition` is where positions start counting; tests use it to cross the Int32 wrap-around.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (slots: number, order: Order = "lifo", startPosition = 0): SharedArrayBuffer => {
  if (!isSlots(slots)) {
    throw new InvalidCapacity(layout.name, "slots", slots, `a power of two between 1 and ${MAX_SLOTS}`)
  }
  const sab = new SharedArrayBuffer(layout.descriptorBytes + slots * 4)
  const cells = inscribe(layout, sab)
  cells[layout.cells.slots] = slots
  cells[layout.cells.order] = order === "fifo" ? FIFO : LIFO
  cells[bottomCell] = startPosition
  cells[settledCell] = startPosition
  cells[topCell] = startPosition
  return sab
}

/**
 * The owner's end of a deque. Exactly one thread holds one at any time.
 *
 * **Example** (An owner and a thief)
 * ```ts run
 * import * as StealDeque from "shared-nothing/memory/StealDeque"
 *
 * const deque = StealDeque.create(8)
 * const owner = new StealDeque.StealOwner(deque)
 * const thief = new StealDeque.StealThief(deque)
 * for (const handle of [1, 2, 3]) owner.push(handle)
 * owner.pop() // => 3
 * thief.steal() // => 1
 * owner.pop() // => 2
 * owner.pop() === StealDeque.EMPTY // => true
 * ```
 *
 * **Errors**: `InvalidMemory` when the buffer is not a deque.
 */
export class StealOwner {
  /** Number of handles that fit. */
  declare readonly slots: number
  /** Which handle this owner is meant to take first. */
  declare readonly order: Order
  declare private readonly cells: Int32Array
  declare private readonly mask: number
  /** The bottom, which only this end moves. */
  declare private bottom: number
  /** A top seen before: the real one is there or further. */
  declare private top: number

  constructor(sab: SharedArrayBuffer) {
    const cells = dequeOf(sab)
    const slots = cells[layout.cells.slots]!
    const settled = cells[settledCell]!
    let bottom = Atomics.load(cells, bottomCell)
    if (((settled - bottom) | 0) === 1) {
      // A pop that was not finished. Its handle is still there, or it is the oldest and thieves have taken it.
      Atomics.store(cells, bottomCell, settled)
      bottom = settled
    }
    cells[settledCell] = bottom
    this.slots = slots
    this.order = cells[layout.cells.order] === FIFO ? "fifo" : "lifo"
    this.cells = cells
    this.mask = slots - 1
    this.bottom = bottom
    this.top = Atomics.load(cells, topCell)
  }

  /**
   * Puts a handle in as the newest; `false` when the deque is full.
   *
   * **Shape**: `handle` is any Int32 of 0 or more.
   *
   * **Errors**: {@link InvalidHandle} for another one.
   */
  push(handle: number): boolean {
    if ((handle | 0) !== handle || handle < 0) throw new InvalidHandle(layout.name, handle)
    const { bottom, cells } = this
    // The top seen last is behind the real one or at it: looking again is needed only when the deque looks full.
    if (((bottom - this.top) | 0) > this.mask && this.isFull()) return false
    cells[firstSlot + (bottom & this.mask)] = handle
    const next = (bottom + 1) | 0
    // Publishes the slot.
    Atomics.store(cells, bottomCell, next)
    cells[settledCell] = next
    this.bottom = next
    return true
  }

  private isFull(): boolean {
    this.top = Atomics.load(this.cells, topCell)
    return ((this.bottom - this.top) | 0) > this.mask
  }

  /** Takes the newest handle, or answers {@link EMPTY}. */
  pop(): number {
    const { bottom, cells } = this
    // There are at most as many as the top seen last allows; with one, the newest is the oldest.
    if (((bottom - this.top) | 0) <= 1) return this.takeOldest()
    const newest = (bottom - 1) | 0
    // First the bottom, then the top: see above.
    Atomics.store(cells, bottomCell, newest)
    const top = Atomics.load(cells, topCell)
    this.top = top
    if (((newest - top) | 0) <= 0) return this.popLast()
    cells[settledCell] = newest
    this.bottom = newest
    return cells[firstSlot + (newest & this.mask)]!
  }

  /** Thieves have come up to the newest handle, or have taken it: the bottom goes back, and who moves the top has it. */
  private popLast(): number {
    Atomics.store(this.cells, bottomCell, this.bottom)
    return this.takeOldest()
  }

  /** Takes the oldest handle, or answers {@link EMPTY}. */
  takeOldest(): number {
    const { bottom, cells } = this
    for (let top = this.top;;) {
      if (((bottom - top) | 0) <= 0) {
        this.top = bottom
        return empty
      }
      const found = Atomics.compareExchange(cells, topCell, top, (top + 1) | 0)
      if (found === top) {
        this.top = (top + 1) | 0
        return cells[firstSlot + (top & this.mask)]!
      }
      // Thieves were faster, so this ends when there is nothing left.
      top = found
    }
  }

  /** Number of handles; thieves may take some at any moment. */
  size(): number {
    return (this.bottom - Atomics.load(this.cells, topCell)) | 0
  }
}

/**
 * A thief's end of a deque; any number of threads hold one, the owner's too.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a deque.
 */
export class StealThief {
  /** Number of handles that fit. */
  declare readonly slots: number
  /** Which handle the owner is meant to take first. */
  declare readonly order: Order
  declare private readonly cells: Int32Array
  declare private readonly mask: number
  /** What a batch has taken and not put into the other deque. */
  declare private readonly batch: Int32Array

  constructor(sab: SharedArrayBuffer) {
    const cells = dequeOf(sab)
    this.slots = cells[layout.cells.slots]!
    this.order = cells[layout.cells.order] === FIFO ? "fifo" : "lifo"
    this.cells = cells
    this.mask = this.slots - 1
    this.batch = new Int32Array(MAX_BATCH)
  }

  /** Takes the oldest handle, or answers {@link EMPTY} or {@link RETRY}. */
  steal(): number {
    const { cells } = this
    // First the top, then the bottom: see above.
    const top = Atomics.load(cells, topCell)
    if (((Atomics.load(cells, bottomCell) - top) | 0) <= 0) return empty
    const handle = Atomics.load(cells, firstSlot + (top & this.mask))
    return Atomics.compareExchange(cells, topCell, top, (top + 1) | 0) === top ? handle : retry
  }

  /**
   * Takes up to half of the handles, at least one, returns one and puts the others into a deque of the caller's; or
   * answers {@link EMPTY} or {@link RETRY}.
   *
   * **Details**: takes the oldest ones, at most {@link MAX_BATCH} and at most as many as fit. The caller gets them in the
   * order in which the owner would have taken them: the first is returned, and the others come out in that order when
   * `into` is used in its own.
   */
  stealBatch(into: StealOwner): number {
    const { batch } = this
    const half = (this.size() + 1) >> 1
    const room = into.slots - into.size() + 1
    const most = Math.min(half, room, MAX_BATCH)
    const first = this.steal()
    if (first < 0) return first
    batch[0] = first
    let count = 1
    for (let handle = 0; count < most; batch[count++] = handle) {
      handle = this.steal()
      if (handle < 0) break
    }
    const isFifo = this.order === "fifo"
    const last = count - 1
    const from = isFifo ? 1 : 0
    // Put in so that they come out oldest first of a deque that was fifo, newest first of one that was lifo.
    for (let i = 0; i < last; i++) into.push(batch[this.order === into.order ? from + i : from + last - 1 - i]!)
    return batch[isFifo ? 0 : last]!
  }

  /** Number of handles, seen in passing. */
  size(): number {
    const top = Atomics.load(this.cells, topCell)
    return clampHandles((Atomics.load(this.cells, bottomCell) - top) | 0, this.slots)
  }
}
