/**
 * How long something took each time, as counts by length.
 *
 * Promises that a count is exact, and that a time read back is at most a quarter longer than it was. Times are counted in microseconds, in {@link BUCKETS} buckets that
 * are at most a quarter wider than where they begin: four for each power of two, up to 35 minutes, and what takes longer counts as that.
 *
 * Source: the buckets of HdrHistogram, with two significant bits.
 */

/** Counts of a histogram. */
export const BUCKETS = 128

const LAST_MICROS = 2 ** 31 - 1

/** The bucket that a time belongs to. */
export const bucketOf = (micros: number): number => {
  const time = micros >= LAST_MICROS ? LAST_MICROS : micros | 0
  if (time < 4) return time < 0 ? 0 : time
  const power = 31 - Math.clz32(time)
  return 4 * (power - 1) + (time >>> power - 2 & 3)
}

/** The shortest time that a bucket has, in microseconds; that of the bucket behind it is one more than its longest. */
export const bucketStart = (bucket: number): number => {
  if (bucket < 4) return bucket
  const power = (bucket >>> 2) + 1
  return (4 + (bucket & 3)) * 2 ** (power - 2)
}

/** The times that something took, as counts by bucket. */
export class Times {
  readonly counts: ReadonlyArray<number>
  /** How many there are. */
  readonly count: number

  constructor(counts: ReadonlyArray<number>) {
    this.counts = counts
    this.count = counts.reduce((sum, count) => sum + count, 0)
  }

  /** The time in milliseconds that so much of all (0 to 1) took at most, up to a quarter too much; 0 when there was none. */
  quantile(part: number): number {
    let left = Math.max(1, Math.ceil(part * this.count))
    if (this.count === 0) return 0
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      left -= this.counts[bucket]!
      if (left <= 0) return (bucketStart(bucket + 1) - 1) / 1000
    }
    return bucketStart(BUCKETS) / 1000
  }
}
