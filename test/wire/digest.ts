/**
 * What the codecs of this process make of fixed values: layouts, hashes and bytes. Run as a program it prints them.
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { Region } from "../../src/memory/Region.ts"
import { compile } from "../../src/wire/Codec.ts"
import { canGenerate } from "../../src/wire/internal/generate.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import { schemaFromSeed } from "./generatedSchema.ts"
import { samples } from "./samples.ts"

export interface Digest {
  readonly generates: boolean
  readonly lines: ReadonlyArray<string>
}

const recordsOf = (schema: Schema.Top): ReadonlyArray<string> => {
  const values = Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 5, seed: "digest" }))
  const codec = compile(schema)
  return values.map((value) => {
    const scratch = new Scratch()
    const end = 8 + codec.encode(value, scratch)
    const region = Region.make(end)
    scratch.copyTo(region, 8)
    const again = codec.isValid(codec.read(region, 8, end))
    return `${end} ${again} ${Buffer.from(region.u8).toString("hex")}`
  })
}

const generated = Array.from({ length: 60 }, (_, seed) => [`generated ${seed}`, schemaFromSeed(seed)] as const)

/** The digest of this process. */
export const digest = (): Digest => ({
  generates: canGenerate,
  lines: [...Object.entries(samples), ...generated].flatMap(([name, schema]) => {
    const { layout, layoutHash } = compile(schema)
    return [`${name}: ${layout} ${layoutHash}`, ...recordsOf(schema)]
  })
})

if (import.meta.main) console.log(JSON.stringify(digest()))
