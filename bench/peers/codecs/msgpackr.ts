/**
 * msgpackr with shared structures, its fastest mode: the keys of an object are sent once and then referred to.
 */
import { Packr } from "msgpackr"
import type { ValueCodec } from "./shapes.ts"

/** One packer for both directions, as its documents recommend for shared structures. */
export const codec = (): ValueCodec<Buffer> => {
  const packr = new Packr({ structures: [] })
  return {
    write: (value) => packr.pack(value),
    read: (bytes) => packr.unpack(bytes),
    keep: (bytes) => Buffer.from(bytes)
  }
}
