/**
 * Wakes the threads that wait for one condition, whatever their number, and costs who makes it true one atomic load
 * while nobody waits.
 *
 * A doorbell belongs to one consumer. Here many wait for the same thing: the receivers of a channel for an item, its
 * senders for room. Each waiter has a row, which no other waiter uses at the same time; anybody may wake.
 *
 * ```text
 *  Int32 cell   0             32                   64 + 32·row
 *               | identity …  | announced …        | state | wakes | unused | next row
 *  announced: bit (row & 31) of word (row >> 5) is 1 once the waiter of this row has announced that it waits
 *  state: 0 awake, 1 parked     wakes: number of times the waiter of this row was woken
 *
 *  waiter                                            notifier
 *    announce(row): store state = parked               makes the condition true
 *                   or    announced |= bit             wake(): load announced
 *    re-check:      load the condition                         if not 0: exchange announced = 0
 *    wait(row):     sleep while state = parked                           for each bit: CAS parked -> awake, notify
 * ```
 *
 * Promises no lost wake-up: a waiter does not sleep while the condition is true and every notifier has returned. Take a waiter
 * that has re-checked in vain, and a notifier that made the condition true after that re-check. When the notifier loads
 * `announced` the bit is either there, then it takes it; or somebody else's exchange has taken it since the waiter set
 * it. Whoever takes a bit finds `parked` in the row, because the waiter stored it first, and wakes the waiter unless
 * the waiter is awake. Woken, it looks again, and when that is too early for the notifier of this proof it announces
 * again, and the proof begins anew with the newer announcement. Between the re-check and `wait` a ring
 * makes the wait end at once, because it compares under the lock that `notify` takes.
 *
 * The orders that count: the condition before `wake`; the row before the bit; the bit before the re-check; and for who
 * wakes, the bits before the rows.
 *
 * `wake` goes to all that wait: none of them has to care for the others, whether it takes what is there, gives up, is
 * interrupted or dies. `wakeOne` spares the others, and asks for a rule in return: **who has announced itself and stops
 * waiting looks at the condition afterwards, and calls `wakeOne` while it still holds.** A wake-up may have gone to a waiter that
 * found something by itself or gave up, two that came close together may have gone to one, and one publication may be of several
 * items: each is handed on by whoever leaves. It must serve every waiter equally (an item for any receiver, a slot for any sender).
 *
 * A thread that dies between making the condition true and the end of `wake` leaves waiters asleep, and the bits it took are gone.
 * Whoever hears of a death calls `wakeForDead`. A waiter that dies parked leaves a row that is rung once for nobody; the row can be
 * given to another waiter at once.
 *
 * Never does: look at the condition, spin, or keep a thread alive (see `Doorbell.ts`).
 *
 * Source: Dekker's store-then-load, as in `Doorbell.ts`; the list of waiters as bits is our own.
 *
 * Hot path: `wake`; changes only together with `test/model`.
 */
import { textOf } from "../runtime/Text.ts"
import type { Wait } from "./Doorbell.ts"
import { CELLS_PER_LINE, identify, inscribe } from "./Layout.ts"
import { waitList as layout } from "./Layouts.ts"
import { InvalidCapacity, InvalidMemory } from "./MemoryError.ts"

/** Most rows of one list: their bits fill one line. */
export const MAX_ROWS = CELLS_PER_LINE * 32

const AWAKE = 0
const PARKED = 1

const rowsCell = layout.cells.rows
/** First word of bits. */
const ANNOUNCED_CELL = layout.descriptorCells
/** State of the first row. */
const FIRST_ROW_CELL = ANNOUNCED_CELL + CELLS_PER_LINE
const CELLS_PER_ROW = CELLS_PER_LINE
const WAKES_CELL = 1

/** A waiter named a row that its list does not have. */
export class InvalidWaitRow extends Error {
  readonly _tag = "InvalidWaitRow"
  /** The row asked for. */
  readonly row: number
  /** The number of rows of the list. */
  readonly rows: number
  constructor(row: number, rows: number) {
    super(
      `WaitList: row ${textOf(row)} is not one of the ${rows} of the list; give a whole number from 0 to ${rows - 1}`
    )
    this.name = "InvalidWaitRow"
    this.row = row
    this.rows = rows
  }
}

/**
 * Makes the shared memory of a list on which up to `rows` waiters wait at the same time.
 *
 * **Shape**: 256 bytes and 128 for each row, so that no two waiters share a cache line. `wake` loads one word for each 32 rows.
 *
 * **Errors**: {@link InvalidCapacity} when `rows` is not a whole number from 1 to {@link MAX_ROWS}.
 */
export const create = (rows: number): SharedArrayBuffer => {
  if (!isRows(rows)) throw new InvalidCapacity(layout.name, "rows", rows, `a whole number from 1 to ${MAX_ROWS}`)
  const sab = new SharedArrayBuffer((FIRST_ROW_CELL + rows * CELLS_PER_ROW) * 4)
  inscribe(layout, sab)[rowsCell] = rows
  return sab
}

/**
 * A list of waiters, seen from one thread: for waiting and for waking.
 *
 * **Example** (A receiver that blocks its thread)
 * ```ts
 * import type { WaitList } from "shared-nothing/memory/WaitList"
 *
 * const take = (items: WaitList, row: number, tryTake: () => number, isEmpty: () => boolean): number => {
 *   for (;;) {
 *     const item = tryTake()
 *     if (item >= 0) return item
 *     items.announce(row)
 *     if (isEmpty()) items.waitBlocking(row)
 *     items.cancel(row)
 *   }
 * }
 * ```
 *
 * **Errors**: {@link InvalidMemory} when the buffer is not one of `WaitList.create`.
 */
export class WaitList {
  /** How many waiters can wait at the same time. */
  declare readonly rows: number
  declare private readonly cells: Int32Array
  declare private readonly announcedEnd: number
  /** Row that `wakeOne` looks at first. */
  declare private turn: number
  /** Rows on which this thread may have a `wait` that nobody has ended. */
  declare private readonly waiting: Uint8Array

  constructor(sab: SharedArrayBuffer) {
    const cells = identify(layout, sab)
    const rows = cells[rowsCell]!
    if (!isRows(rows) || cells.length < FIRST_ROW_CELL + rows * CELLS_PER_ROW) {
      throw new InvalidMemory(layout.name, `its word of rows says ${rows}, the buffer has ${sab.byteLength} bytes`)
    }
    this.rows = rows
    this.cells = cells
    this.announcedEnd = ANNOUNCED_CELL + ((rows + 31) >> 5)
    this.turn = 0
    this.waiting = new Uint8Array(rows)
  }

  /**
   * Notifier: wakes all that wait; `true` when this call woke somebody.
   *
   * **When to use**: after making the condition true, in this order. One atomic load (for each 32 rows) while nobody waits.
   */
  wake(): boolean {
    let woke = false
    for (let cell = ANNOUNCED_CELL; cell < this.announcedEnd; cell++) {
      if (Atomics.load(this.cells, cell) !== 0 && this.wakeWord(cell)) woke = true
    }
    return woke
  }

  /** Takes the bits of one word and wakes their rows. */
  private wakeWord(cell: number): boolean {
    let woke = false
    // Bits first: a waiter that announces itself from here on is seen by the next notifier.
    let bits = Atomics.exchange(this.cells, cell, 0)
    for (; bits !== 0; bits &= bits - 1) {
      if (this.wakeRow(((cell - ANNOUNCED_CELL) << 5) + 31 - Math.clz32(bits & -bits))) woke = true
    }
    return woke
  }

  /** Wakes the waiter of a row, unless it is awake. */
  private wakeRow(row: number): boolean {
    const cell = FIRST_ROW_CELL + row * CELLS_PER_ROW
    if (Atomics.compareExchange(this.cells, cell, PARKED, AWAKE) !== PARKED) return false
    Atomics.add(this.cells, cell + WAKES_CELL, 1)
    // All waits of the row: an abandoned one must not take the wake-up of the living one.
    Atomics.notify(this.cells, cell)
    return true
  }

  /**
   * Notifier: wakes one of those that wait; `true` when this call woke somebody.
   *
   * **When to use**: instead of `wake`, when what has become true serves one waiter, and all waiters of the list keep the rule of the
   * module: who has announced itself and stops waiting, for whatever reason, looks at the condition afterwards and calls `wakeOne` if it
   * still holds.
   *
   * **Details**: the rows take turns.
   */
  wakeOne(): boolean {
    for (let cell = ANNOUNCED_CELL; cell < this.announcedEnd; cell++) {
      if (Atomics.load(this.cells, cell) !== 0) return this.wakeNext()
    }
    return false
  }

  /** Goes round once, from the row behind the one that was woken last, until a row was that of a parked waiter. */
  private wakeNext(): boolean {
    const words = this.announcedEnd - ANNOUNCED_CELL
    let row = this.turn
    for (let word = row >> 5, left = words; left >= 0; left--) {
      if (this.wakeOneOfWord(word, row & 31)) return true
      word = word + 1 === words ? 0 : word + 1
      row = word << 5
    }
    return false
  }

  /** Takes bits of one word, from a place on, until one was that of a parked waiter. */
  private wakeOneOfWord(word: number, from: number): boolean {
    const cell = ANNOUNCED_CELL + word
    const places = -1 << from
    for (
      let bits = Atomics.load(this.cells, cell) & places;
      bits !== 0;
      bits = Atomics.load(this.cells, cell) & places
    ) {
      const place = 31 - Math.clz32(bits & -bits)
      // Of several notifiers one has the bit.
      if ((Atomics.and(this.cells, cell, ~(1 << place)) & (1 << place)) === 0) continue
      const row = (word << 5) + place
      if (!this.wakeRow(row)) continue
      this.turn = row + 1 === this.rows ? 0 : row + 1
      return true
    }
    return false
  }

  /**
   * Anybody: wakes all rows whatever they say.
   *
   * **When to use**: when a thread has died that may have made the condition true, and when the condition ends for ever.
   * The dead thread may have taken bits without ringing the rows, or set a row to awake without a notify.
   */
  wakeForDead(): void {
    for (let row = 0; row < this.rows; row++) {
      Atomics.store(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, AWAKE)
      Atomics.notify(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW)
    }
  }

  /**
   * Waiter: announces that it waits. From here on who makes the condition true wakes it.
   *
   * **Gotchas**: look at the condition once more after it, then `wait`, or `cancel` or `retract`. A row serves one waiter at a time.
   *
   * **Errors**: {@link InvalidWaitRow} when the list has no such row.
   */
  announce(row: number): void {
    if (!Number.isInteger(row) || row < 0 || row >= this.rows) throw new InvalidWaitRow(row, this.rows)
    Atomics.store(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, PARKED)
    // The row comes first: whoever takes the bit finds it parked.
    Atomics.or(this.cells, ANNOUNCED_CELL + (row >> 5), 1 << (row & 31))
  }

  /**
   * Waiter: takes the announcement back, and ends a wait of this thread on this row that is still pending.
   *
   * **When to use**: when the re-check found the condition true, after a wait timed out, and when the waiter gives up.
   * Does no harm after a wake-up.
   */
  cancel(row: number): void {
    Atomics.store(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, AWAKE)
    if (this.waiting[row] !== 0) {
      this.waiting[row] = 0
      Atomics.notify(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW)
    }
  }

  /**
   * Waiter: takes the announcement back and leaves a pending wait as it is, for the next time.
   *
   * **When to use**: instead of `cancel`, when the waiter found by itself what it waits for and keeps the promise of its
   * wait. After the next `announce` and re-check that promise is the wait; it may be fulfilled by a wake-up from before,
   * so look again when it is.
   */
  retract(row: number): void {
    Atomics.store(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, AWAKE)
  }

  /**
   * Waiter: sleeps until it is woken, with the event loop running.
   *
   * **Details**: `async: false` when it was woken since `announce`. Otherwise `value` is fulfilled by the wake-up, by
   * `cancel`, or after `timeoutMillis`. Call `cancel` after it, whatever ended it.
   *
   * **Gotchas**: the pending promise does not keep the thread alive.
   */
  wait(row: number, timeoutMillis?: number): Wait {
    const wait = Atomics.waitAsync(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, PARKED, timeoutMillis)
    this.waiting[row] = wait.async ? 1 : 0
    return wait
  }

  /**
   * Waiter: sleeps until it is woken, blocking the whole thread.
   *
   * **When to use**: in threads without work for an event loop.
   */
  waitBlocking(row: number, timeoutMillis?: number): "ok" | "not-equal" | "timed-out" {
    return Atomics.wait(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, PARKED, timeoutMillis)
  }

  /** Whether the waiter of a row has announced itself and nobody has woken it since. */
  isParked(row: number): boolean {
    return Atomics.load(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW) === PARKED
  }

  /** Number of times the waiter of a row was woken by who made the condition true, as a wrapping Int32. */
  wakes(row: number): number {
    return Atomics.load(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW + WAKES_CELL)
  }
}

// ---------------------------------------------------------------------------------------------------------------------

const isRows = (rows: number): boolean => Number.isInteger(rows) && rows >= 1 && rows <= MAX_ROWS
