/**
 * What was agreed about the actors of keys when they were asked for; all who ask have to agree.
 */
import type * as Duration from "effect/Duration"
import { checkNames, givenOf, type Names } from "../../runtime/Options.ts"
import type { Shutdown } from "../../supervisor/ChildSpec.ts"
import { durationMillis, shutdownMillis, shutdowns } from "../../supervisor/kernel/Millis.ts"
import { InvalidOptions } from "../ActorError.ts"

/** How the actors of keys live. */
export interface KeyedOptions {
  /** One that no message has come to for so long ends; the next message has another one made. Default as its behaviour says. */
  readonly idle?: Duration.Input | undefined
  /**
   * Which thread has the actor of a key. `"byKey"`, which is the default: one of those with the behaviour, chosen by the key, always the
   * same.
   */
  readonly placement?: "byKey" | undefined
  /** How its actors are stopped when the last scope that has asked for them closes, or when they are told to; see `SpawnOptions`. */
  readonly shutdown?: Shutdown | undefined
}

/** See the module: what is `undefined` is as the behaviour says. */
export interface Keying {
  readonly idleMillis: number | undefined
  readonly shutdownMillis: number | undefined
}

const OPTIONS: Names<KeyedOptions> = { idle: true, placement: true, shutdown: true }

const refuse = (name: string, option: string, value: string, expected: string): never => {
  throw new InvalidOptions({ where: `${name}.keyed`, option, value, expected })
}

/**
 * Checks options.
 *
 * **Errors** Throws `InvalidOptions` with the offending value.
 */
export const make = (name: string, options: KeyedOptions): Keying => {
  checkNames(options, OPTIONS, (option, value, expected) => refuse(name, option, givenOf(value), expected))
  const { idle, placement, shutdown } = options
  if (placement !== undefined && placement !== "byKey") refuse(name, "placement", givenOf(placement), "\"byKey\"")
  const idleMillis = idle === undefined ? undefined : durationMillis(idle)
  if (idleMillis !== undefined && !(idleMillis > 0)) refuse(name, "idle", givenOf(idle), "a duration above zero")
  const millis = shutdown === undefined ? undefined : shutdownMillis(shutdown)
  if (Number.isNaN(millis)) refuse(name, "shutdown", givenOf(shutdown), shutdowns)
  return { idleMillis, shutdownMillis: millis }
}

/**
 * Holds who asks to what is agreed.
 *
 * **Errors** Throws `InvalidOptions` for an option that says something else.
 */
export const agree = (name: string, there: Keying, asked: Keying): void => {
  for (const option of ["idleMillis", "shutdownMillis"] as const) {
    if (there[option] === asked[option]) continue
    const agreed = there[option] === undefined ? "as the behaviour says" : `${there[option]} ms`
    refuse(
      name,
      option.slice(0, -"Millis".length),
      asked[option] === undefined ? "as the behaviour says" : `${asked[option]}`,
      `${agreed}, as it was asked for first`
    )
  }
}
