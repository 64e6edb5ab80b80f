/**
 * Effect's `SchemaBinary` with fingerprints, its smallest and fastest mode: an encoder and a parser for a connection.
 */
import * as SchemaBinary from "effect/encoding/SchemaBinary"
import * as Schema from "effect/Schema"
import { schemasWith } from "./schemas.ts"
import type { Shape, ValueCodec } from "./shapes.ts"

const schemas = schemasWith(Schema.Number)

/** The codec of one shape. */
export const codec = (shape: Shape): ValueCodec<Uint8Array> => {
  const schema: Schema.Codec<unknown, unknown> = schemas[shape]
  const encoder = SchemaBinary.encoder(schema, { fingerprint: true })
  const parser = SchemaBinary.parser(schema, { fingerprint: true })
  return {
    write: (value) => encoder.encode(value),
    read: (bytes) => parser.feedSync(bytes)[0],
    keep: (bytes) => bytes.slice()
  }
}
