import { describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import type { Region } from "../../src/memory/Region.ts"
import type { Codec } from "../../src/wire/Codec.ts"
import { INVALID } from "../../src/wire/Codec.ts"
import { MalformedRecord } from "../../src/wire/WireError.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds, comparable, OFFSET, poisoned, writeWithBoth } from "./assertions.ts"
import { runs, schemaFromSeed } from "./generatedSchema.ts"
import { samples } from "./samples.ts"

const seeds = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })))

/** What reading gives: a value, or the text of a MalformedRecord. Everything else fails the test. */
const outcome = (codec: Codec<unknown>, region: Region, end: number): unknown => {
  try {
    return { value: codec.read(region, OFFSET, end) }
  } catch (error) {
    if (error instanceof MalformedRecord) return { malformed: error.message }
    throw error
  }
}

/** A copy of a record between guards that hold other bytes. */
const between = (region: Region, end: number, poison: number): Region => {
  const copy = poisoned(region.byteLength, poison)
  copy.u8.set(region.u8.subarray(OFFSET, end), OFFSET)
  return copy
}

// Both back ends agree on what damaged bytes mean, and what lies outside of the record makes no difference to it.
const assertHarmless = (codecs: ReadonlyArray<Codec<unknown>>, region: Region, end: number): void => {
  const [first, ...others] = [0x00, 0xff, 0x01].flatMap((poison) => {
    const guarded = between(region, end, poison)
    return codecs.map((codec) => outcome(codec, guarded, end))
  })
  for (const other of others) assert.deepStrictEqual(comparable(other), comparable(first))
}

const damage = (region: Region, end: number, seed: number): number => {
  let state = seed >>> 0
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
  const size = end - OFFSET
  if (size === 0) return end
  switch (random(5)) {
    case 0:
      region.u8[OFFSET + random(size)]! ^= 1 << random(8)
      return end
    case 1:
      for (let i = 0; i < 4; i++) region.u8[OFFSET + random(size)] = random(256)
      return end
    case 2:
      for (let i = OFFSET; i < end; i++) region.u8[i] = random(256)
      return end
    case 3:
      region.u32[(OFFSET >> 2) + random(size >> 2)] = [
        0xffff_ffff,
        0x7fff_ffff,
        0x8000_0000,
        size,
        size * 8
      ][random(5)]!
      return end
    default:
      return OFFSET + random(size / 8) * 8
  }
}

const assertSurvives = (schema: Schema.Top, value: unknown, seed: number): void => {
  const { end, region } = writeWithBoth(schema, value)
  if (end === INVALID) return
  for (let i = 0; i < 4; i++) {
    const damaged = between(region, end, 0)
    assertHarmless(bothBackEnds(schema), damaged, damage(damaged, end, seed + i * 7919))
  }
}

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
    const [codec] = bothBackEnds(Schema.Struct({ a: Schema.String }))
    const region = poisoned(0)
    const read = () => codec.read(region, region.byteLength, region.byteLength + 4096)
    assert.ok(outcomeOf(read) instanceof MalformedRecord)
  })
})

const outcomeOf = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}
