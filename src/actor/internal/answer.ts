/**
 * Calls a handler, and tells one that has answered from one that still has to run.
 */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Handlers } from "../kernel/Behaviour.ts"

/** Whether an effect is an outcome. Most have no tag at all, which is quicker to see than what `Exit.isExit` looks for. */
export const isExit = (effect: Effect.Effect<unknown, unknown, unknown>): effect is Exit.Exit<unknown, unknown> => {
  const { _tag } = effect as { readonly _tag?: unknown }
  return (_tag === "Success" || _tag === "Failure") && Exit.isExit(effect)
}

/** Calls the handler of a message; what it throws is a defect. */
export const call = (
  handlers: Handlers,
  tags: ReadonlyArray<string>,
  index: number,
  payload: unknown
): Effect.Effect<unknown, unknown, unknown> => {
  try {
    return handlers[tags[index]!]!(payload)
  } catch (defect) {
    return Exit.die(defect)
  }
}
