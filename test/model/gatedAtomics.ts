/**
 * `Atomics` for simulated threads: each operation is a generator that gives the explorer a turn before and after it, so
 * that plain accesses around an operation are steps of their own. Waiting and waking are simulated; everything else
 * works on the real memory.
 */

/** A simulated wait: the thread that yields it does not run before it is woken. */
export class Ticket {
  woken = false
  readonly cells: Int32Array
  readonly index: number
  constructor(cells: Int32Array, index: number) {
    this.cells = cells
    this.index = index
  }
}

/** What a simulated thread yields: nothing, when it can go on, or the wait that holds it. */
export type Step = Ticket | undefined

let waiting: Array<Ticket> = []

/** Forgets all waits; for the start of a schedule. */
export const forgetWaits = (): void => {
  waiting = []
}

export function* load(cells: Int32Array, index: number): Generator<Step, number> {
  yield
  const value = Atomics.load(cells, index)
  yield
  return value
}

export function* store(cells: Int32Array, index: number, value: number): Generator<Step, number> {
  yield
  Atomics.store(cells, index, value)
  yield
  return value
}

export function* add(cells: Int32Array, index: number, value: number): Generator<Step, number> {
  yield
  const before = Atomics.add(cells, index, value)
  yield
  return before
}

export function* exchange(cells: Int32Array, index: number, value: number): Generator<Step, number> {
  yield
  const before = Atomics.exchange(cells, index, value)
  yield
  return before
}

export function* or(cells: Int32Array, index: number, value: number): Generator<Step, number> {
  yield
  const before = Atomics.or(cells, index, value)
  yield
  return before
}

export function* and(cells: Int32Array, index: number, value: number): Generator<Step, number> {
  yield
  const before = Atomics.and(cells, index, value)
  yield
  return before
}

export function* compareExchange(
  cells: Int32Array,
  index: number,
  expected: number,
  value: number
): Generator<Step, number> {
  yield
  const before = Atomics.compareExchange(cells, index, expected, value)
  yield
  return before
}

export function* notify(cells: Int32Array, index: number, count = Infinity): Generator<Step, number> {
  yield
  let woken = 0
  for (const ticket of waiting) {
    if (woken < count && ticket.cells.buffer === cells.buffer && ticket.index === index) {
      ticket.woken = true
      woken++
    }
  }
  waiting = waiting.filter((ticket) => !ticket.woken)
  yield
  return woken
}

export function* wait(cells: Int32Array, index: number, expected: number): Generator<Step, "ok" | "not-equal"> {
  const result = yield* waitAsync(cells, index, expected)
  if (!result.async) return "not-equal"
  yield result.value
  return "ok"
}

/**
 * Comparing and beginning to wait are one step, as they are under the lock of the real one. The promise is a {@link
 * Ticket}.
 */
export function* waitAsync(
  cells: Int32Array,
  index: number,
  expected: number
): Generator<Step, { readonly async: false } | { readonly async: true; readonly value: Ticket }> {
  yield
  if (Atomics.load(cells, index) !== expected) {
    yield
    return { async: false }
  }
  const ticket = new Ticket(cells, index)
  waiting.push(ticket)
  yield
  return { async: true, value: ticket }
}

/** Waits for what `waitAsync` answered: the thread that calls it stands still until it is woken. */
export function* settle(pending: Ticket): Generator<Step, "ok" | "timed-out"> {
  yield pending
  return "ok"
}

/** One turn of a loop that waits for another thread: does nothing until another thread has made a step. */
export function* spin(): Generator<Step, void> {
  yield
}

/** Runs a body to its end with nobody else running; for checks. */
export const alone = <Result>(body: Generator<Step, Result>): Result => {
  for (let result = body.next();; result = body.next()) if (result.done === true) return result.value
}
