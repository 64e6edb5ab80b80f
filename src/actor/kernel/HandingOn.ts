/**
 * A message that is handed on: its handler has ended, and who asked waits for the answer of another actor.
 *
 * The ask of that is the asker's own from then on: it has as long as the asker waits, and is interrupted with it. Whom it was handed on by may be
 * restarted or end meanwhile.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import * as Tracer from "effect/Tracer"
import { type AskError, isActorError, type Undelivered } from "../ActorError.ts"
import { DefaultAskTimeout } from "../AskTimeout.ts"
import { interrupt, type Nesting } from "../internal/nesting.ts"
import type { Behaviour } from "./Behaviour.ts"
import { Handover, handoverOf } from "./Forwarded.ts"
import type { Freight } from "./Freight.ts"
import type { Message } from "./Protocol.ts"
import { type Ask, INDEX_MASK } from "./Word.ts"

/** Where the other actor is asked. */
export interface HandingHost extends Nesting {
  forkWith(
    context: Context.Context<never>,
    effect: Effect.Effect<unknown, unknown, unknown>
  ): Fiber.Fiber<unknown, unknown>
}

/** Whose handler has handed a message on. */
export interface Handing<C> {
  readonly behaviour: Behaviour
  readonly host: HandingHost & {
    readonly freight: Freight
    unheard(cell: C, cause: Cause.Cause<unknown>): void
  }
}

const nothing = () => {}

const observe = (fiber: Fiber.Fiber<unknown, unknown>, ended: (exit: Exit.Exit<unknown, unknown>) => void): boolean => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined) fiber.addObserver(ended)
  else ended(exit)
  return exit === undefined
}

/** What becomes of a message whose handler has ended, and of what that was `given`: a handler that has succeeded has it. */
export const conclude = <C extends Handing<C>>(
  cell: C,
  ask: Ask | undefined,
  exit: Exit.Exit<unknown, unknown>,
  given: unknown
): void => {
  if (exit._tag === "Failure") return failed(cell, ask, exit, given)
  const handover = handoverOf(exit)
  if (handover === undefined) ask?.settle(exit)
  else handedOver(cell, ask, handover, given)
}

// Who hears of the failure finds what nobody has used free again; what the error itself gives back leaves with that first.
const failed = <C extends Handing<C>>(
  { behaviour: { protocol: { messages } }, host: { freight } }: C,
  ask: Ask | undefined,
  exit: Exit.Failure<unknown, unknown>,
  given: unknown
): void => {
  const givesBack = ask !== undefined && messages[ask.word & INDEX_MASK]!.error.carries
  if (!givesBack) freight.dropUnused(given)
  ask?.settle(exit)
  if (givesBack) freight.dropUnused(given)
}

const handedOver = <C extends Handing<C>>(cell: C, ask: Ask | undefined, handover: Handover, given: unknown): void => {
  const { freight } = cell.host
  const going = freight.isUsed ? new Going(freight, given, handover) : undefined
  if (ask === undefined) tellOn(cell, going ?? handover)
  else ask.forward(going ?? handover)
  going?.end()
}

// With what the handler was given: that goes on with the message, or is released when the message has not come on.
class Going extends Handover {
  declare private readonly release: () => void
  declare private isBegun: boolean
  constructor(freight: Freight, given: unknown, { asking, recipient, telling, to }: Handover) {
    const released = Effect.sync(() => this.release())
    const going = <A>(effect: Effect.Effect<A, unknown>) =>
      Effect.suspend(() => {
        this.isBegun = true
        return Effect.ensuring(effect, released)
      })
    super(to, going(asking), going(telling), recipient)
    this.release = () => freight.dropUnused(given)
    this.isBegun = false
  }

  /** Nobody will begin it any more. */
  end(): void {
    if (!this.isBegun) this.release()
  }
}

// Nobody waits for an answer: the other actor is told.
const tellOn = <C extends Handing<C>>(cell: C, { telling }: Handover): void => {
  const { behaviour: { context }, host } = cell
  observe(host.forkWith(context, telling), (exit) => {
    if (exit._tag === "Failure") host.unheard(cell, exit.cause)
  })
}

/** Asks the other actor on behalf of the asker, whose message it is; what this answers takes that back. */
export const handOn = (
  host: HandingHost,
  context: Context.Context<never>,
  { span }: Pick<Ask, "span">,
  { error, success }: Message,
  { asking }: Handover,
  answered: (exit: Exit.Exit<unknown, unknown>) => void
): () => void => {
  // Its time is the asker's, who takes it back when that is over.
  const timed = Effect.provideService(asking, DefaultAskTimeout, "Infinity")
  const traced = span === undefined ? timed : Effect.provideService(timed, Tracer.ParentSpan, span)
  // Between the answer and its handing over nobody takes it back: what moves with it would be nobody's.
  const moves = success.carries || error.carries
  const fiber = host.forkWith(moves ? Context.add(context, Scheduler.PreventSchedulerYield, true) : context, traced)
  return observe(fiber, answered) ? () => interrupt(host, fiber) : nothing
}

/** Why the other actor has not answered, if it has not: what the protocol declares is an answer. */
export const whyUnanswered = ({ error: codec }: Message, exit: Exit.Exit<unknown, unknown>): AskError | undefined => {
  if (exit._tag === "Success" || exit.cause.reasons.length !== 1) return undefined
  const [reason] = exit.cause.reasons
  if (reason!._tag !== "Fail") return undefined
  const { error } = reason!
  try {
    return isActorError(error) && !codec.isValid(error) ? bare(error as AskError) : undefined
  } catch {
    // To look at it is somebody's code: whoever answers with it says what is wrong.
    return undefined
  }
}

// What was not delivered is a message of the actor in between, and not the asker's.
const bare = (error: AskError): AskError => {
  if (!("undelivered" in error)) return error
  const undelivered: Undelivered = { tag: error.undelivered.tag, payload: null }
  const Same = error.constructor as new(fields: object) => AskError
  return new Same({ ...error, undelivered })
}
