/**
 * What a handler answers with that puts its message off: no reply, but the place where one would be.
 */
import type * as Exit from "effect/Exit"

declare const Mark: unique symbol

/** The answer of a handler that has put its message off: it is handled, and answered, when it is unstashed. */
export interface Stashed {
  readonly [Mark]: "a message that is put off"
}

/** The only one; its type has a mark that no value has, so that nothing else passes for it. */
export const STASHED = Symbol("a message that is put off") as unknown as Stashed

/** Whether a handler has put its message off. */
export const isPutOff = (exit: Exit.Exit<unknown, unknown>): boolean =>
  exit._tag === "Success" && exit.value === STASHED
