/**
 * The compiled codec of this library, writing into and reading from shared memory.
 */
import * as Schema from "effect/Schema"
import { Region } from "../../src/memory/Region.ts"
import { compile, width } from "../../src/wire/Codec.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import { schemasWith } from "../peers/codecs/schemas.ts"
import { distinct, type Shape, shapes, type Value, type ValueCodec } from "../peers/codecs/shapes.ts"

const schemas = schemasWith(width("u32")(Schema.Int))

interface Record {
  readonly offset: number
  end: number
}

/**
 * The codec of one shape, by the road that a link takes: in place where the schema allows it. Records lie one behind the other, as in a ring;
 * each slot is written at its own place.
 */
export const codec = (shape: Shape): ValueCodec<Record> => {
  const compiled = compile(schemas[shape])
  const scratch = new Scratch()
  const records: Array<Record> = []
  let bytes = 0
  for (let id = 0; id < distinct; id++) {
    records.push({ offset: bytes, end: 0 })
    bytes += compiled.encode(shapes[shape](id), scratch)
  }
  // The last record may be claimed with more than it takes.
  const region = new Region(new SharedArrayBuffer(bytes + 16_384))
  let next = 0
  const target = { region, placedBytes: 0, claim: () => next }
  const { place } = compiled
  const read = ({ end, offset }: Record): Value => compiled.read(region, offset, end)
  if (place !== undefined) {
    return {
      write: (value, slot) => {
        const record = records[slot]!
        next = record.offset
        record.end = place(value, target) + target.placedBytes
        return record
      },
      read
    }
  }
  return {
    write: (value, slot) => {
      const record = records[slot]!
      record.end = record.offset + compiled.encode(value, scratch)
      scratch.copyTo(region, record.offset)
      return record
    },
    read
  }
}
