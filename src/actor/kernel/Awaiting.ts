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
import { inStep } from "../../observe/kernel/Step.ts"
import * as Trace from "../../observe/Trace.ts"
import type { Message } from "./Protocol.ts"
import type { Resume } from "./Recipient.ts"

/** An ask that a fiber waits for. */
export interface Forsakable {
  /** The asker has gone, with the reply in hand or without: the ask is taken back, and what has come with its reply is released. */
  forsake(): void
}

type Asking = (resume: Resume) => Forsakable | undefined

/** Begins to wait; what it answers is done when the fiber goes. */
type Register = (resume: Resume) => Effect.Effect<void> | undefined

/** Asks with a message, and waits for the outcome; `span` is that of the ask, which ends with it. */
export const awaiting = (
  fiber: Fiber.Fiber<unknown, unknown>,
  span: Tracer.AnySpan | undefined,
  { error }: Pick<Message, "error">,
  ask: Asking
): Effect.Effect<unknown, unknown> => {
  if (span === undefined && !error.carries) return Effect.callback((resume) => forsaking(ask(resume)))
  const register: Register = span === undefined ? (resume) => forsaking(ask(resume)) : traced(fiber, span, ask)
  if (!error.carries) return Effect.callback(register)
  // To fail behind the waiting would be a step: it succeeds with the outcome, which is the outcome of the same step.
  const outcome = Effect.callback<Exit.Exit<unknown, unknown>>((resume) =>
    register((exit) => resume(Exit.succeed(exit)))
  )
  return Effect.flatMap(outcome, (exit) => inStep(exit, fiber))
}

const forsaking = (asked: Forsakable | undefined): Effect.Effect<void> | undefined =>
  asked === undefined ? undefined : Effect.sync(() => asked.forsake())

const traced = (fiber: Fiber.Fiber<unknown, unknown>, span: Tracer.AnySpan, ask: Asking): Register => (resume) => {
  let asked: Forsakable | undefined
  const end = (exit: Exit.Exit<unknown, unknown>) => Trace.end(span, exit, fiber)
  // A tracer that throws is a defect of who is traced.
  const ended = (exit: Exit.Exit<unknown, unknown>) => {
    try {
      end(exit)
      return exit
    } catch (thrown) {
      asked?.forsake()
      return Exit.die(thrown)
    }
  }
  try {
    asked = ask((exit) => resume(ended(exit)))
  } catch (thrown) {
    end(Exit.die(thrown))
    throw thrown
  }
  return Effect.sync(() => {
    asked?.forsake()
    end(Exit.interrupt(fiber.id))
  })
}
