/**
 * Fresh schemas of 500 nodes, and what is compiled from them.
 */
import * as SchemaBinary from "effect/encoding/SchemaBinary"
import * as Schema from "effect/Schema"
import { Region } from "../../src/memory/Region.ts"
import { compile } from "../../src/wire/Codec.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import type { Measured, Params } from "../runner/Case.ts"
import { sample } from "../runner/Sampling.ts"

const part = () =>
  Schema.Struct({
    id: Schema.Number,
    name: Schema.String,
    tags: Schema.Array(Schema.String),
    on: Schema.Boolean,
    note: Schema.optionalKey(Schema.Number),
    kind: Schema.Literals(["a", "b", "c"]),
    event: Schema.Union([
      Schema.TaggedStruct("A", { x: Schema.Number }),
      Schema.TaggedStruct("B", { y: Schema.String })
    ])
  })

/** 28 parts of 18 nodes each. */
const schemaOf = () => Schema.Struct(Object.fromEntries(Array.from({ length: 28 }, (_, i) => [`part${i}`, part()])))

type Schema500 = ReturnType<typeof schemaOf>

const value = Object.fromEntries(Array.from({ length: 28 }, (_, i) => [
  `part${i}`,
  { id: i, name: "n", tags: [], on: true, kind: "a" as const, event: { _tag: "A" as const, x: i } }
]))

/** Compiles `count` schemas a sample; `use` compiles one, and answers what comes back of a value. */
const measure = async (params: Params, use: (schema: Schema500) => () => Schema500["Type"]): Promise<Measured> => {
  let sum = 0
  const samples = await sample(params, () => {
    const schemas = Array.from({ length: params.count }, schemaOf)
    const start = performance.now()
    const uses = schemas.map(use)
    const micros = (performance.now() - start) * 1000 / params.count
    for (const read of uses) sum += read()["part27"]!.id
    return micros
  })
  const compiled = params.count * (params.samples + params.warmups)
  return {
    samples,
    received: { count: compiled, checksum: sum },
    expected: { count: compiled, checksum: compiled * 27 }
  }
}

/** The codec of this library. */
export const ours = (params: Params): Promise<Measured> =>
  measure(params, (schema) => {
    const codec = compile(schema)
    return () => {
      const [scratch, region] = [new Scratch(), Region.make(65_536)]
      const bytes = codec.encode(value, scratch)
      scratch.copyTo(region, 0)
      return codec.read(region, 0, bytes)
    }
  })

/** Effect's `SchemaBinary`, encoder and parser. */
export const schemaBinary = (params: Params): Promise<Measured> =>
  measure(params, (schema) => {
    const encoder = SchemaBinary.encoder(schema, { fingerprint: true })
    const parser = SchemaBinary.parser(schema, { fingerprint: true })
    return () => parser.feedSync(encoder.encode(value))[0] as Schema500["Type"]
  })
