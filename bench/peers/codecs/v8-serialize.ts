/**
 * `v8.serialize` and `v8.deserialize`: the structured clone that `postMessage` does, into a buffer.
 */
import { deserialize, serialize } from "node:v8"
import type { ValueCodec } from "./shapes.ts"

/** Structured clone without options. */
export const codec = (): ValueCodec<Buffer> => ({ write: serialize, read: deserialize })
