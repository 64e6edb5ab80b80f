/**
 * Options that nobody knows: a name that is misspelt says nothing, and what it was meant for has its default.
 *
 * Whoever checks options has the names of all there are, and refuses the first that is none of them, in the error of its layer. It is looked at where something is made, and never for a message.
 */
import { textOf } from "./Text.ts"

/** The names of all options of `O`. */
export type Names<O> = { readonly [K in keyof Required<O>]: true }

/** An option that is refused: what it is called, what was given, and what to write. */
export type Refuse = (option: string, value: unknown, expected: string) => never

/** What was given for an option, as it is written: a text has its quotes, so that `"4"` is no number. */
export const givenOf = (value: unknown): string => typeof value === "string" ? JSON.stringify(value) : textOf(value)

/**
 * Refuses an option that is not one of `names`. `path` is in front of what options are called that stand in another one: `"queue."`.
 *
 * **Details** One that is `undefined` was not given. What is no object has no options; whoever takes it says what it is to be.
 */
export const checkNames = <O extends object>(
  given: O | undefined,
  names: Names<O>,
  refuse: (option: string, value: unknown, expected: string) => void,
  path = ""
): void => {
  // From a program without types anything comes.
  const options: unknown = given
  if (typeof options !== "object" || options === null) return
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !Object.hasOwn(names, name)) {
      refuse(`${path}${name}`, value, expectedFor(name, Object.keys(names), path))
    }
  }
}

const expectedFor = (name: string, names: ReadonlyArray<string>, path: string): string => {
  const near = nearest(name, names)
  const others = names.map((other) => `${path}${other}`).join(", ")
  return near === undefined
    ? `an option that there is: ${others}`
    : `an option that there is; did you mean ${path}${near}?`
}

/** The most letters that may be wrong, of a name that is taken for another one. */
const MOST_WRONG = 3
const LONGEST = 64

/** The name that this one was probably meant to be. */
const nearest = (name: string, names: ReadonlyArray<string>): string | undefined => {
  if (name.length > LONGEST) return undefined
  // Of a short name a third of the letters make another word.
  let least = Math.min(MOST_WRONG, Math.floor(name.length / 3)) + 1
  let found: string | undefined
  for (const other of names) {
    const wrong = wrongIn(name.toLowerCase(), other.toLowerCase())
    if (wrong >= least) continue
    least = wrong
    found = other
  }
  return found
}

/** How many letters are missing, too many, other ones, or change places with their neighbour. */
const wrongIn = (a: string, b: string): number => {
  let before: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let wrong = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) wrong = Math.min(wrong, before[j - 2]! + 1)
      row.push(wrong)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
