import { describe, expect, it } from "vitest"
import { InvalidRegion, Region } from "../../src/memory/Region.ts"

describe("Region", () => {
  it("sees the same bytes through every view", () => {
    const region = Region.make(32)
    region.f64[1] = 1
    expect(region.i32[3]).toBe(0x3ff00000)
    expect(region.u8[15]).toBe(0x3f)
    region.i32[0] = -1
    expect(region.u32[0]).toBe(0xffffffff)
  })

  it("starts at its offset of a shared buffer", () => {
    const sab = new SharedArrayBuffer(64)
    const region = new Region(sab, 16, 24)
    region.u8[0] = 7
    expect(new Uint8Array(sab)[16]).toBe(7)
    expect([region.u8.length, region.i32.length, region.f64.length, region.byteLength]).toEqual([24, 6, 3, 24])
    expect(new Region(sab, 40).byteLength).toBe(24)
  })

  it("rounds scratch memory up to whole doubles", () => {
    expect(Region.make(13).byteLength).toBe(16)
    expect(Region.make(0).byteLength).toBe(0)
  })

  it("covers a length that is no multiple of 8 with its bytes only", () => {
    const region = new Region(new ArrayBuffer(13))
    expect([region.u8.length, region.i32.length, region.f64.length]).toEqual([13, 3, 1])
  })

  it("aliases aligned bytes and copies others", () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, i) => i)
    const aliased = Region.fromBytes(bytes.subarray(8, 20))
    expect([...aliased.u8]).toEqual([...bytes.subarray(8, 20)])
    aliased.u8[0] = 99
    expect(bytes[8]).toBe(99)
    const copied = Region.fromBytes(bytes.subarray(3, 16))
    expect([...copied.u8]).toEqual([...bytes.subarray(3, 16)])
    expect(copied.byteLength).toBe(13)
    copied.u8[0] = 77
    expect(bytes[3]).toBe(3)
  })

  it.each([[4, 8], [-8, 8], [0, 65], [64, 8], [0, -1], [0.5, 8], [8, NaN]])(
    "refuses offset %d with length %d of 64 bytes",
    (byteOffset, byteLength) => {
      expect(() => new Region(new ArrayBuffer(64), byteOffset, byteLength)).toThrow(InvalidRegion)
      expect(() => new Region(new ArrayBuffer(64), byteOffset, byteLength)).toThrow(/64 bytes/)
    }
  )
})
