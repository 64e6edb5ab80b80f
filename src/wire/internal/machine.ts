/**
 * What a back end makes of a program.
 */
import type { Region } from "../../memory/Region.ts"
import type { Scratch } from "../Scratch.ts"
import type { Way } from "./way.ts"

/** What `place` answers for a value that breaks its schema; no ring answers it to a claim. */
export const NOT_PLACED = -3

/** What `place` answers for a value that is too large to claim the most that it may take; no ring answers it to a claim. */
export const TOO_LARGE_TO_PLACE = -4

/** Where records are written in place. */
export interface Target {
  readonly region: Region
  /** Bytes of the record that was placed last: no more than were claimed for it. */
  placedBytes: number
  /** Answers the offset of so many bytes, or a negative number. */
  claim(bytes: number): number
}

/** Reads and writes values of one schema. */
export interface Machine {
  /** Writes a value into a scratch; answers its bytes, or -1. */
  encode(value: unknown, scratch: Scratch): number
  /** See `Codec.place`. */
  readonly place?: ((value: unknown, target: Target) => number) | undefined
  read(region: Region, offset: number, end: number, way: Way | undefined): unknown
  isValid(value: unknown): boolean
}
