import { describe, expect, it } from "vitest"
import { bucketOf, BUCKETS, bucketStart } from "../../src/runtime/Times.ts"

describe("Times", () => {
  it("has a bucket for each time, at most a quarter wider than where it begins", () => {
    for (const time of [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 100, 1000, 123_456, 2 ** 30, 2 ** 31 - 1]) {
      const bucket = bucketOf(time)
      expect([bucketStart(bucket) <= time, time < bucketStart(bucket + 1)]).toEqual([true, true])
    }
    for (let bucket = 0; bucket < 120; bucket++) {
      expect(bucketOf(bucketStart(bucket))).toBe(bucket)
      expect(bucketStart(bucket + 1) - bucketStart(bucket)).toBeLessThanOrEqual(Math.max(1, bucketStart(bucket) / 4))
    }
    expect([bucketOf(-5), bucketOf(NaN), bucketOf(0.7), bucketOf(1e300), bucketOf(Infinity)])
      .toEqual([0, 0, 0, bucketOf(2 ** 31 - 1), bucketOf(2 ** 31 - 1)])
    expect(bucketOf(Infinity)).toBeLessThan(BUCKETS)
  })
})
