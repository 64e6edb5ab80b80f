/**
 * Who takes part in a channel between threads: a row for each end, with its state, so that both sides know whether the
 * other one is still there, and so that the ends of a dead thread can be taken off by who hears of its death.
 *
 * Promises:
 * - An end is in exactly one state; it is opened once, and handed on only by who holds it.
 * - When the last end of a side has left, the flag of that side is up and stays up: everybody sees it with one load.
 * - An end that its thread died with is taken off once, by who seizes it first, with all that was made from it. Until that is
 *   done it counts as present: nobody believes a side gone while claims of the dead are still in the ring.
 *
 * Never does: wake anybody (see `WaitList`), or know what the ends do.
 *
 * ```text
 *   FREE ── join ──► OPEN ── handOver ──► HANDED ── open ──► OPEN (given)
 *     ▲               │ leave               │                 │ leave
 *     ├───────────────┘                     │                 ▼
 *     └─────────── recover, when the thread it was given to has exited: LEFT, HANDED or OPEN
 * ```
 *
 * An end that goes to another thread inside of a message leaves its row for a moment (`send`): what opens it there is another end, at the same row,
 * a turn later, of which no handle and no parent knows. Each row names the thread that has its end, so that all ends of a dead thread are found,
 * however they came to it.
 *
 * The row number of an end is its owner number, less one, in the claims of the channel's ring. A row that was given to a
 * thread stays out of use until that thread has exited, also when its end left before: who gave it can recover it, and
 * all ends that were made from it there, without ever meeting a row that somebody else uses by now.
 *
 * The flag of a side: an end that leaves stores its own row first and looks at all rows after that; of the ends that
 * leave at the same time, the one whose store comes last in the one order of atomics sees no other. An end that dies
 * between its store and its look leaves the flag to `recover`, which looks again in any case, or to `lookFor`.
 */
import { identify, inscribe } from "./Layout.ts"
import { roster as layout, ROSTER_ROW, ROSTER_ROW_BYTES } from "./Layouts.ts"
import { InvalidCapacity, InvalidMemory } from "./MemoryError.ts"

/** Side of an end that sends. */
export const SENDER = 4
/** Side of an end that receives. */
export const RECEIVER = 8
/** Side of an end. */
export type Side = typeof SENDER | typeof RECEIVER

/** Flag: no end of the sending side is left. */
export const SENDERS_GONE = 1
/** Flag: no end of the receiving side is left. */
export const RECEIVERS_GONE = 2
/** Flag: the channel was closed as a whole. */
export const CLOSED = 4

/** Answer of `join`: every row is in use. */
export const ROSTER_FULL = -1

/** Most rows of a roster: owner numbers fit the claims of every ring. */
export const MAX_ROWS = 63

/** An end, as its row and the number of times that row has been taken: `row | turns << 6`. */
export type End = number

const FREE = 0
const OPEN = 1
const HANDED = 2
const LEFT = 3

// The state word: status (2 bits), side (2), given to a thread (1), parent row + 1 (6), turns (21).
const STATUS = 3
const GIVEN = 16
const PARENT_SHIFT = 5
const PARENT_MASK = 63 << PARENT_SHIFT
const TURN_SHIFT = 11
const ROW_BITS = 6
const ROW_MASK = 63

const TURN_MASK = (1 << 21) - 1

/** What a sent end is opened as: the same row, a turn later. */
export const sentAs = (end: End): End => end & ROW_MASK | ((end >>> ROW_BITS) + 1 & TURN_MASK) << ROW_BITS

const flagsCell = layout.cells.flags
const usedCell = layout.cells.used
const missedCell = layout.cells.missed
const lostCell = layout.cells.lost
const lostSentCell = layout.cells.lostSent

const stateCell = layout.descriptorCells + ROSTER_ROW.state / 4
const holderCell = layout.descriptorCells + ROSTER_ROW.holder / 4
const sentCell = layout.descriptorCells + ROSTER_ROW.sent / 4
const droppedCell = layout.descriptorCells + ROSTER_ROW.dropped / 4
const receivedCell = layout.descriptorCells + ROSTER_ROW.received / 4
const rowCells = ROSTER_ROW_BYTES / 4

/**
 * Makes the shared memory of a roster without ends.
 *
 * **Errors**: {@link InvalidCapacity} when `rows` is not a whole number from 2 to {@link MAX_ROWS}.
 */
export const create = (rows: number): SharedArrayBuffer => {
  if (!Number.isInteger(rows) || rows < 2 || rows > MAX_ROWS) {
    throw new InvalidCapacity(layout.name, "rows", rows, `a whole number from 2 to ${MAX_ROWS}`)
  }
  const sab = new SharedArrayBuffer(layout.descriptorBytes + rows * rowCells * 4)
  inscribe(layout, sab)[layout.cells.rows] = rows
  return sab
}

/**
 * The roster, seen from any thread.
 *
 * **Errors**: {@link InvalidMemory} when the buffer is not a roster.
 */
export class Roster {
  /** Number of rows. */
  declare readonly rows: number
  declare private readonly cells: Int32Array
  /** The number of this thread. */
  declare private readonly thread: number

  /** `thread` is the number of this thread, where that matters: above 0, and no other thread of the process has it. */
  constructor(sab: SharedArrayBuffer, thread = 0) {
    const cells = identify(layout, sab)
    const rows = cells[layout.cells.rows]!
    if (rows < 2 || rows > MAX_ROWS || sab.byteLength < layout.descriptorBytes + rows * rowCells * 4) {
      throw new InvalidMemory(layout.name, `its first line says ${rows} rows, the buffer has ${sab.byteLength} bytes`)
    }
    this.rows = rows
    this.cells = cells
    this.thread = thread
  }

  /**
   * Takes a free row for an end of this side; {@link ROSTER_FULL} when there is none.
   *
   * **Details**: `from` is the end that it is made from on this thread, or -1 on the thread that made the channel.
   */
  join(side: Side, from: End): End {
    const parent = from < 0 ? 0 : this.lineage(from)
    for (let row = 0; row < this.rows; row++) {
      const cell = stateCell + row * rowCells
      const state = Atomics.load(this.cells, cell)
      if ((state & STATUS) !== FREE) continue
      const turns = (state >>> TURN_SHIFT) + 1
      const taken = turns << TURN_SHIFT | parent | side
      // Before the row is taken: who takes off the ends of a dead thread looks no further than this.
      this.use(row + 1)
      if (Atomics.compareExchange(this.cells, cell, state, taken | LEFT) !== state) continue
      // Named before it is open: an end that is open is one that who hears of its thread's death finds. The row of one that dies here stays
      // out of use, and no end is in it.
      Atomics.store(this.cells, holderCell + row * rowCells, this.thread)
      Atomics.store(this.cells, cell, taken | OPEN)
      return this.endOf(row, taken)
    }
    return ROSTER_FULL
  }

  /** The parent bits for what is made from an end: the end itself when it was given to this thread, else its own parent. */
  private lineage(from: End): number {
    const row = from & ROW_MASK
    const state = Atomics.load(this.cells, stateCell + row * rowCells)
    return (state & GIVEN) !== 0 ? (row + 1) << PARENT_SHIFT : state & PARENT_MASK
  }

  private endOf(row: number, state: number): End {
    return row | (state >>> TURN_SHIFT) << ROW_BITS
  }

  /** Raises the number of rows that have ever been in use. */
  private use(rows: number): void {
    let used = Atomics.load(this.cells, usedCell)
    while (used < rows) {
      const before = Atomics.compareExchange(this.cells, usedCell, used, rows)
      if (before === used) return
      used = before
    }
  }

  /** The end is about to travel to another thread; `false` when it is not open. */
  handOver(end: End): boolean {
    if (!this.move(end, OPEN, HANDED | GIVEN)) return false
    this.letGo(end & ROW_MASK)
    return true
  }

  /** The end has arrived; `false` when it was opened before, has left, or is of the other side. */
  open(end: End, side: Side): boolean {
    const row = end & ROW_MASK
    if (row >= this.rows) return false
    const state = Atomics.load(this.cells, stateCell + row * rowCells)
    if ((state & side) === 0 || (state & STATUS) !== HANDED || this.endOf(row, state) !== end) return false
    const holder = holderCell + row * rowCells
    // Named before it is open: one that dies in between leaves an end on its way, which who finds its message opens.
    const named = Atomics.exchange(this.cells, holder, this.thread)
    if (this.move(end, HANDED, OPEN)) {
      // Who came second may have named itself since.
      Atomics.store(this.cells, holder, this.thread)
      return true
    }
    Atomics.compareExchange(this.cells, holder, this.thread, named)
    return false
  }

  /** The end is about to travel inside of a message, as {@link sentAs} it; `false` when it is not open. */
  send(end: End): boolean {
    const row = end & ROW_MASK
    const cell = stateCell + row * rowCells
    const state = Atomics.load(this.cells, cell)
    if ((state & STATUS) !== OPEN || this.endOf(row, state) !== end) return false
    const sent = (state & ~(STATUS | GIVEN | PARENT_MASK) | HANDED) + (1 << TURN_SHIFT) | 0
    if (Atomics.compareExchange(this.cells, cell, state, sent) !== state) return false
    this.letGo(row)
    return true
  }

  // Unless who has opened it has said so by now.
  private letGo(row: number): void {
    Atomics.compareExchange(this.cells, holderCell + row * rowCells, this.thread, 0)
  }

  /** Whether the end is on its way. */
  isHanded(end: End): boolean {
    const row = end & ROW_MASK
    const state = Atomics.load(this.cells, stateCell + row * rowCells)
    return (state & STATUS) === HANDED && this.endOf(row, state) === end
  }

  /** Whether any end is on its way. */
  hasHanded(): boolean {
    for (let row = 0; row < this.rows; row++) {
      if ((Atomics.load(this.cells, stateCell + row * rowCells) & STATUS) === HANDED) return true
    }
    return false
  }

  /** The number of the thread that has an end, or had it last; 0 when that is not known, or no such end is there. */
  holderOf(end: End): number {
    const row = end & ROW_MASK
    const isThere = this.endOf(row, Atomics.load(this.cells, stateCell + row * rowCells)) === end
    return isThere ? Atomics.load(this.cells, holderCell + row * rowCells) : 0
  }

  /** The end at a row, when it is open and a thread has it; `undefined` otherwise. */
  heldAt(row: number, thread: number): { readonly end: End; readonly side: Side } | undefined {
    const state = Atomics.load(this.cells, stateCell + row * rowCells)
    if ((state & STATUS) !== OPEN || Atomics.load(this.cells, holderCell + row * rowCells) !== thread) return undefined
    return { end: this.endOf(row, state), side: (state & SENDER) !== 0 ? SENDER : RECEIVER }
  }

  /** Changes the status of an end, and adds bits, unless the end is not what it was. */
  private move(end: End, from: number, to: number): boolean {
    const cell = stateCell + (end & ROW_MASK) * rowCells
    const state = Atomics.load(this.cells, cell)
    if ((state & STATUS) !== from || this.endOf(end & ROW_MASK, state) !== end) return false
    return Atomics.compareExchange(this.cells, cell, state, state & ~STATUS | to) === state
  }

  /** The end leaves; `true` when it was the last of its side. What it has made visible comes before this. */
  leave(end: End, side: Side): boolean {
    const cell = stateCell + (end & ROW_MASK) * rowCells
    const state = Atomics.load(this.cells, cell)
    Atomics.store(this.cells, cell, state & ~STATUS | ((state & GIVEN) === 0 ? FREE : LEFT))
    return this.settle(side)
  }

  /** Raises the flag of a side that has no end left; `true` when this call raised it. */
  private settle(side: Side): boolean {
    if (this.count(side) > 0) return false
    const flag = side === SENDER ? SENDERS_GONE : RECEIVERS_GONE
    return (Atomics.or(this.cells, flagsCell, flag) & flag) === 0
  }

  /** Number of ends of a side that are open or on their way. */
  count(side: Side): number {
    const used = Math.min(this.rows, Atomics.load(this.cells, usedCell))
    let count = 0
    for (let row = 0; row < used; row++) {
      const state = Atomics.load(this.cells, stateCell + row * rowCells)
      const status = state & STATUS
      if ((state & side) !== 0 && (status === OPEN || status === HANDED)) count++
    }
    return count
  }

  /**
   * Begins to take an end off whose thread has exited: answers what it is called from now on, or -1 when somebody has begun
   * before, or when it is gone. It counts as it did, nobody can open it, and its row stays taken until {@link recover}.
   *
   * **When to use**: by who gave the end to the thread, for that end and for each {@link childOf} it, before anything of it is
   * touched: the row and its number in the ring may be somebody else's by now.
   */
  seize(end: End): End {
    const row = end & ROW_MASK
    const cell = stateCell + row * rowCells
    const state = Atomics.load(this.cells, cell)
    if ((state & STATUS) === FREE || this.endOf(row, state) !== end) return -1
    const status = (state & STATUS) === LEFT ? LEFT : OPEN
    const seized = (state & ~STATUS | GIVEN | status) + (1 << TURN_SHIFT) | 0
    if (Atomics.compareExchange(this.cells, cell, state, seized) !== state) return -1
    // From here on it is looked after by who has seized it.
    Atomics.store(this.cells, holderCell + row * rowCells, 0)
    return this.endOf(row, seized)
  }

  /**
   * Takes an end off whose thread has exited; `false` when that was done before. The flags of both sides are looked at in
   * any case.
   *
   * **When to use**: by who has seized it, last: when no {@link childOf} it is left and the claims of its row in the ring are
   * recovered.
   */
  recover(end: End): boolean {
    const cell = stateCell + (end & ROW_MASK) * rowCells
    const state = Atomics.load(this.cells, cell)
    const isMine = (state & STATUS) !== FREE && this.endOf(end & ROW_MASK, state) === end
    const done = isMine && Atomics.compareExchange(this.cells, cell, state, state & -1 << TURN_SHIFT) === state
    this.settle(SENDER)
    this.settle(RECEIVER)
    return done
  }

  /**
   * Looks at the flags of both sides in place of a thread that has exited, which may have left and not come to it; a row that it had when
   * that has raised one, or -1.
   *
   * **When to use**: when all that it had open is taken off.
   */
  lookFor(thread: number): number {
    for (let row = 0; row < this.rows; row++) {
      if (Atomics.load(this.cells, holderCell + row * rowCells) !== thread) continue
      const isSender = this.settle(SENDER)
      return this.settle(RECEIVER) || isSender ? row : -1
    }
    return -1
  }

  /** An end in use that was made from this one, or -1. */
  childOf(end: End): End {
    const used = Math.min(this.rows, Atomics.load(this.cells, usedCell))
    for (let row = 0; row < used; row++) {
      const state = Atomics.load(this.cells, stateCell + row * rowCells)
      if ((state & STATUS) === FREE) continue
      if ((state & PARENT_MASK) >>> PARENT_SHIFT === (end & ROW_MASK) + 1) return this.endOf(row, state)
    }
    return -1
  }

  /** Closes the channel as a whole; `true` the first time. */
  close(): boolean {
    return (Atomics.or(this.cells, flagsCell, CLOSED) & CLOSED) === 0
  }

  /** The flags that are up. */
  flags(): number {
    return Atomics.load(this.cells, flagsCell)
  }

  /** Messages that the sender at this row, and those before it, have sent, as a wrapping Int32. */
  sent(row: number): number {
    return Atomics.load(this.cells, sentCell + row * rowCells)
  }

  /** The sender says how many it has sent. */
  setSent(row: number, count: number): void {
    Atomics.store(this.cells, sentCell + row * rowCells, count)
  }

  /** Counts messages that this row's sender did not send because of the overflow policy. */
  addDropped(row: number, count: number): void {
    Atomics.add(this.cells, droppedCell + row * rowCells, count)
  }

  /** Messages dropped so far, over all rows. */
  dropped(): number {
    let dropped = 0
    for (let row = 0; row < this.rows; row++) dropped += Atomics.load(this.cells, droppedCell + row * rowCells)
    return dropped
  }

  /** Counts messages that a receiver missed. */
  addMissed(count: number): void {
    Atomics.add(this.cells, missedCell, count)
  }

  /** Messages missed so far, over all receivers. */
  missed(): number {
    return Atomics.load(this.cells, missedCell)
  }

  /** Counts messages that nobody will receive, and how many of them had been sent. */
  addLost(count: number, sent: number): void {
    Atomics.add(this.cells, lostCell, count)
    Atomics.add(this.cells, lostSentCell, sent)
  }

  /**
   * Counts messages that had been sent and that nobody will receive, unless somebody has counted some since `lostSent` was
   * this; then it answers `false`.
   */
  tryLose(count: number, lostSent: number): boolean {
    const next = (lostSent + count) | 0
    if (Atomics.compareExchange(this.cells, lostSentCell, lostSent, next) !== lostSent) return false
    Atomics.add(this.cells, lostCell, count)
    return true
  }

  /** Messages so far that nobody will receive. */
  lost(): number {
    return Atomics.load(this.cells, lostCell)
  }

  /** Those of them that had been sent. */
  lostSent(): number {
    return Atomics.load(this.cells, lostSentCell)
  }

  /** Messages of the sender at this row that have been received. */
  received(row: number): number {
    return Atomics.load(this.cells, receivedCell + row * rowCells)
  }

  /** The receiver says how many messages of this sender it has received. */
  setReceived(row: number, count: number): void {
    Atomics.store(this.cells, receivedCell + row * rowCells, count)
  }
}
