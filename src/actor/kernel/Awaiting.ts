/**
 * How a fiber waits for the outcome of an ask.
 *
 * What has come with a reply is the fiber's from the moment on in which it goes on behind the ask, and not before. A fiber that has its reply may pause once more, and be interrupted there:
 * it forsakes the ask, which releases what has come. So no other step of the fiber stands in between, and the span of the ask ends before the fiber goes on, and not behind the ask.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import { effectClass, inStep } from "../../observe/kernel/Step.ts"
import * as Trace from "../../observe/Trace.ts"
import type { Message } from "./Protocol.ts"
import type { Resume } from "./Recipient.ts"

/** An ask that a fiber waits for. */
export interface Forsakable {
  /** The asker has gone, with the reply in hand or without: the ask is taken back, and what has come with its reply is released. */
  forsake(): void
}

interface Forsaking extends Effect.Effect<void> {
  asked: Forsakable
}

/** Forsakes an ask: an object of its own, as there is one for each ask that a fiber waits for. */
class Forsake extends effectClass<Forsaking>("Forsake", function() {
  this.asked.forsake()
  return Exit.void
}) {
  constructor(asked: Forsakable) {
    super()
    this.asked = asked
  }
}

/** What is done when the fiber goes that waits for an ask; nothing for one that is settled already. */
export const forsaking = (asked: Forsakable | undefined): Forsaking | undefined =>
  asked === undefined ? undefined : new Forsake(asked)

/** Asks, and answers what is done when the fiber goes: see {@link forsaking}. */
type Asking = (resume: Resume) => Forsaking | undefined

/** Asks with a message, and waits for the outcome; `span` is that of the ask, which ends with it. */
export const awaiting = (
  fiber: Fiber.Fiber<unknown, unknown>,
  span: Tracer.AnySpan | undefined,
  { error }: Pick<Message, "error">,
  ask: Asking
): Effect.Effect<unknown, unknown> => {
  const register = span === undefined ? ask : traced(fiber, span, ask)
  if (!error.carries) return Effect.callback(register)
  // To fail behind the waiting would be a step: it succeeds with the outcome, which is the outcome of the same step.
  const outcome = Effect.callback<Exit.Exit<unknown, unknown>>((resume) =>
    register((exit) => resume(Exit.succeed(exit)))
  )
  return Effect.flatMap(outcome, (exit) => inStep(exit, fiber))
}

const traced = (
  fiber: Fiber.Fiber<unknown, unknown>,
  span: Tracer.AnySpan,
  ask: Asking
): (resume: Resume) => Effect.Effect<void> =>
(resume) => {
  let waiting: Forsaking | undefined
  const end = (exit: Exit.Exit<unknown, unknown>) => Trace.end(span, exit, fiber)
  // A tracer that throws is a defect of who is traced.
  const ended = (exit: Exit.Exit<unknown, unknown>) => {
    try {
      end(exit)
      return exit
    } catch (thrown) {
      waiting?.asked.forsake()
      return Exit.die(thrown)
    }
  }
  try {
    waiting = ask((exit) => resume(ended(exit)))
  } catch (thrown) {
    end(Exit.die(thrown))
    throw thrown
  }
  return Effect.sync(() => {
    waiting?.asked.forsake()
    end(Exit.interrupt(fiber.id))
  })
}
