/**
 * `Atomics` for the bodies of programs: `yield* load(cells, 0)`. The gate writes the same requests into the text of
 * `src/memory`.
 */
import { type Body, type Cells, Request, type Ticket, type Wait } from "./request.ts"

export { alone } from "./memory.ts"
export type { Body, Step } from "./request.ts"

export function* load(cells: Cells, index: number): Body<number> {
  return (yield new Request("load", "", cells, index)) as number
}

export function* store(cells: Cells, index: number, value: number): Body<number> {
  return (yield new Request("store", "", cells, index, value)) as number
}

export function* add(cells: Cells, index: number, value: number): Body<number> {
  return (yield new Request("add", "", cells, index, value)) as number
}

export function* sub(cells: Cells, index: number, value: number): Body<number> {
  return (yield new Request("sub", "", cells, index, value)) as number
}

export function* and(cells: Cells, index: number, value: number): Body<number> {
  return (yield new Request("and", "", cells, index, value)) as number
}

export function* or(cells: Cells, index: number, value: number): Body<number> {
  return (yield new Request("or", "", cells, index, value)) as number
}

export function* xor(cells: Cells, index: number, value: number): Body<number> {
  return (yield new Request("xor", "", cells, index, value)) as number
}

export function* exchange(cells: Cells, index: number, value: number): Body<number> {
  return (yield new Request("exchange", "", cells, index, value)) as number
}

export function* compareExchange(cells: Cells, index: number, expected: number, value: number): Body<number> {
  return (yield new Request("compareExchange", "", cells, index, expected, value)) as number
}

export function* notify(cells: Cells, index: number, count?: number): Body<number> {
  return (yield new Request("notify", "", cells, index, count)) as number
}

export function* wait(
  cells: Cells,
  index: number,
  expected: number,
  timeoutMillis?: number
): Body<"ok" | "not-equal" | "timed-out"> {
  return (yield new Request("wait", "", cells, index, expected, timeoutMillis)) as "ok" | "not-equal" | "timed-out"
}

export function* waitAsync(cells: Cells, index: number, expected: number, timeoutMillis?: number): Body<Wait> {
  return (yield new Request("waitAsync", "", cells, index, expected, timeoutMillis)) as Wait
}

/** Waits for what `waitAsync` answered: the thread stands still until it is woken. */
export function* settle(ticket: Ticket): Body<"ok" | "timed-out"> {
  return (yield new Request("settle", "", undefined, 0, undefined, undefined, ticket)) as "ok" | "timed-out"
}

/** One turn of a loop that waits for another thread: the caller goes on after another thread has made a step. */
export function* spin(): Body {
  yield new Request("spin", "")
}

/** A place where other threads may run, between two plain accesses. */
export function* turn(): Body {
  yield new Request("turn", "")
}

/** What follows happens together with the next request, and not with the one before. */
export function* mark(): Body {
  yield new Request("mark", "")
}
