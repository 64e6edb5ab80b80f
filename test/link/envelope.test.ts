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

  it("makes whole milliseconds of a timeout: at least one, and the greatest word for none", () => {
    const words = [0.001, 0.9, 1, 1.2, 5000, 2 ** 40, Infinity].map(Envelope.timeoutWord)
    assert.deepStrictEqual(words, [1, 1, 1, 2, 5000, Envelope.NO_TIMEOUT, Envelope.NO_TIMEOUT])
  })

  it("writes what stands in front of an ask", () => {
    const region = new Region(new SharedArrayBuffer(64))
    Envelope.writeAsk(region, 16, 3, 0.5, 0xfffffffe, 256)
    assert.deepStrictEqual(Array.from(region.u32.subarray(4, 8)), [3, 1, 0xfffffffe, 256])
    assert.strictEqual(Envelope.ASK_BYTES, 16)
  })
})
