/**
 * Who asks and is told how long the handler has taken: whoever settles says that first.
 */
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"

/** See the module. */
export class TimedAsker {
  /** The span of the asker, when it is sampled. */
  declare readonly span: Tracer.AnySpan | undefined
  /** How long the handler has taken from its begin to its end. */
  declare handlingMillis: number
  /** Who waits. */
  declare readonly fiber: Fiber.Fiber<unknown, unknown>
  declare private readonly resume: (exit: Exit.Exit<unknown, unknown>) => void
  constructor(
    span: Tracer.AnySpan | undefined,
    resume: (exit: Exit.Exit<unknown, unknown>) => void,
    fiber: Fiber.Fiber<unknown, unknown>
  ) {
    this.span = span
    this.fiber = fiber
    this.handlingMillis = 0
    this.resume = resume
  }

  /** The ask has its outcome. */
  end(exit: Exit.Exit<unknown, unknown>): void {
    const { handlingMillis } = this
    this.resume(exit._tag === "Success" ? Exit.succeed({ reply: exit.value, handlingMillis }) : exit)
  }
}
