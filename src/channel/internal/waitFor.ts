/**
 * How a fiber waits at an end of a channel.
 *
 * What it waits for is done for it by somebody else, outside of its steps: a message is taken, or sent. A scheduler may pause a fiber in front of any step, also of the one in which it
 * would hear of that, and who is interrupted in such a pause hears of nothing: the message would be gone, or sent by a send that says that it was not. So a fiber that waits
 * does not pause until it goes on. What was done for it is in its hands when whoever has done it returns, and one that is interrupted has left the line by then.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { PreventSchedulerYield } from "effect/Scheduler"
import { inStep } from "../../observe/kernel/Step.ts"

type Ground = Context.Context<never>

/** Begins to wait, as part of the step that is being evaluated; what it answers is called when the fiber is interrupted. */
type Register<A, E> = (done: (exit: Exit.Exit<A, E>) => void) => () => void

// Fibers share their contexts, and Effect keeps what it has looked up in one with that.
const steadyGrounds = new WeakMap<Ground, Ground>()

const steady = (ground: Ground): Ground => {
  let found = steadyGrounds.get(ground)
  if (found === undefined) steadyGrounds.set(ground, found = Context.add(ground, PreventSchedulerYield, true))
  return found
}

/** See the module. The fiber is the one that evaluates the step which returns this. */
export const waitFor = <A, E>(
  fiber: Fiber.Fiber<unknown, unknown>,
  register: Register<A, E>
): Effect.Effect<A, E> => {
  const ground = fiber.context
  const waiting = Effect.callback<Exit.Exit<A, E>>((resume) => {
    const leave = register((exit) => resume(Effect.succeed(exit)))
    fiber.setContext(steady(ground))
    return Effect.sync(() => {
      fiber.setContext(ground)
      leave()
    })
  })
  const goingOn = Effect.flatMap(waiting, (exit) => {
    fiber.setContext(ground)
    return inStep(exit, fiber)
  })
  // To go on behind the wait is a step of its own, and to begin it another.
  return inStep(inStep(goingOn, fiber), fiber)
}
