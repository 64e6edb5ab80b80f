/**
 * The words that the conductor and its players share: who plays, for how many operations, who waits for whom.
 *
 * Only one of them runs at any time, and the turn is handed on by atomic operations: everything else may be plain.
 */

// As they are before a player replaces them.
const { add, load, notify, store, wait } = Atomics

/** Most players of a program. */
export const PLAYERS = 4

/** The player has not begun. */
export const READY = 0
/** It stands before an operation. */
export const PAUSED = 1
/** All that it has to do waits for another thread. */
export const BLOCKED = 2
/** It looks again and again, and may go on when somebody else has done something. */
export const SPINNING = 3
export const DONE = 4
export const FAILED = 5
export const DEAD = 6

/** What a player is told with its turn. */
export const GO = 0
/** It dies before its next operation, or asleep. */
export const DIE = 1
/** The program is over; the player goes back to its event loop. */
export const LEAVE = 2

const PER_PLAYER = 8
const WAITS = 8
const PER_WAIT = 4
const MOST_EVENTS = 512
const MOST_NOTES = 64
const TRACED = 20_000
const SAID_BYTES = 4000
/** The words of a step that is traced: player, operation, buffer, index, what the operation answered. */
export const TRACE_WORDS = 5

const firstWait = 8 + PLAYERS * PER_PLAYER
const firstEvent = firstWait + PLAYERS * WAITS * PER_WAIT
const firstNote = firstEvent + 1 + MOST_EVENTS * 2
const firstTrace = firstNote + PLAYERS * (MOST_NOTES + 1)
const saidOffset = (firstTrace + 1 + TRACED * TRACE_WORDS) * 4

const TURN = 0
const ORDER = 1
const TRACES = 2

/** The operations, as they are numbered in a trace. */
export const operations = [
  "load",
  "store",
  "add",
  "sub",
  "and",
  "or",
  "xor",
  "exchange",
  "compareExchange",
  "notify",
  "waitAsync"
] as const

/** See the module. */
export class Control {
  readonly cells: Int32Array
  private readonly bytes: Uint8Array

  constructor(sab = new SharedArrayBuffer(saidOffset + SAID_BYTES + 8)) {
    this.cells = new Int32Array(sab)
    this.bytes = new Uint8Array(sab, saidOffset)
  }

  /** Of a schedule that begins. */
  reset(): void {
    const { cells } = this
    for (let player = 0; player < PLAYERS; player++) this.setState(player, READY)
    cells.fill(0, firstWait, firstEvent + 1)
    for (let player = 0; player < PLAYERS; player++) cells[firstNote + player * (MOST_NOTES + 1)] = 0
    cells[ORDER] = 0
    cells[TRACES] = 0
  }

  private base(player: number): number {
    return 8 + player * PER_PLAYER
  }
  state(player: number): number {
    return this.cells[this.base(player) + 1]!
  }
  setState(player: number, state: number): void {
    this.cells[this.base(player) + 1] = state
  }
  /** Operations that it may do before it has to pause. */
  budget(player: number): number {
    return this.cells[this.base(player) + 2]!
  }
  /** Operations that it has done in this turn of its. */
  steps(player: number): number {
    return this.cells[this.base(player) + 3]!
  }
  setSteps(player: number, steps: number): void {
    this.cells[this.base(player) + 3] = steps
  }
  command(player: number): number {
    return this.cells[this.base(player) + 4]!
  }

  // ---- turns

  /** The conductor gives a player its turn, and waits until it has stopped. */
  play(player: number, command: number, budget: number): void {
    const { cells } = this
    const base = this.base(player)
    cells[base + 2] = budget
    cells[base + 3] = 0
    cells[base + 4] = command
    cells[firstEvent] = 0
    store(cells, TURN, player + 1)
    add(cells, base, 1)
    notify(cells, base)
    if (command === LEAVE) return
    // A player that stopped before may still be about to notify.
    while (load(cells, TURN) === player + 1) {
      if (wait(cells, TURN, player + 1, 60_000) === "timed-out") throw new Error(`player ${player} does not stop`)
    }
  }

  /** A player gives its turn back. */
  yield(player: number, state: number, steps: number): void {
    this.setState(player, state)
    this.setSteps(player, steps)
    store(this.cells, TURN, 0)
    notify(this.cells, TURN)
  }

  /** The count of turns that a player has had. */
  turns(player: number): number {
    return load(this.cells, this.base(player))
  }

  /** A player waits for its next turn. */
  awaitTurn(player: number, turns: number): void {
    while (load(this.cells, this.base(player)) === turns) wait(this.cells, this.base(player), turns)
  }

  // ---- waiting

  private waitCell(player: number, wait: number): number {
    return firstWait + (player * WAITS + wait) * PER_WAIT
  }

  /** A player begins to wait for a word; the number of the wait. */
  beginWait(player: number, buffer: number, index: number): number {
    for (let wait = 0; wait < WAITS; wait++) {
      const cell = this.waitCell(player, wait)
      if (this.cells[cell] !== 0) continue
      this.cells.set([1, buffer, index, ++this.cells[ORDER]!], cell)
      return wait
    }
    throw new Error("more waits than the control has words for")
  }

  /** Ends waits for a word, the oldest first; how many. */
  notify(step: number, buffer: number, index: number, most: number): number {
    const { cells } = this
    let woken = 0
    while (woken < most) {
      let oldest = -1
      for (let cell = firstWait; cell < firstEvent; cell += PER_WAIT) {
        if (cells[cell] !== 1 || cells[cell + 1] !== buffer || cells[cell + 2] !== index) continue
        if (oldest < 0 || cells[cell + 3]! < cells[oldest + 3]!) oldest = cell
      }
      if (oldest < 0) break
      cells[oldest] = 2
      cells[oldest + 3] = ++cells[ORDER]!
      const event = firstEvent + 1 + cells[firstEvent]!++ * 2
      cells[event] = step
      cells[event + 1] = Math.floor((oldest - firstWait) / (WAITS * PER_WAIT))
      woken++
    }
    return woken
  }

  /** Takes the wait of a player that ended first; -1 when none has. */
  takeWoken(player: number): number {
    const { cells } = this
    let first = -1
    for (let wait = 0; wait < WAITS; wait++) {
      const cell = this.waitCell(player, wait)
      if (cells[cell] === 2 && (first < 0 || cells[cell + 3]! < cells[this.waitCell(player, first) + 3]!)) first = wait
    }
    if (first >= 0) cells[this.waitCell(player, first)] = 0
    return first
  }

  isWoken(player: number): boolean {
    for (let wait = 0; wait < WAITS; wait++) if (this.cells[this.waitCell(player, wait)] === 2) return true
    return false
  }

  /** Forgets the waits of a player that died. */
  bury(player: number): void {
    this.cells.fill(0, this.waitCell(player, 0), this.waitCell(player + 1, 0))
  }

  /** The step of this turn by which a player was first woken; `Infinity` when it was not. */
  wokenAt(player: number): number {
    const { cells } = this
    for (let event = 0; event < cells[firstEvent]!; event++) {
      const cell = firstEvent + 1 + event * 2
      if (cells[cell + 1] === player) return cells[cell]!
    }
    return Infinity
  }

  // ---- what was seen

  note(player: number, value: number): void {
    const first = firstNote + player * (MOST_NOTES + 1)
    if (this.cells[first]! >= MOST_NOTES) throw new Error("more notes than the control has words for")
    this.cells[first + 1 + this.cells[first]!++] = value
  }
  notes(player: number): ReadonlyArray<number> {
    const first = firstNote + player * (MOST_NOTES + 1)
    return [...this.cells.subarray(first + 1, first + 1 + this.cells[first]!)]
  }
  /** Why a player has failed. */
  say(text: string): void {
    const said = new TextEncoder().encode(text).subarray(0, SAID_BYTES)
    this.bytes.fill(0)
    this.bytes.set(said)
  }
  get said(): string {
    const { bytes } = this
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)))
  }
  trace(player: number, operation: number, buffer: number, index: number, answer: number): void {
    if (this.cells[TRACES]! >= TRACED) return
    this.cells.set([player, operation, buffer, index, answer], firstTrace + this.cells[TRACES]!++ * TRACE_WORDS)
  }
  *traced(): Generator<ReadonlyArray<number>> {
    for (let at = 0; at < this.cells[TRACES]!; at++) {
      yield [...this.cells.subarray(firstTrace + at * TRACE_WORDS, firstTrace + (at + 1) * TRACE_WORDS)]
    }
  }
}
