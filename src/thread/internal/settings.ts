/**
 * The times of a thread, as numbers that make sense.
 */
import type * as Duration from "effect/Duration"
import { givenOf } from "../../runtime/Options.ts"
import { durationMillis } from "../../supervisor/kernel/Millis.ts"
import { InvalidThreadOptions } from "../ThreadError.ts"

/** As they are asked for. */
export interface Times {
  /** How long the thread may take from its spawn until it is ready; 10 seconds unless told. */
  readonly readyTimeout?: Duration.Input | undefined
  /** How often the worker beats (250 millis unless told) and how long it may make no progress (5 seconds unless told). */
  readonly heartbeat?: {
    readonly interval?: Duration.Input | undefined
    readonly timeout?: Duration.Input | undefined
  } | undefined
  /** How long the worker's finalizers may take before it is terminated; 5 seconds unless told. */
  readonly stopTimeout?: Duration.Input | undefined
  /** How long `terminate()` may take before the thread is given up without an `exit` event; 5 seconds unless told. */
  readonly terminateTimeout?: Duration.Input | undefined
}

const MAX_REST_MILLIS = 60_000

/** All of them, in milliseconds. */
export interface Settings {
  readonly readyMillis: number
  readonly intervalMillis: number
  /** How long a thread that has had nothing to do is left alone. */
  readonly restMillis: number
  readonly silentChecks: number
  readonly stopMillis: number
  readonly terminateMillis: number
}

/**
 * The settings of a thread.
 *
 * **Errors** Throws `InvalidThreadOptions` with the offending value.
 */
export const settingsOf = (thread: string, times: Times): Settings => {
  const refuse = (option: string, value: unknown, expected: string): never => {
    throw new InvalidThreadOptions({ where: `thread "${thread}"`, option, value: givenOf(value), expected })
  }
  const millisOf = (option: string, input: Duration.Input): number => {
    const millis = durationMillis(input)
    return millis >= 0 ? millis : refuse(option, input, "a duration of 0 or more")
  }
  const intervalMillis = millisOf("heartbeat.interval", times.heartbeat?.interval ?? 250)
  const timeoutMillis = millisOf("heartbeat.timeout", times.heartbeat?.timeout ?? 5_000)
  if (!(intervalMillis >= 1 && Number.isFinite(intervalMillis))) {
    refuse("heartbeat.interval (milliseconds)", intervalMillis, "at least 1 and finite")
  }
  if (!(timeoutMillis >= 2 * intervalMillis)) {
    refuse("heartbeat.timeout (milliseconds)", timeoutMillis, `at least twice heartbeat.interval (${intervalMillis})`)
  }
  return {
    readyMillis: millisOf("readyTimeout", times.readyTimeout ?? 10_000),
    intervalMillis,
    restMillis: Math.max(intervalMillis, Math.min(timeoutMillis / 4, MAX_REST_MILLIS)),
    silentChecks: Math.ceil(timeoutMillis / intervalMillis),
    stopMillis: millisOf("stopTimeout", times.stopTimeout ?? 5_000),
    terminateMillis: millisOf("terminateTimeout", times.terminateTimeout ?? 5_000)
  }
}
