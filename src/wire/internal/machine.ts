/**
 * What a back end makes of a program.
 */
import type { Region } from "../../memory/Region.ts"

/** Reads and writes values of one schema. */
export interface Machine {
  boundBytes(value: unknown): number
  write(value: unknown, region: Region, offset: number): number
  read(region: Region, offset: number, end: number): unknown
  isValid(value: unknown): boolean
}
