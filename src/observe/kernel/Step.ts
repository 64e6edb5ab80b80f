/**
 * Effects that are one object and one step of their fiber.
 *
 * A composition of `suspend`, `withFiber` and the like is a closure, its context and an effect around them for each message, and
 * the outcome that it returns is a step of its own. A fiber may pause and be interrupted between two steps. Here the object holds the
 * operands itself, and {@link inStep} runs what it returns in the step that is being evaluated: a fiber that has taken a message has
 * it, and one that found nothing waits, and nothing comes in between.
 */
import type * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"

type Any = Effect.Effect<any, any, any>

/**
 * The class to extend for an effect: `evaluate` is what it does, with the object as `this`.
 *
 * **Gotchas** Declare the fields in an interface and not in the class: a class field would be set twice.
 */
export const effectClass = <A extends Any>(
  label: string,
  evaluate: (this: A, fiber: Fiber.Fiber<any, any>) => Any
): new() => A => {
  // A class cannot be given a foreign prototype object, hence the function and its cast.
  const Base = function() {}
  Base.prototype = Effectable.Prototype<A>({ label, evaluate })
  // A function with a prototype of its own, whose instances are effects by that prototype.
  return Base as unknown as new() => A
}

/** Under which key every effect keeps its step: where a prototype that is made with one keeps it. */
const STEP = (() => {
  const step = () => Exit.void
  // The key of the step is not exported: it is the one under which the prototype has it.
  const prototype = Effectable.Prototype({ label: "Step", evaluate: step }) as unknown as Record<PropertyKey, unknown>
  const key = Reflect.ownKeys(prototype).find((key) => prototype[key] === step)
  if (key === undefined || !(key in Exit.void)) throw new Error("shared-nothing does not know this version of effect")
  return key
})()

interface Steps {
  readonly [key: PropertyKey]: (fiber: Fiber.Fiber<any, any>) => Any
}

/** What an effect does in a step: the same function for all of its kind. */
export const stepOf = (effect: Any): unknown => (effect as unknown as Steps)[STEP]

/**
 * Runs an effect as a part of the step that is being evaluated, as the fiber's run loop would do in the next one. An `evaluate`
 * returns the result, and has nothing else left to do.
 */
export const inStep = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  fiber: Fiber.Fiber<any, any>
): Effect.Effect<A, E, R> => (effect as unknown as Steps)[STEP]!(fiber)
