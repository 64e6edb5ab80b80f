/**
 * Effects that are one object and one step of their fiber.
 *
 * A composition of `suspend`, `withFiber` and the like is a closure, its context and an effect around them for each message, and
 * the outcome that it returns is a step of its own. A fiber may pause and be interrupted between two steps. Here the object holds the
 * operands itself, and {@link inStep} runs what it returns in the step that is being evaluated: a fiber that has taken a message has
 * it, and one that found nothing waits, and nothing comes in between.
 */
import * as Effect from "effect/Effect"
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

/**
 * Runs an effect as a part of the step that is being evaluated, as the fiber's run loop would do in the next one. An `evaluate`
 * returns the result, and has nothing else left to do.
 */
export const inStep = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  fiber: Fiber.Fiber<any, any>
): Effect.Effect<A, E, R> => (effect as unknown as Steps)[STEP]!(fiber)

// All that a function call asks of its fiber: who goes on with the value. Nobody does, so the value is the outcome.
const nobody = {
  getCont: () => undefined,
  yieldWith: (exit: Exit.Exit<unknown, unknown>) => exit
} as unknown as Fiber.Fiber<any, any>

const callOf = (call: Any): unknown => (call as unknown as Steps)[STEP]!(nobody)

// Where a version of effect asks for more than that, a call is an effect like any other.
const CALL: unknown = (() => {
  const call = Effect.sync(() => STEP)
  try {
    const exit = callOf(call)
    return Exit.isExit(exit) && Exit.isSuccess(exit) && exit.value === STEP ? Object.getPrototypeOf(call) : undefined
  } catch {
    return undefined
  }
})()

/**
 * The outcome of an effect that needs no fiber: it is its outcome already, or nothing but the call of a function (`Effect.sync`), which is
 * called here, and a defect where it throws. `undefined` for every other effect, of which nothing has run then.
 */
export const outcomeOf = <A, E>(effect: Effect.Effect<A, E>): Exit.Exit<A, E> | undefined => {
  if (CALL === undefined || Object.getPrototypeOf(effect) !== CALL) {
    return Exit.isExit(effect) ? effect as Exit.Exit<A, E> : undefined
  }
  try {
    return callOf(effect) as Exit.Exit<A, E>
  } catch (defect) {
    return Exit.die(defect)
  }
}
