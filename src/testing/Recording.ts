/**
 * A run as data: the seed and every choice that was not the plain one. It is small enough for a bug report, and replays exactly.
 *
 * ```text
 *  { "version": 1, "seed": "0x5d3c91af", "kind": "Invariant: …", "choices": { "schedule": "14:2 15:1 203:3", "kill": "88:1" } }
 * ```
 */
import { messageOf } from "../runtime/Text.ts"
import type { Choices } from "./internal/oracle.ts"
import { InvalidRecording } from "./SimulationError.ts"

const VERSION = 1

/** See the module. */
export interface Recording {
  readonly seed: number
  readonly kind: string
  readonly choices: Choices
}

/** A seed as it is printed. */
export const seedText = (seed: number): string => `0x${(seed >>> 0).toString(16).padStart(8, "0")}`

const sparse = (made: ReadonlyArray<number>): string =>
  made.flatMap((choice, index) => choice === 0 ? [] : [`${index}:${choice}`]).join(" ")

const full = (text: string): ReadonlyArray<number> => {
  const made: Array<number> = []
  if (text === "") return made
  for (const pair of text.split(" ")) {
    const [index, choice] = pair.split(":").map(Number)
    if (!Number.isInteger(index) || !Number.isInteger(choice) || index! < 0 || index! > 1e7) {
      throw new Error(`"${pair}" is no choice`)
    }
    while (made.length < index!) made.push(0)
    made[index!] = choice!
  }
  return made
}

/** As the text of a file. */
export const render = ({ choices, kind, seed }: Recording): string =>
  JSON.stringify({
    version: VERSION,
    seed: seedText(seed),
    kind,
    choices: Object.fromEntries(
      Array.from(choices, ([name, made]) => [name, sparse(made)]).filter(([, made]) => made !== "")
    )
  })

/**
 * Reads the text of a file.
 *
 * **Errors** Throws {@link InvalidRecording} for what is none, or of another version.
 */
export const parse = (text: string): Recording => {
  const refuse = (problem: string): never => {
    throw new InvalidRecording({ problem })
  }
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch (error) {
    return refuse(messageOf(error))
  }
  if (typeof read !== "object" || read === null) return refuse("it is no object")
  const { choices, kind, seed, version } = read as Record<string, unknown>
  if (version !== VERSION) return refuse(`its version is ${String(version)}, and this library reads ${VERSION}`)
  if (typeof kind !== "string" || typeof seed !== "string" || !Number.isInteger(Number(seed))) {
    return refuse("it has no kind, or no seed")
  }
  if (typeof choices !== "object" || choices === null) return refuse("it has no choices")
  try {
    return {
      seed: Number(seed),
      kind,
      choices: new Map(Object.entries(choices).map(([name, made]) => [name, full(String(made))]))
    }
  } catch (error) {
    return refuse(messageOf(error))
  }
}
