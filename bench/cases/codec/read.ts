/**
 * Decoding a value, by shape.
 */
import { codecCases } from "./codec.ts"

/** See the module. */
export const read = codecCases("read")
