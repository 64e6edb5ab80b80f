/**
 * The host of cells, as a cell sees it.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Turn } from "../../runtime/Turn.ts"
import type { Carriage } from "../../wire/Carriage.ts"
import type { Why } from "../DeadLetters.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Aftermath } from "../internal/aftermath.ts"
import type { Behaviour } from "./Behaviour.ts"
import type { Answered, Command } from "./Command.ts"
import type { Deadlines } from "./Deadlines.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import type { Freight } from "./Freight.ts"
import type { Inquiries } from "./Inquiry.ts"
import type { Recipient } from "./Recipient.ts"
import type { Sends } from "./Sends.ts"
import type { Word } from "./Word.ts"

/** What a cell needs of the host it lives on. */
export interface CellHost<C> {
  readonly dispatcher: Dispatcher
  readonly deadlines: Deadlines
  /** Who waits for whom, when the time of an ask is over. */
  readonly inquiries: Inquiries
  /** How long the turn may last that is going on. */
  readonly turn: Turn
  /** What transitions leave to be done. */
  readonly after: Aftermath
  /** What values find here that travel in messages. */
  readonly carriage: Carriage
  /** What moves with the messages of its actors. */
  readonly freight: Freight
  /** What is around sends from here. */
  readonly sends: Sends
  /** How many asks, builds and ends are under way inside of each other on this stack. */
  inlineDepth: number
  /** Starts an effect with these services. */
  forkWith(
    context: Context.Context<never>,
    effect: Effect.Effect<unknown, unknown, unknown>
  ): Fiber.Fiber<unknown, unknown>
  /** Starts an effect with the services of a behaviour. */
  fork(behaviour: Behaviour, effect: Effect.Effect<unknown, unknown, unknown>): Fiber.Fiber<unknown, unknown>
  /** An actor as others reach it: for longer than this life of it, if it is that of a key. */
  reached(cell: C): Recipient
  /** A message that took credit of the remote sender `origin` has left the mailbox. */
  credit(origin: number): void
  /** Logs what somebody else's code has thrown where nobody else would hear of it. */
  fault(where: string, defect: unknown): void
  /** A tell will not be handled: it is counted, and noted as a dead letter. */
  lost(cell: C, word: Word, payload: unknown, why: Why, attempts?: number): void
  /** Decides on a handler that failed; answers whether the cell can take the next message now. */
  handled(cell: C, cause: Cause.Cause<unknown>, word: Word | undefined, wasAsked: boolean): boolean
  /** A handler that nobody waits for has failed, and its actor goes on. */
  unheard(cell: C, cause: Cause.Cause<unknown>): void
  /** An actor that is to end when it has handled everything has done so. */
  drained(cell: C): void
  /** Ends an actor in order, within so many milliseconds; `undefined` when it has ended at once. */
  stop(cell: C, reason: ExitReason, withinMillis: number): Effect.Effect<void> | undefined
  /** Has an actor do what a command says; see `Recipient.command`. */
  obey(cell: C, command: Command, answered: Answered): () => void
}
