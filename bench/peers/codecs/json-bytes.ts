/**
 * JSON as UTF-8 in shared memory: the whole way that a message of ours goes.
 */
import { distinct, type Shape, shapes, type ValueCodec } from "./shapes.ts"

interface Text {
  readonly bytes: Buffer
  length: number
}

/** Longer than the JSON of every value of the shape. */
const slotBytesOf = (shape: Shape): number =>
  64 + Math.max(...Array.from({ length: distinct }, (_, id) => JSON.stringify(shapes[shape](id)).length))

/** JSON without any schema, each slot in its own place. */
export const codec = (shape: Shape): ValueCodec<Text> => {
  const slotBytes = slotBytesOf(shape)
  const memory = Buffer.from(new SharedArrayBuffer(distinct * slotBytes) as unknown as ArrayBuffer)
  const texts = Array.from({ length: distinct }, (_, slot): Text => ({
    bytes: memory.subarray(slot * slotBytes, (slot + 1) * slotBytes),
    length: 0
  }))
  return {
    write: (value, slot) => {
      const text = texts[slot]!
      text.length = text.bytes.write(JSON.stringify(value), 0, "utf8")
      return text
    },
    read: ({ bytes, length }) => JSON.parse(bytes.toString("utf8", 0, length))
  }
}
