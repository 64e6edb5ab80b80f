/**
 * The compiled codec of this library, writing into and reading from shared memory.
 */
import * as Schema from "effect/Schema"
import { Region } from "../../src/memory/Region.ts"
import { compile, width } from "../../src/wire/Codec.ts"
import { schemasWith } from "../peers/codecs/schemas.ts"
import type { Shape, Value, ValueCodec } from "../peers/codecs/shapes.ts"

const schemas = schemasWith(width("u32")(Schema.Int))

/** Room for the largest of the shapes. */
const slotBytes = 4096

/** The codec of one shape; a slot of its own for each value, as records in a ring have. What it answers is the end of the record. */
export const codec = (shape: Shape): ValueCodec<Record> => {
  const region = new Region(new SharedArrayBuffer(256 * slotBytes))
  const compiled = compile(schemas[shape] as Schema.Codec<Value>)
  const records = Array.from({ length: 256 }, (_, slot): Record => ({ offset: slot * slotBytes, end: 0 }))
  return {
    write: (value, slot) => {
      const record = records[slot]!
      record.end = compiled.write(value, region, record.offset)
      return record
    },
    read: ({ end, offset }) => compiled.read(region, offset, end)
  }
}

interface Record {
  readonly offset: number
  end: number
}
