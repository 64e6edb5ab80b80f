/**
 * Walks through the schedules that part from the plain one in few places, one after the other, and none twice.
 */
import type { Choices } from "./oracle.ts"

/**
 * The schedule after one that was run, or `undefined` when there is none: the last choice that can be another one is, and what comes
 * after it is plain again.
 */
export const next = (
  choices: Choices,
  bounds: ReadonlyArray<number>,
  deviations: number
): Choices | undefined => {
  const made = choices.get("schedule") ?? []
  let before = made.filter((choice) => choice !== 0).length
  for (let i = made.length - 1; i >= 0; i--) {
    if (made[i] !== 0) before--
    if (made[i]! + 1 < bounds[i]! && before < deviations) {
      return new Map([["schedule", [...made.slice(0, i), made[i]! + 1]]])
    }
  }
  return undefined
}
