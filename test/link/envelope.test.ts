import { assert, describe, it } from "@effect/vitest"
import * as Envelope from "../../src/link/internal/envelope.ts"
import { Region } from "../../src/memory/Region.ts"
import { seeded } from "../memory/seeded.ts"

describe("Envelope", () => {
  it("keeps kind, index and slot apart in the type word, up to their limits", () => {
    const random = seeded(7)
    const kinds = [0, Envelope.CREDIT, 15]
    const indices = [0, 1, 255, ...Array.from({ length: 20 }, () => random(256))]
    const slots = [0, 1, Envelope.MAX_SLOTS - 1, ...Array.from({ length: 50 }, () => random(Envelope.MAX_SLOTS))]
    for (const kind of kinds) {
      for (const index of indices) {
        for (const slot of slots) {
          const type = Envelope.typeOf(kind, index, slot)
          // A ring takes whole numbers from 0 on: the sign bit is its own.
          assert.isAtLeast(type, 0)
          assert.deepStrictEqual([Envelope.kindOf(type), Envelope.indexOf(type), Envelope.slotOf(type)], [
            kind,
            index,
            slot
          ])
        }
      }
    }
  })

  it("gives every kind and every outcome a number of its own", () => {
    const { ASK, ASK_TRACED, CLOSED, CREDIT, INTERRUPT, OPEN, REPLY, TELL, TELL_TRACED } = Envelope
    assert.strictEqual(
      new Set([ASK, ASK_TRACED, CLOSED, CREDIT, INTERRUPT, OPEN, REPLY, TELL, TELL_TRACED]).size,
      9
    )
    // The traced kind is the plain one plus one: that is how it is made.
    assert.deepStrictEqual([TELL_TRACED, ASK_TRACED], [TELL + 1, ASK + 1])
    const { CAUSE, FAILED, NOT_HANDLED_LAYOUT, NOT_HANDLED_RESTARTING, NOT_HANDLED_STOPPED, REPLIED } = Envelope
    const outcomes = [CAUSE, FAILED, NOT_HANDLED_LAYOUT, NOT_HANDLED_RESTARTING, NOT_HANDLED_STOPPED, REPLIED]
    assert.strictEqual(new Set([...outcomes, Envelope.WITHDRAWN, Envelope.REPLY_UNSENDABLE]).size, 8)
  })

  it("knows what stands in front of a payload", () => {
    assert.deepStrictEqual(
      [[false, false], [true, false], [false, true], [true, true]].map(([isAsk, isTraced]) =>
        Envelope.prefixBytes(isAsk!, isTraced!)
      ),
      [0, 8, 32, 40]
    )
  })

  for (const [title, buffer] of [["shared", SharedArrayBuffer], ["ordinary", ArrayBuffer]] as const) {
    it(`writes text into ${title} memory within its bound, and reads it back`, () => {
      const region = new Region(new buffer(512))
      for (const text of ["", "a", "häl\u{1F600}lo", "\u{10FFFF}".repeat(20), "ÿ".repeat(60), "日本語".repeat(12)]) {
        const end = Envelope.writeText(region, 24, text)
        assert.isAtMost(end - 24, Envelope.textBytes(text))
        assert.strictEqual(Envelope.readText(region, 24, end), text)
      }
    })
  }
})
