/**
 * The ring of a channel between threads: which options its kind has, and what becomes of memory that cannot be had.
 */
import { InvalidCapacity } from "../../memory/MemoryError.ts"
import { MAX_ROWS } from "../../memory/Roster.ts"
import { refuse, type Settings, type SharedOptions } from "../ChannelOptions.ts"
import { kinds } from "./kinds.ts"

/** Most ends of a channel at the same time. */
export const endsOf = (settings: Settings, options: SharedOptions): number => {
  const { manyReceivers, manySenders } = kinds[settings.kind]
  const ends = !manySenders && !manyReceivers ? 2 : options.ends === undefined ? 16 : options.ends
  if (!(Number.isInteger(ends) && ends >= 2 && ends <= MAX_ROWS)) {
    refuse(settings.name, "ends", ends, `a whole number from 2 to ${MAX_ROWS}`)
  }
  return ends
}

/** Makes the ring of a channel. */
export const createRing = (
  settings: Settings,
  options: SharedOptions,
  fixedBytes: number | undefined,
  ends: number
): SharedArrayBuffer => {
  const { kind, name, overflow } = settings
  const { canDropOldest, hasCells, isBroadcast } = kinds[kind]
  if (overflow === "dropOldest" && !canDropOldest && !isBroadcast) {
    refuse(
      name,
      "overflow",
      overflow,
      `"suspend", "fail" or "dropNewest" for kind "${kind}" between threads: only who may receive may drop the oldest`
    )
  }
  if (hasCells && options.bufferBytes !== undefined) {
    refuse(
      name,
      "bufferBytes",
      options.bufferBytes,
      `left out for kind "mpmc", whose memory is capacity times messageBytes`
    )
  }
  if (!hasCells && options.messageBytes !== undefined) {
    refuse(name, "messageBytes", options.messageBytes, `left out for kind "${kind}", whose memory is bufferBytes`)
  }
  try {
    return kinds[kind].create(settings, options, fixedBytes, ends)
  } catch (error) {
    // More than the rings allow, or than the process has.
    if (!(error instanceof InvalidCapacity || error instanceof RangeError)) throw error
    const [option, value] = options.bufferBytes === undefined
      ? ["capacity", settings.capacity]
      : ["bufferBytes", options.bufferBytes]
    return refuse(name, option, value, `less: its memory cannot be had (${error.message})`)
  }
}
