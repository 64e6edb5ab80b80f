/**
 * Performs the requests of simulated threads: everything on the real memory, except that waiting is simulated.
 *
 * Waiters of one cell are woken in the order they came in, and comparing and beginning to wait are one step, as under
 * the lock that the engine takes.
 */
import * as races from "./races.ts"
import { type Body, type Cells, type Request, Ticket, type Wait } from "./request.ts"
import { Violation } from "./violation.ts"

/** The simulated part of the memory, of one schedule. */
export interface Memory {
  /** In the order they came in. */
  waiters: Array<Ticket>
  /** Counts the operations after which another thread may see something else than before. */
  changes: number
  /** Whether anybody has waited. */
  waited: boolean
}

/** The memory at the start of a schedule. */
export const make = (): Memory => ({ waiters: [], changes: 0, waited: false })

let active: Memory = make()

/** The memory that operations outside of a thread's steps work on: those of constructors, free functions and checks. */
export const activate = (memory: Memory): void => {
  active = memory
}

const addressOf = (cells: Cells, index: number): number => cells.byteOffset + index * cells.BYTES_PER_ELEMENT

const isAt = (ticket: Ticket, cells: Cells, index: number): boolean =>
  ticket.cells.buffer === cells.buffer && addressOf(ticket.cells, ticket.index) === addressOf(cells, index)

const notify = (memory: Memory, cells: Cells, index: number, count: number): number => {
  let woken = 0
  for (const ticket of memory.waiters) {
    if (woken >= count || !isAt(ticket, cells, index)) continue
    ticket.result = "ok"
    woken++
  }
  if (woken > 0) {
    memory.waiters = memory.waiters.filter((ticket) => ticket.result === undefined)
    memory.changes++
  }
  return woken
}

/** Ends a wait by its timeout. */
export const timeOut = (memory: Memory, ticket: Ticket): void => {
  ticket.result = "timed-out"
  memory.waiters = memory.waiters.filter((other) => other !== ticket)
}

/** Forgets the waits of a thread that died, as the engine does. */
export const bury = (memory: Memory, owner: number): void => {
  memory.waiters = memory.waiters.filter((ticket) => ticket.owner !== owner)
}

const startWait = (memory: Memory, request: Request, owner: number): Wait => {
  const cells = request.cells!
  if (Atomics.load(cells, request.index) !== request.value) return { async: false, value: "not-equal" }
  const millis = request.other === undefined || Number.isNaN(request.other) ? Infinity : request.other
  if (millis <= 0) return { async: false, value: "timed-out" }
  const ticket = new Ticket(cells, request.index, millis !== Infinity, owner)
  memory.waiters.push(ticket)
  memory.waited = true
  return { async: true, value: ticket }
}

const rewrite = (request: Request): number => {
  const cells = request.cells!
  const value = request.value!
  switch (request.kind) {
    case "store":
    case "exchange":
      return Atomics.exchange(cells, request.index, value)
    case "add":
      return Atomics.add(cells, request.index, value)
    case "sub":
      return Atomics.sub(cells, request.index, value)
    case "and":
      return Atomics.and(cells, request.index, value)
    case "or":
      return Atomics.or(cells, request.index, value)
    case "xor":
      return Atomics.xor(cells, request.index, value)
    case "compareExchange":
      return Atomics.compareExchange(cells, request.index, value, request.other!)
    default:
      throw new Error(`cannot perform ${request.kind}`)
  }
}

/**
 * Performs a request of a thread and answers as `Atomics` does; a `wait` that begins answers with its {@link Ticket},
 * which the thread then has to `settle`.
 */
export const perform = (memory: Memory, request: Request, owner: number): unknown => {
  const { cells, index } = request
  switch (request.kind) {
    case "spin":
    case "turn":
    case "mark":
    case "cut":
      return undefined
    case "settle":
      races.locked(request.ticket!.cells, request.ticket!.index)
      return request.ticket!.result
    case "load":
      races.load(cells!, index)
      return races.find(cells!, index, Atomics.load(cells!, index))
    case "notify": {
      races.locked(cells!, index)
      const count = request.value === undefined ? Infinity : Math.max(0, Math.trunc(request.value))
      return notify(memory, cells!, index, count)
    }
    case "wait":
    case "waitAsync": {
      races.load(cells!, index)
      races.locked(cells!, index)
      const wait = startWait(memory, request, owner)
      return request.kind === "waitAsync" ? wait : wait.value
    }
    default: {
      const before = rewrite(request)
      const failed = request.kind === "compareExchange" && before !== request.value
      if (failed) races.load(cells!, index)
      else if (request.kind === "store") races.store(cells!, index)
      else races.rewrite(cells!, index)
      if (!failed) races.overwrite(cells!, index, Atomics.load(cells!, index), true)
      if (Atomics.load(cells!, index) !== before) memory.changes++
      return request.kind === "store" ? request.value : before
    }
  }
}

const MAX_SPINS = 1000

/** Performs one request at once. */
export const now = (request: Request): unknown => perform(active, request, -1)

/** Runs a body to its end as one step, with nobody else running; for checks. */
export const alone = <Result>(body: Body<Result>): Result => {
  let answer: unknown
  for (let spins = 0;;) {
    const result = body.next(answer)
    if (result.done === true) return result.value
    const request = result.value
    answer = now(request)
    if (request.kind === "spin" && ++spins > MAX_SPINS) throw new Violation("spins, and nobody else runs")
    const ticket = request.kind === "settle" ? request.ticket : answer
    if (request.kind !== "waitAsync" && ticket instanceof Ticket) {
      if (ticket.result === undefined) throw new Violation("waits, and nobody else runs")
      answer = ticket.result
    }
  }
}
