/**
 * What a program for the explorer is made of.
 *
 * One file of this folder proves one structure: it exports its `models`, which must hold under every schedule, and its
 * `broken` variants, each of which must fail under some. `index.ts` lists the files.
 */
import { type Program, type Thread, Violation } from "../explore.ts"
import type { Load, Mutation } from "../gate.ts"
import type { Body } from "../request.ts"

/** One program, by the structure it proves. */
export interface Model {
  /** The class or module of `src/memory`, as it is called there; the lines of the report go by it. */
  readonly structure: string
  /** What happens in the program, in a few words: "the producer dies". */
  readonly scenario: string
  /** The wait protocol the program proves. A program whose threads wait must name one. */
  readonly protocol?: string
  /** Explored with up to so many preemptions. */
  readonly preemptions: number
  /** Loads the gated modules and returns what makes the program anew for every schedule. */
  readonly prepare: (load: Load) => Promise<() => Program>
}

/** A program that the explorer must find a failing schedule of: it uses the structure wrongly, or its text is changed. */
export interface Broken {
  readonly name: string
  readonly model: Model
  readonly mutations?: ReadonlyArray<Mutation>
}

export type { Body } from "../request.ts"

/** A simulated thread; a mortal one may die at any step. */
export const thread = (name: string, body: Body<unknown>, mortal = false): Thread => ({ name, body, mortal })

/** Throws a {@link Violation} when two values differ; `what` names the first. */
export const equal = (actual: unknown, expected: unknown, what: string): void => {
  if (!Object.is(actual, expected)) throw new Violation(`${what} is ${String(actual)}, not ${String(expected)}`)
}
