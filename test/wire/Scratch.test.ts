import { describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Region } from "../../src/memory/Region.ts"
import type { Codec } from "../../src/wire/Codec.ts"
import { INVALID } from "../../src/wire/Codec.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds } from "./assertions.ts"

const Note = Schema.Struct({ id: Schema.Number, text: Schema.String })

/** What arrives of a value that is encoded with this scratch. */
const crossed = <A>(codec: Codec<A>, value: A, scratch: Scratch): A => {
  const bytes = codec.encode(value, scratch)
  assert.ok(bytes !== INVALID)
  const region = Region.make(bytes + 8)
  scratch.copyTo(region, 8)
  return codec.read(region, 8, 8 + bytes)
}

describe("Scratch", () => {
  it("has the exact record of each value, short, long and short again", () => {
    for (const codec of bothBackEnds(Note)) {
      const scratch = new Scratch()
      for (const length of [0, 1, 200, 300, 5000, 3_000_000, 7, 100_000, 0]) {
        const note = { id: length, text: "x".repeat(length) }
        assert.deepStrictEqual(crossed(codec, note, scratch), note)
        assert.strictEqual(codec.encode(note, scratch), 8 + ((4 + length + 7) & ~7))
      }
    }
  })

  it("keeps a copy for a record that has to wait", () => {
    const [codec] = bothBackEnds(Note)
    const scratch = new Scratch()
    const bytes = codec.encode({ id: 1, text: "first" }, scratch)
    const kept = scratch.take()
    codec.encode({ id: 2, text: "second" }, scratch)
    assert.strictEqual(kept.length, bytes)
    assert.deepStrictEqual(codec.read(Region.fromBytes(kept), 0, bytes), { id: 1, text: "first" })
  })

  it("serves user code that encodes in the middle of an encoding, to any depth", () => {
    for (const codec of bothBackEnds(Note)) {
      const scratch = new Scratch()
      const inner: Array<unknown> = []
      const nested = (depth: number): { readonly id: number; readonly text: string } => ({
        id: depth,
        get text() {
          if (depth > 0) inner.push(crossed(codec, nested(depth - 1), scratch))
          return `level ${depth}`
        }
      })
      assert.deepStrictEqual(crossed(codec, nested(3), scratch), { id: 3, text: "level 3" })
      assert.deepStrictEqual(inner.at(-1), { id: 2, text: "level 2" })
      assert.strictEqual(inner.length >= 3, true)
    }
  })

  it("is good for the next value when user code has thrown", () => {
    for (const codec of bothBackEnds(Note)) {
      const scratch = new Scratch()
      const bad = {
        id: 1,
        get text(): string {
          throw new Error("not today")
        }
      }
      for (let i = 0; i < 3; i++) assert.throws(() => codec.encode(bad, scratch), /not today/)
      assert.deepStrictEqual(crossed(codec, { id: 2, text: "x" }, scratch), { id: 2, text: "x" })
    }
  })
})
