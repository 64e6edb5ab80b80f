/**
 * Where the messages for one actor go: the one shape behind every reference, whether the actor lives on this thread or
 * on another.
 *
 * A send answers with a number; {@link ActorRef} turns it into an effect in one place.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { TellError } from "../ActorError.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Answered, Command } from "./Command.ts"
import type { Protocol } from "./Protocol.ts"
import type { StreamReader } from "./StreamReader.ts"
import type { TimedAsker } from "./TimedAsker.ts"
import type { Ask } from "./Word.ts"

/** The message was taken. */
export const TAKEN = 0
/** There is no room now; wait with {@link Recipient.waitForRoom}. */
export const NO_ROOM = 1
/** The message was not taken; {@link Recipient.refusal} says why. */
export const REFUSED = 2

/** The message was not taken: its payload breaks its schema. */
export const INVALID = 3

/** The message was not taken: it is larger than what a mailbox that survives can hold. */
export const TOO_LARGE = 4

/** The message was not taken: nobody knows which of several workers it is for. */
export const MISROUTED = 5

/** What a send answers. */
export type Outcome =
  | typeof TAKEN
  | typeof NO_ROOM
  | typeof REFUSED
  | typeof INVALID
  | typeof TOO_LARGE
  | typeof MISROUTED

/** Resumes the fiber of an asker. */
export type Resume = (exit: Exit.Exit<unknown, unknown>) => void

/** Who asks: a callback, who reads the stream that is the answer, or who is told how long the handler has taken. */
export type Asker = Resume | StreamReader | TimedAsker

/** Tells an asker the outcome, where there is no ask to do that. */
export const answerTo = (asker: Asker, exit: Exit.Exit<unknown, unknown>): undefined => {
  if (typeof asker === "function") asker(exit)
  else asker.end(exit)
}

/** An ask that can be taken back. */
export interface Withdrawable {
  /** The asker is not interested any more; its `Resume` is not called. */
  withdraw(): void
  /** The same of one that has gone, with the reply in hand or without: what has come with it is released. */
  forsake(): void
}

/** A sender that waits for room: its message is sent for it, in the order of waiting. */
export interface Waiter {
  readonly index: number
  /** As it will be delivered, from the moment on in which it waits. */
  payload: unknown
  readonly span: Tracer.AnySpan | undefined
  /** The fiber that waits, where there is one. */
  readonly fiber?: Fiber.Fiber<unknown, unknown> | undefined
  /** The question that waits, when it is not a tell. */
  readonly ask: Ask | undefined
  /** Called once, after the message was taken (`undefined`) or finally refused. */
  readonly done: (refusal: TellError | undefined) => void
  /** Called instead when reading the payload has thrown: a defect of the sender, as it would have been without waiting. */
  readonly died?: (defect: unknown) => void
  /** Set when it waits no longer: it was interrupted, and its message must not be sent any more, or it is being told of its outcome. */
  abandoned: boolean
}

/** What is said of one send that only some recipients know of, as its sender has given it. */
export interface SendOptions {
  readonly key?: unknown
  readonly priority?: unknown
  readonly runTimeout?: unknown
  /** This all know. */
  readonly timeout?: unknown
}

/** What a thread has under way of batches. */
export interface Batches {
  /** How many messages all batches have, also those that are about to be sent. */
  underWay: number
  /** How many there should be. */
  readonly most: number
}

/** See the module. */
export abstract class Recipient {
  /** The protocol that the actor speaks. */
  abstract readonly protocol: Protocol
  /** The key it was spawned under. */
  abstract readonly key: string
  /** How many messages are handled at once. */
  get parallelism(): number {
    return 1
  }
  /** Whether who asks can be told how long the handler has taken. */
  get tellsTimes(): boolean {
    return true
  }
  /** How many messages of a sender can be under way before it has to wait, or is refused, as far as that is known before. */
  get limit(): number {
    return Infinity
  }
  /** How many messages of batches this thread should have under way, so that there is room for those that they lead to; nothing where a sender waits for room. */
  get batches(): Batches | undefined {
    return undefined
  }
  /**
   * Whom a send with these options goes to; one that knows nothing of them takes it itself.
   *
   * **Errors** Throws `InvalidOptions`.
   */
  aimed(_options: SendOptions): Recipient {
    return this
  }
  /** The actor itself, as far as it runs on this thread. */
  get running(): Recipient | undefined {
    return this
  }
  /** Messages accepted and not yet known to be handled. */
  abstract depth(): number
  /** Sends without waiting. `span` is the sampled span of the sender. */
  abstract tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome
  /** Why a send has just answered `REFUSED`, `INVALID` or `TOO_LARGE`, with the message in it. */
  abstract refusal(index: number, payload: unknown, outcome: Outcome): TellError
  /** Sends for a sender as soon as there is room, which may be at once: it may have come since the sender was told that there is none. */
  abstract waitForRoom(waiter: Waiter): void
  /** A sender that waits has been interrupted: its message must not be sent any more. */
  abstract stopWaiting(waiter: Waiter): void
  /**
   * Asks, and answers with an effect that settles once; where that is no outcome yet, `span` ends with it.
   *
   * `fiber` is the asker's; it holds the default for an absent `timeout`, which is read only when the ask has to wait.
   */
  abstract ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown>
  /** Asks without a fiber: the asker is told the outcome once, possibly before this returns, unless it is withdrawn. */
  abstract askUnsafe(
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Asker
  ): Withdrawable | undefined
  /**
   * Calls back once when the actor has ended for good and what it held is released; at once when it has. On another thread
   * that comes behind what the actor has sent here, and its thread may have to come up again for it.
   */
  abstract whenStopped(listener: (reason: ExitReason) => void): void
  /** Forgets a listener of {@link whenStopped}. */
  abstract unwatch(listener: (reason: ExitReason) => void): void
  /**
   * Has the actor do what a command says, beside its messages; `answered` is called once, possibly before this returns. What it
   * returns forgets who waits for the answer.
   */
  abstract command(command: Command, answered: Answered): () => void
}
