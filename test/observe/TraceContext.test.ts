import { assert, describe, it } from "@effect/vitest"
import * as Tracer from "effect/Tracer"
import { Region } from "../../src/memory/Region.ts"
import * as TraceContext from "../../src/observe/kernel/TraceContext.ts"
import { seeded } from "../memory/seeded.ts"

const spanOf = (traceId: string, spanId: string) => Tracer.externalSpan({ traceId, spanId, sampled: true })

const region = () => new Region(new SharedArrayBuffer(128))

describe("TraceContext", () => {
  it("gives the identity of a span back, sampled, whatever the memory held before", () => {
    const random = seeded(11)
    const hex = (digits: number) => Array.from({ length: digits }, () => "0123456789abcdef"[random(16)]).join("")
    const memory = region()
    for (let i = 0; i < 200; i++) {
      memory.u8.fill(random(256))
      const span = spanOf(hex(32), hex(16))
      TraceContext.write(span, memory, 40)
      const read = TraceContext.read(memory, 40)
      assert.deepInclude(read, { _tag: "ExternalSpan", traceId: span.traceId, spanId: span.spanId, sampled: true })
    }
  })

  it("reads upper-case digits back in lower case", () => {
    const memory = region()
    TraceContext.write(spanOf("ABCDEF0123456789ABCDEF0123456789", "FEDCBA9876543210"), memory, 0)
    assert.deepInclude(TraceContext.read(memory, 0), {
      traceId: "abcdef0123456789abcdef0123456789",
      spanId: "fedcba9876543210"
    })
  })

  it("writes ids of another form as absent", () => {
    const memory = region()
    for (
      const [traceId, spanId] of [["noop", "noop"], ["a".repeat(32), "noop"], ["", ""], [
        "a".repeat(31),
        "b".repeat(16)
      ]]
    ) {
      memory.u8.fill(1)
      TraceContext.write(spanOf(traceId!, spanId!), memory, 8)
      assert.isUndefined(TraceContext.read(memory, 8))
    }
  })

  it("touches its own bytes and no other", () => {
    const memory = region()
    memory.u8.fill(0xee)
    TraceContext.write(spanOf("1".repeat(32), "2".repeat(16)), memory, 32)
    const around = [...memory.u8.subarray(0, 32), ...memory.u8.subarray(32 + TraceContext.TRACE_BYTES)]
    assert.isTrue(around.every((byte) => byte === 0xee))
  })
})
