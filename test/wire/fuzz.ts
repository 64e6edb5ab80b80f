/**
 * `npm run fuzz -- [--minutes N] [--seed S]`
 *
 * Random schemas and values through both back ends of the codec for as long as asked: they come back as they were, damaged bytes are values
 * or `MalformedRecord`, hostile forms of them are contained. The seed is printed first and last; a failure names the seed of its schema,
 * and the same seed runs the same cases again.
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { parseArgs } from "node:util"
import { INVALID } from "../../src/wire/Codec.ts"
import { roundTrip, writeWithBoth } from "./assertions.ts"
import { schemaFromSeed } from "./generatedSchema.ts"
import { assertContained } from "./hostile.ts"
import { assertSurvives } from "./survival.ts"

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) }
  }
})
const seed = Number(options.seed)
const until = performance.now() + Number(options.minutes) * 60_000

/** Values of each schema. */
const VALUES = 8

const one = (at: number): number => {
  const schema = schemaFromSeed(at)
  const sampled = Effect.runSyncExit(Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: VALUES, seed: `${at}` }))
  // A schema whose checks refuse nearly everything has no values to try.
  if (Exit.isFailure(sampled)) return 0
  const values = sampled.value
  values.forEach((value, i) => {
    if (writeWithBoth(schema, value).end === INVALID) return
    roundTrip(schema, value)
    assertSurvives(schema, value, at + i)
    assertContained(schema, value, at * VALUES + i)
  })
  return values.length
}

console.log(`fuzz: seed ${seed}, ${options.minutes} minutes`)
let schemas = 0
let values = 0
while (performance.now() < until) {
  const at = (seed + schemas) % 2 ** 31
  try {
    values += one(at)
  } catch (error) {
    console.error(`fuzz: schema ${at} failed; again with: npm run fuzz -- --seed ${at}`)
    throw error
  }
  schemas++
}
console.log(`fuzz: ${schemas} schemas, ${values} values, none failed; seed ${seed}`)
