/**
 * What a back end makes of a program.
 */
import type { Region } from "../../memory/Region.ts"
import type { Carriage } from "../Carriage.ts"
import type { Scratch } from "../Scratch.ts"

/** Reads and writes values of one schema. */
export interface Machine {
  /** Writes a value into a scratch; answers its bytes, or -1. */
  encode(value: unknown, scratch: Scratch): number
  read(region: Region, offset: number, end: number, carriage: Carriage | undefined): unknown
  isValid(value: unknown): boolean
}
