/**
 * The part of a cell that most cells never need.
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { type ExitReason, scopeClosed } from "../ExitReason.ts"
import type { Counts } from "../kernel/Counted.ts"
import type { Deadline } from "../kernel/Deadlines.ts"
import type { Meter } from "../kernel/Meter.ts"
import type { Streaming } from "../kernel/Streaming.ts"
import { nobody, Waiters } from "../kernel/Waiters.ts"
import type { Waits } from "../kernel/Waits.ts"
import { type Ask, givenBy, type Word } from "../kernel/Word.ts"
import type { Failures } from "./failures.ts"
import type { Ties } from "./ties.ts"

/** What only some cells need: kept apart so that an idle cell stays small. */
export class Rare {
  /** Senders that wait for room; to be put into {@link Rare.line}. */
  declare waiters: Waiters
  /** Whether they are let in at the next turn. */
  declare isAdmitting: boolean
  /** The fiber of the suspended handlers, of a build, or of a restart. */
  declare fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** The services of the behaviour, and whose handler it is that runs with them. */
  declare context: Context.Context<never> | undefined
  /** What the running handler was called for: the message, the ask where it is one, and what it was given. */
  declare word: Word | undefined
  declare ask: Ask | undefined
  declare payload: unknown
  /** What handlers were given that still run, of incarnations that have ended, by their turn. */
  declare private outlived: Map<number, unknown> | undefined
  /** The effect of the handler that is next in the batch, and how many messages the batch may still take. */
  declare effect: Effect.Effect<unknown, unknown, unknown> | undefined
  declare budget: number
  /** Numbers the fibers that handlers run in: what an older one does no longer concerns the cell. */
  declare turn: number
  /** Runs handlers one after the other in one fiber; see `batch.ts`. */
  declare batch: Effect.Effect<void, unknown, unknown> | undefined
  /** The fiber that it runs in, once it has asked for a second handler. */
  declare batchFiber: Fiber.Fiber<unknown, unknown> | undefined
  /** What it counts that is seldom. */
  declare counts: Counts | undefined
  /** Measures how long its messages wait and are handled, where its behaviour says so. */
  declare meter: Meter | undefined
  /** Restarts so far. */
  declare restarts: number
  /** The state of intensity and backoff, from the first failure on. */
  declare failures: Failures | undefined
  /** Its number, by which other threads know it; 0 while they do not. */
  declare number: number
  /** Why it stopped. */
  declare reason: ExitReason
  /** Whether it comes to rest after the message that it is handling. */
  declare isHeld: boolean
  /** Whether it stays at rest over restarts, until it is told to go on or to end. */
  declare isPaused: boolean
  /** Called once when it has come to rest, or goes on. */
  declare onRest: Set<() => void> | undefined
  /** Called once when it has come to rest, by a supervisor that takes its incarnation down then. */
  declare beforeDown: (() => void) | undefined
  /** Whether it ends as soon as what it has accepted is handled. */
  declare isDraining: boolean
  /** How long it may take for that; `undefined` as its behaviour says. */
  declare shutdownMillis: number | undefined
  /** How long it may be without messages; `undefined` as its behaviour says. */
  declare idleMillis: number | undefined
  /** Ends it when no message comes. */
  declare idle: Deadline & { note(): void } | undefined
  /** Is told of each message, since it tells the actor when none comes. */
  declare quiet: { note(): void; end(): void } | undefined
  /** Whether something can have come by an adapter. */
  declare isAdapting: boolean
  /** How much of what it has piped to itself is under way. */
  declare piped: number
  /** Shows the state of the incarnation that is up. */
  declare inspect: (() => unknown) | undefined
  /** Called once when it accepts nothing any more and is about to drain. */
  declare onDrain: Set<(reason: ExitReason) => void> | undefined
  /** Called once when it has stopped. */
  declare onStop: Set<(reason: ExitReason) => void> | undefined
  /** Called once its name is free, if that is later than its end. */
  declare freed: (() => void) | undefined
  /** What others have made of it by linking themselves to it. */
  declare ties: Ties | undefined
  /** The asks that its handler waits for. */
  declare waits: Waits | undefined
  /** The streams of its incarnation that run. */
  declare streams: Set<Streaming> | undefined
  /** Nobody waits any more for its build, its handler or its finalizers to end; its name is taken until they do. */
  declare isAbandoned: boolean
  constructor() {
    this.waiters = nobody
    this.isAdmitting = false
    this.fiber = undefined
    this.context = undefined
    this.word = undefined
    this.ask = undefined
    this.payload = undefined
    this.outlived = undefined
    this.effect = undefined
    this.budget = 0
    this.turn = 0
    this.batch = undefined
    this.batchFiber = undefined
    this.counts = undefined
    this.meter = undefined
    this.restarts = 0
    this.failures = undefined
    this.number = 0
    this.reason = scopeClosed
    this.isHeld = false
    this.isPaused = false
    this.onRest = undefined
    this.beforeDown = undefined
    this.isDraining = false
    this.shutdownMillis = undefined
    this.idleMillis = undefined
    this.idle = undefined
    this.quiet = undefined
    this.isAdapting = false
    this.piped = 0
    this.inspect = undefined
    this.onDrain = undefined
    this.onStop = undefined
    this.freed = undefined
    this.ties = undefined
    this.waits = undefined
    this.streams = undefined
    this.isAbandoned = false
  }

  /** Where those stand who wait for room, made when there is the first one. */
  get line(): Waiters {
    if (this.waiters === nobody) this.waiters = new Waiters()
    return this.waiters
  }

  /** A handler that does not answer at once begins with this message, which is `ask` where it is one. */
  inHand(word: Word, ask: Ask | undefined, payload: unknown): void {
    this.outlive()
    this.word = word
    this.ask = ask
    this.payload = givenBy(word, payload)
  }

  /** The incarnation has ended, and the handler that runs has not: what that was given is kept until it has. */
  outlive(): void {
    const { payload } = this
    if (payload === undefined) return
    this.payload = undefined
    this.outlived ??= new Map()
    this.outlived.set(this.turn, payload)
  }

  /** What the handler of a turn was given, which has ended after its incarnation. */
  outlivedBy(turn: number): unknown {
    const given = this.outlived?.get(turn)
    this.outlived?.delete(turn)
    return given
  }
}

/** Whether it does something beside its messages that it would wait for: streams that its handlers have answered with, or what it has piped. */
export const isAtWork = (rare: Rare | undefined): boolean =>
  rare !== undefined && (rare.piped > 0 || rare.streams !== undefined && rare.streams.size > 0)
