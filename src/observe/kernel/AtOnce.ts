/**
 * As much of an effect as is done without a fiber.
 *
 * A fiber, its stack and its context are most of what a short effect costs. Many ask for none of them: those that are their outcome
 * already, those that are the call of a function, and generators that ask for services, make a few values and return. {@link begin} runs what can be
 * run on the stack of its caller, each step once and in order, and hands back the rest, which has a fiber.
 *
 * What an effect is, is known by its prototype, and where a generator has its iterator by a look at one. Effect promises neither: with a version that
 * makes them otherwise all of them have a fiber again, and the tests of this module fail.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { inStep, stepOf } from "./Step.ts"

type Any = Effect.Effect<any, any, any>

// All that a function call asks of its fiber: who goes on with the value. Nobody does, so the value is the outcome.
const nobody = {
  getCont: () => undefined,
  yieldWith: (exit: Exit.Exit<unknown, unknown>) => exit
} as unknown as Fiber.Fiber<any, any>

const callOf = (call: Any): unknown => inStep(call, nobody)

// What is no object is of no kind, and so is a service, which is known by its step.
const kindOf = (effect: unknown): unknown =>
  typeof effect === "object" && effect !== null ? Object.getPrototypeOf(effect) : undefined

// What `find` knows of this version of effect, unless that is made otherwise.
const known = <A>(find: () => A | undefined): A | undefined => {
  try {
    return find()
  } catch {
    return undefined
  }
}

const CALL = known(() => {
  const call = Effect.sync(() => nobody)
  const exit = callOf(call)
  return Exit.isExit(exit) && Exit.isSuccess(exit) && exit.value === nobody ? kindOf(call) : undefined
})

const SUSPENDED = known(() => {
  const suspended = Effect.suspend(() => Exit.void)
  return callOf(suspended) === Exit.void ? kindOf(suspended) : undefined
})

interface Generators {
  readonly kind: unknown
  /** Where one has its iterator. */
  readonly iterator: PropertyKey
}

const GENERATOR = known((): Generators | undefined => {
  const iterator = (function*(): Generator<never, void> {})()
  const made = callOf(Effect.gen(() => iterator)) as Record<PropertyKey, unknown>
  const key = Reflect.ownKeys(made).find((key) => made[key] === iterator)
  return key === undefined ? undefined : { kind: kindOf(made), iterator: key }
})

const SERVICE = stepOf(Context.Service<never>("shared-nothing/observe/AtOnce"))

/** Whether an effect asks for a service, whose key it is then. */
export const isService = (effect: Any): effect is Any & Context.Key<unknown, unknown> => stepOf(effect) === SERVICE

// How many steps a generator has at most that are no outcomes already: one that goes on for ever has a fiber, which gives way.
const MAX_STEPS = 64

/** What an effect asks for, where that is known without a fiber. */
export type Answers<Asker> = (asked: Any, asker: Asker) => Exit.Exit<unknown, unknown> | undefined

/**
 * Runs as much of an effect as needs no fiber. Answers its outcome where that is all, a defect for what is thrown; else what is left
 * of it, which has to be run exactly once. `answers` says what `asker` is given.
 */
export const begin = <A, E, R, Asker>(
  effect: Effect.Effect<A, E, R>,
  answers: Answers<Asker>,
  asker: Asker
): Effect.Effect<A, E, R> => {
  try {
    if (GENERATOR === undefined || kindOf(effect) !== SUSPENDED) return outcomeOf(effect, answers, asker) ?? effect
    const suspended = callOf(effect) as Any
    if (kindOf(suspended) !== GENERATOR.kind) return outcomeOf(suspended, answers, asker) ?? suspended
    return go((suspended as unknown as Record<PropertyKey, Steps>)[GENERATOR.iterator]!, answers, asker)
  } catch (defect) {
    return Exit.die(defect)
  }
}

const outcomeOf = <Asker>(effect: Any, answers: Answers<Asker>, asker: Asker): Exit.Exit<any, any> | undefined => {
  if (Exit.isExit(effect)) return effect
  if (CALL !== undefined && kindOf(effect) === CALL) return callOf(effect) as Exit.Exit<any, any>
  // What is none is left to the fiber, which says so.
  return Effect.isEffect(effect) ? answers(effect, asker) : undefined
}

// The steps of a generator, each of which is an effect.
type Steps = Iterator<Any, unknown, unknown>

const go = <Asker>(steps: Steps, answers: Answers<Asker>, asker: Asker): Any => {
  let step = steps.next(undefined)
  for (let left = MAX_STEPS; step.done !== true;) {
    const { value: effect } = step
    const exit = Exit.isExit(effect) ? effect : left-- > 0 ? outcomeOf(effect, answers, asker) : undefined
    if (exit === undefined) return Effect.gen(() => new Rest(steps, effect) as Steps as Generator<Any, unknown, never>)
    if (Exit.isFailure(exit)) return exit
    step = steps.next(exit.value)
  }
  return Exit.succeed(step.value)
}

// The steps that are left of a generator, the first of which it has handed out already.
class Rest implements Steps {
  declare private readonly steps: Steps
  declare private readonly first: Any
  declare private isBegun: boolean
  constructor(steps: Steps, first: Any) {
    this.steps = steps
    this.first = first
    this.isBegun = false
  }

  next(value: unknown): IteratorResult<Any, unknown> {
    if (this.isBegun) return this.steps.next(value)
    this.isBegun = true
    return { done: false, value: this.first }
  }
}
