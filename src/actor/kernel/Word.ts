/**
 * What stands in a mailbox besides the payload: a plain number for the common `tell`, an object where there is more to
 * say.
 *
 * **Shape** A word is a small integer `origin << 8 | index`, where `index` is the message and `origin` numbers the remote
 * sender whose credit the message took (0 for senders on this thread); or an {@link Ask}; or a {@link Traced} tell; or a
 * {@link Notice}. The number costs no allocation, which is what makes a `tell` cheap. An object loses its `origin` once the credit has gone back.
 */
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import * as Trace from "../../observe/Trace.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Handover } from "./Forwarded.ts"

/** How far the origin is shifted in a word. */
export const ORIGIN_SHIFT = 8

/** Selects the message index in a word. */
export const INDEX_MASK = 0xff

/** When a message was accepted, and its number among those that its actor has accepted: where that is measured. */
export class Stamp {
  declare readonly id: number
  declare readonly sinceMillis: number
  constructor(id: number, sinceMillis: number) {
    this.id = id
    this.sinceMillis = sinceMillis
  }
}

/** A `tell` of which more is said: it carries the span of its sender, was a dead letter, or has a stamp. */
export class Traced {
  declare word: number
  declare stamp: Stamp | undefined
  declare readonly span: Tracer.AnySpan | undefined
  /** How often it was sent again. */
  declare readonly replays: number
  constructor(word: number, span: Tracer.AnySpan | undefined, replays = 0) {
    this.word = word
    this.stamp = undefined
    this.span = span
    this.replays = replays
  }
}

/** A word that can be taken back while it waits. */
export abstract class Revocable {
  /** Whether it stands in a mailbox. */
  declare isQueued: boolean
  declare stamp: Stamp | undefined
  /** Whether it takes room in the mailbox that a sender could want. */
  declare readonly takesRoom: boolean
  constructor(takesRoom: boolean) {
    this.isQueued = false
    this.stamp = undefined
    this.takesRoom = takesRoom
  }
}

/**
 * A message that the actor has from its own thread and not from a sender: it takes no room that others could want, and what it
 * says is made when its turn comes.
 */
export class Notice extends Revocable {
  /** The index of the message, and nobody's credit. */
  declare word: number
  declare readonly span: undefined
  /** What it says, once that is made. */
  declare said: unknown
  /** Makes it; somebody's code, which may throw. */
  declare private readonly make: () => unknown
  /** Releases what it has said. */
  declare private readonly drop: ((said: unknown) => void) | undefined
  constructor(index: number, make: () => unknown, drop?: (said: unknown) => void) {
    super(false)
    this.word = index
    this.span = undefined
    this.said = undefined
    this.make = make
    this.drop = drop
  }

  /** It was put off, and will not be handled again. */
  forget(): void {
    this.drop?.(this.said)
  }

  /** What it says: made when it is handled, and when it was put off handled again as it is. */
  say(): unknown {
    return this.said ??= this.make()
  }
}

/** Who has an ask, for those who take it back. */
export interface Taker {
  /** Keeps the handler from starting, or interrupts it; answers whether it was running and will still settle. */
  cancel(ask: Ask): boolean
}

/**
 * A question waiting for its reply, on the side of the actor.
 *
 * `settle` is called at most once by the actor's side; a subclass makes sure that a second outcome (a timeout that races
 * the reply) goes nowhere.
 */
export abstract class Ask extends Revocable {
  /** `origin << 8 | index`, as for a plain tell. */
  declare word: number
  /** The span of the asker, when it is sampled. */
  declare readonly span: Tracer.AnySpan | undefined
  /** The asker has gone: the handler need not start. */
  declare cancelled: boolean
  /** What it asks with, as long as something may move with that and no handler has it: it is released with the ask. */
  declare freight: unknown
  /** The same from the moment on in which a handler has it. */
  declare given: unknown
  constructor(word: number, span: Tracer.AnySpan | undefined, takesRoom = true) {
    super(takesRoom)
    this.word = word
    this.span = span
    this.cancelled = false
    this.freight = undefined
    this.given = undefined
  }
  /** Whether its deadline has passed; the handler then need not start. */
  isOver(): boolean {
    return false
  }
  /** What the span of its handler says, whose actor has this key. */
  handledBy(key: string): Trace.Handled {
    return Trace.handledBy(key, "server")
  }
  /** Another than the one it was sent to has it: who takes it back turns to that. */
  takenBy(_taker: Taker): void {}
  /** Hands the asker the outcome of the handler. */
  abstract settle(exit: Exit.Exit<unknown, unknown>): void
  /** Another actor is to answer it. */
  forward({ to }: Handover): void {
    this.settle(Exit.die(new TypeError(`its message cannot be handed on to ${to}: it is for this actor to answer`)))
  }
  /** Tells the asker that the handler never ran because the actor is being restarted. */
  abstract restarting(payload: unknown): void
  /** Tells the asker that the actor has stopped: the handler never ran, or has `begun` and was interrupted. */
  abstract stopped(reason: ExitReason, payload: unknown, begun?: boolean): void
}

/** A word of a mailbox. */
export type Word = number | Ask | Traced | Notice

/** How often the message of a word was sent again. */
export const replaysOf = (word: Word): number => word instanceof Traced ? word.replays : 0

/** Since when a message waits; `Infinity` when it has no stamp. */
export const sinceOf = (word: Word): number => typeof word === "number" ? Infinity : word.stamp?.sinceMillis ?? Infinity

/** What a handler was given that was called for a word: what stood beside it, or what a notice has said. */
export const givenBy = (word: Word | undefined, payload: unknown): unknown =>
  word instanceof Notice ? word.said : payload

/** The number inside of any word. */
export const wordOf = (word: Word): number => typeof word === "number" ? word : word.word
