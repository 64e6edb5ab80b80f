/**
 * A job in the hands of an actor of a worker.
 */
import type * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { Cell } from "../../actor/kernel/Cell.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { Ask } from "../../actor/kernel/Word.ts"
import type * as Trace from "../../observe/Trace.ts"
import * as Carriage from "../../wire/Carriage.ts"
import type { Codec } from "../../wire/Codec.ts"
import { NO_PLACE } from "../kernel/Allowances.ts"
import type { Seat as JobSeat } from "./job.ts"
import { CAUSE, FAILED, SUCCEEDED } from "./outcome.ts"

/** What a job has of the allowance of its level. */
export interface Held {
  /** Its place, and the lane of that: -1 for none. */
  held: number
  lane: number
}

/** Who has the places of allowances. */
export interface Places {
  /** The handler of a job waits for others: what it has is another's. */
  lends(seat: Held): void
  /** It goes on. */
  takesBack(seat: Held): void
}

/** Where an actor of a worker sits. */
export class Seat implements JobSeat, Held {
  readonly cell: Cell
  /** The job that it has. */
  ask: JobAsk | undefined = undefined
  /** When that has begun, in milliseconds of the pool. */
  since = -Infinity
  /** Jobs that its handler waits for. */
  nested = 0
  held = NO_PLACE
  lane = -1
  private readonly places: Places

  constructor(cell: Cell, places: Places) {
    this.cell = cell
    this.places = places
  }

  waits(): void {
    if (this.nested++ === 0) this.places.lends(this)
  }

  goesOn(): void {
    if (--this.nested === 0) this.places.takesBack(this)
  }

  orElse(undo: () => void): void {
    if (this.ask !== undefined) this.ask.undo = undo
  }

  slot(): number {
    return this.ask === undefined ? -1 : this.ask.slot
  }
}

/** Who has the seats. */
export interface Bench {
  /** The handler has ended. */
  settled(ask: JobAsk, outcome: number, codec: Codec<unknown>, value: unknown): void
  /** The handler has never begun, and does not here. */
  putBack(ask: JobAsk): void
  /** The same, because its actor has ended. */
  closed(ask: JobAsk): void
  /** Its handler is about to be called. */
  starts(ask: JobAsk): void
  /** Its handler is not called: what moves with it is not there any more. */
  emptied(ask: JobAsk): void
  /** What the span of its handler says. */
  handled(ask: JobAsk): Trace.Handled
}

/** See the module. */
export class JobAsk extends Ask {
  declare readonly seat: Seat
  declare readonly slot: number
  declare private readonly bench: Bench
  declare readonly message: Message
  declare private readonly isAwaited: boolean
  /** What moves with it, and the payload that has that. */
  declare private cargo: Carriage.Cargo
  declare private payload: unknown
  /** Done when it is settled with a failure. */
  declare undo: (() => void) | undefined
  constructor(
    bench: Bench,
    seat: Seat,
    slot: number,
    message: Message,
    isAwaited: boolean,
    span: Tracer.AnySpan | undefined
  ) {
    super(message.index, span)
    this.bench = bench
    this.seat = seat
    this.slot = slot
    this.message = message
    this.isAwaited = isAwaited
    this.cargo = Carriage.empty
    this.payload = undefined
    this.undo = undefined
  }

  /** What moves with it, as its payload was read: on its way until a handler is about to be called. */
  brings(payload: unknown, cargo: Carriage.Cargo): void {
    this.payload = payload
    this.cargo = cargo
  }

  /** Takes what moves with it for the handler that is about to be called; `false` when that is not there any more. */
  takes(): boolean {
    const { cargo, payload } = this
    if (cargo.length === 0) return true
    if (!Carriage.take(cargo)) return false
    this.seat.cell.host.freight.accept(payload, cargo)
    return true
  }

  // The last that is asked of it before its handler is called, where it has waited for its actor.
  override isOver(): boolean {
    if (!this.takes()) {
      this.bench.emptied(this)
      return true
    }
    this.bench.starts(this)
    return false
  }

  settle(exit: Exit.Exit<unknown, unknown>): void {
    const { bench, message } = this
    if (exit._tag === "Success") return bench.settled(this, SUCCEEDED, message.success, exit.value)
    this.undo?.()
    const { cause } = exit
    const [reason] = cause.reasons
    if (cause.reasons.length !== 1 || reason!._tag !== "Fail") {
      return bench.settled(this, CAUSE, message.cause as Codec<unknown>, cause)
    }
    bench.settled(this, FAILED, message.error, reason!.error)
    // A crash is told of by who decides about it.
    const { cell } = this.seat
    if (!this.isAwaited) cell.host.unheard(cell, cause)
  }

  override handledBy(): Trace.Handled {
    return this.bench.handled(this)
  }

  restarting(): void {
    this.bench.putBack(this)
  }

  stopped(): void {
    this.bench.closed(this)
  }
}
