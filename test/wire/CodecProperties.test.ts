import { describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as assert from "./assertions.ts"
import { runs, schemaFromSeed } from "./generatedSchema.ts"
import { samples } from "./samples.ts"

const generated = Arbitrary.flatMap(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
  (seed) => Arbitrary.map(Arbitrary.schema(schemaFromSeed(seed)), (value) => ({ seed, value }))
)

describe("Codec properties", () => {
  for (const [name, schema] of Object.entries(samples)) {
    it.prop(`brings back every value of ${name}, in the same bytes from both back ends`, [schema], ([value]) => {
      assert.roundTrip(schema, value)
    }, runs(60))
  }

  it.prop("brings back every value of any schema", [generated], ([{ seed, value }]) => {
    assert.roundTrip(schemaFromSeed(seed), value)
  }, runs(400))
})
