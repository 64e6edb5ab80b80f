/**
 * `JSON.stringify` and `JSON.parse`, to and from a string: what it costs to get the string into bytes is not counted.
 */
import type { ValueCodec } from "./shapes.ts"

/** JSON without any schema. */
export const codec = (): ValueCodec<string> => ({
  write: (value) => JSON.stringify(value),
  read: (text) => JSON.parse(text)
})
