/**
 * The part of a cell that most cells never need.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { type ExitReason, scopeClosed } from "../ExitReason.ts"
import type { Behaviour } from "../kernel/Behaviour.ts"
import type { Dispatcher } from "../kernel/Dispatcher.ts"
import type { Mailbox } from "../kernel/Mailbox.ts"
import { Waiters } from "../kernel/Waiters.ts"
import { type Ask, Traced, type Word } from "../kernel/Word.ts"
import type { Failures } from "./failures.ts"

/** What only some cells need: kept apart so that an idle cell stays small. */
export class Rare {
  /** Senders that wait for room. */
  declare waiters: Waiters
  /** Whether they are let in at the next turn. */
  declare isAdmitting: boolean
  /** The fiber of the suspended handlers, or of a restart. */
  declare fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** The ask that the running handler works for. */
  declare ask: Ask | undefined
  /** The effect of the handler that is next in the batch, and how many messages the batch may still take. */
  declare effect: Effect.Effect<unknown, unknown, unknown> | undefined
  declare budget: number
  /** Numbers the fibers that handlers run in: what an older one does no longer concerns the cell. */
  declare turn: number
  /** Runs handlers one after the other in one fiber; see {@link batch}. */
  declare batch: Effect.Effect<void, unknown, unknown> | undefined
  /** Restarts so far. */
  declare restarts: number
  /** The state of intensity and backoff, from the first failure on. */
  declare failures: Failures | undefined
  /** Why it stopped. */
  declare reason: ExitReason
  /** Called once when it has stopped. */
  declare onStop: Array<(reason: ExitReason) => void>
  constructor() {
    this.waiters = new Waiters()
    this.isAdmitting = false
    this.fiber = undefined
    this.ask = undefined
    this.effect = undefined
    this.budget = 0
    this.turn = 0
    this.batch = undefined
    this.restarts = 0
    this.failures = undefined
    this.reason = scopeClosed
    this.onStop = []
  }
}

/** One effect for any number of handlers: runs the next one, settles its ask, and goes on while `advance` finds another. */
export const batch = (rare: Rare, advance: () => boolean): Effect.Effect<void, unknown, unknown> =>
  Effect.whileLoop({
    while: () => rare.effect !== undefined || advance(),
    body: () => {
      const { effect } = rare
      rare.effect = undefined
      return effect!
    },
    step: (value) => {
      const { ask } = rare
      rare.ask = undefined
      if (ask !== undefined) ask.settle(Exit.succeed(value))
    }
  })

/** A cell, as far as senders that wait are concerned. */
export interface Roomy {
  readonly mailbox: Mailbox | undefined
  readonly behaviour: Behaviour
  readonly host: { readonly dispatcher: Dispatcher }
  deliver(word: Word, payload: unknown): void
}

/** Sends the messages of waiting senders for them, in the order in which they came, as far as there is room. */
export const admit = (cell: Roomy, rare: Rare): void => {
  const { waiters } = rare
  let waiter = waiters.first()
  while (waiter !== undefined && cell.mailbox !== undefined && cell.mailbox.length < cell.behaviour.capacity) {
    waiters.shift()
    const traced = waiter.span === undefined ? waiter.index : new Traced(waiter.index, waiter.span)
    cell.deliver(waiter.ask ?? traced, waiter.payload)
    waiter.done(undefined)
    waiter = waiters.first()
  }
}

/**
 * The same at the next turn: the handler that is next may suspend for long, and may even wait for what the next sender has
 * to say; but senders come in by the batch, and not one a message.
 */
export const admitSoon = (cell: Roomy, rare: Rare): void => {
  if (rare.isAdmitting) return
  rare.isAdmitting = true
  cell.host.dispatcher.enqueue({
    run: () => {
      rare.isAdmitting = false
      admit(cell, rare)
    }
  })
}
