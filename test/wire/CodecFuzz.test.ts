import { describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { MalformedRecord } from "../../src/wire/WireError.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds, poisoned } from "./assertions.ts"
import { runs, schemaFromSeed } from "./generatedSchema.ts"
import { samples } from "./samples.ts"
import { assertSurvives } from "./survival.ts"

const seeds = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })))

describe("Codec on damaged memory", () => {
  for (const [name, schema] of Object.entries(samples)) {
    it.prop(`reads a value or reports a malformed record: ${name}`, [schema, seeds], ([value, seed]) => {
      assertSurvives(schema, value, seed)
    }, runs(60))
  }

  const generated = Arbitrary.flatMap(
    seeds,
    (seed) => Arbitrary.map(Arbitrary.schema(schemaFromSeed(seed)), (value) => ({ seed, value }))
  )

  it.prop("reads a value or reports a malformed record: any schema", [generated, seeds], ([{ seed, value }, how]) => {
    assertSurvives(schemaFromSeed(seed), value, how)
  }, runs(300))

  it("notices an end that lies outside of the region", () => {
    const region = poisoned(0)
    for (const codec of bothBackEnds(Schema.Struct({ a: Schema.String }))) {
      const read = () => codec.read(region, region.byteLength, region.byteLength + 4096)
      assert.ok(outcomeOf(read) instanceof MalformedRecord)
    }
  })
})

const outcomeOf = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}
