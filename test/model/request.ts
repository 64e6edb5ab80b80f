/**
 * What a simulated thread asks of the explorer: each atomic operation, and each place where it stands still.
 *
 * A thread is a generator that yields a {@link Request} and is resumed with its answer. It performs nothing itself, so
 * the explorer decides when an operation happens and with what other threads' operations in between.
 */

/** An array that `Atomics` works on. */
export type Cells = Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array

/**
 * The operations of `Atomics`, and:
 * - `settle` waits for the promise of a `waitAsync`, or sleeps in a `wait` that has begun;
 * - `spin` is a turn of a loop that waits for another thread (`Atomics.pause`);
 * - `turn` is a place to be interrupted at, where nothing happens;
 * - `mark` runs on into the next request: the code behind it belongs to the same step.
 */
export type Kind =
  | "load"
  | "store"
  | "add"
  | "sub"
  | "and"
  | "or"
  | "xor"
  | "exchange"
  | "compareExchange"
  | "notify"
  | "wait"
  | "waitAsync"
  | "settle"
  | "spin"
  | "turn"
  | "mark"
  | "cut"

/** The simulated promise of a wait. */
export class Ticket {
  /** How the wait ended; undefined while it lasts. */
  result: "ok" | "timed-out" | undefined = undefined
  /** Whether it has a timeout that can end it. */
  readonly timed: boolean
  readonly cells: Cells
  readonly index: number
  /** The thread that began it, by its number; -1 outside of an exploration. */
  readonly owner: number
  constructor(cells: Cells, index: number, timed: boolean, owner: number) {
    this.cells = cells
    this.index = index
    this.timed = timed
    this.owner = owner
  }
}

/** One request. */
export class Request {
  readonly kind: Kind
  /** Where in the text it is made, for people: `Doorbell.ring`. */
  readonly site: string
  readonly cells: Cells | undefined
  readonly index: number
  /** The operand; of `compareExchange` and the waits the expected value, of `notify` the count. */
  readonly value: number | undefined
  /** The replacement of `compareExchange`, the timeout of a wait. */
  readonly other: number | undefined
  readonly ticket: Ticket | undefined
  constructor(kind: Kind, site: string, cells?: Cells, index = 0, value?: number, other?: number, ticket?: Ticket) {
    this.kind = kind
    this.site = site
    this.cells = cells
    this.index = index
    this.value = value
    this.other = other
    this.ticket = ticket
  }
}

/** What a simulated thread yields. */
export type Step = Request

/** What a simulated thread runs, and every part of it. */
export type Body<Result = void> = Generator<Step, Result>

/** The answer of a gated `waitAsync`. */
export type Wait =
  | { readonly async: false; readonly value: "not-equal" | "timed-out" }
  | { readonly async: true; readonly value: Ticket }
