/**
 * Damaged records: what reading them may do.
 */
import type * as Schema from "effect/Schema"
import type { Region } from "../../src/memory/Region.ts"
import type { Codec } from "../../src/wire/Codec.ts"
import { INVALID } from "../../src/wire/Codec.ts"
import { MalformedRecord } from "../../src/wire/WireError.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds, comparable, OFFSET, poisoned, writeWithBoth } from "./assertions.ts"

/** What reading gives: a value, or the text of a MalformedRecord. Everything else fails the test. */
export const outcome = (codec: Codec<unknown>, region: Region, end: number): unknown => {
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

/** Asserts that both back ends read the same of a damaged record, or report the same. */
export const assertSurvives = (schema: Schema.Top, value: unknown, seed: number): void => {
  const { end, region } = writeWithBoth(schema, value)
  if (end === INVALID) return
  for (let i = 0; i < 4; i++) {
    const damaged = between(region, end, 0)
    assertHarmless(bothBackEnds(schema), damaged, damage(damaged, end, seed + i * 7919))
  }
}
