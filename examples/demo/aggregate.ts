/**
 * The arithmetic of the demo: one histogram of whole minutes of delay for each hour of the day, and what can be read
 * from it. Counts are exact, merging is addition, and so the order in which partitions are merged does not matter.
 *
 * Memory: one `Uint32Array` of 24 x 4096 counts (384 KiB). A cell is `hour << 12 | delay + 2048`, which leaves room for
 * delays from -2048 to 2047 minutes; the file's go from -1116 to 1688.
 *
 * It never rounds before the end: means come from integer sums, percentiles are delays that occurred (nearest rank).
 */

/** Hours of the day: the rows of the histogram. */
export const hours = 24

/** The smallest delay in minutes that has a cell. */
export const delayFloor = -2048

/** The largest delay in minutes that has a cell. */
export const delayCeiling = 2047

const cellBits = 12
const cellsPerHour = 1 << cellBits

/** Counts by hour and delay, together with a fingerprint of the records that were counted. */
export interface Aggregate {
  readonly counts: Uint32Array
  records: number
  /** Sum, modulo 2^32, of a hash of every record's row number: it does not depend on the order. */
  checksum: number
}

/** Delays of one hour of the day; `meanDelay` and the percentiles are in minutes. */
export interface HourRow {
  readonly hour: number
  readonly flights: number
  readonly meanDelay: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/** What a query answers: one row for each hour that has flights, and the fingerprint of what was counted. */
export interface Summary {
  readonly rows: ReadonlyArray<HourRow>
  readonly records: number
  readonly checksum: number
}

/** An aggregate that has counted nothing. */
export const empty = (): Aggregate => ({ counts: new Uint32Array(hours * cellsPerHour), records: 0, checksum: 0 })

/** The cell that counts `delay` minutes in `hour`. */
export const cellOf = (hour: number, delay: number): number => (hour << cellBits) | (delay - delayFloor)

/** Whether a record can be counted exactly. */
export const isCountable = (hour: number, delay: number): boolean =>
  hour >= 0 && hour < hours && delay >= delayFloor && delay <= delayCeiling

/** Spreads a row number over 32 bits, so that two wrong sums do not easily cancel (the finalizer of MurmurHash3). */
export const fingerprint = (row: number): number => {
  let x = row | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** Counts one record. */
export const add = (self: Aggregate, row: number, hour: number, delay: number): void => {
  const cell = cellOf(hour, delay)
  self.counts[cell] = self.counts[cell]! + 1
  self.records++
  self.checksum = (self.checksum + fingerprint(row)) >>> 0
}

/** The cells that are not zero, as `cell, count, cell, count, ...`: what travels in messages. */
export const toCells = (self: Aggregate): Array<number> => {
  const cells: Array<number> = []
  for (let cell = 0; cell < self.counts.length; cell++) {
    const count = self.counts[cell]!
    if (count !== 0) cells.push(cell, count)
  }
  return cells
}

/** Adds what another aggregate has counted, as written by {@link toCells}, to `into`. */
export const addCells = (into: Aggregate, cells: ReadonlyArray<number>, checksum: number): void => {
  for (let i = 0; i + 1 < cells.length; i += 2) {
    const cell = cells[i]!
    const count = cells[i + 1]!
    into.counts[cell] = into.counts[cell]! + count
    into.records += count
  }
  into.checksum = (into.checksum + checksum) >>> 0
}

/** The delay below or at which a `share` of the hour's flights arrived: the nearest rank, always a delay that occurred. */
const percentile = (self: Aggregate, hour: number, flights: number, share: number): number => {
  const rank = Math.max(1, Math.ceil(share * flights))
  const first = hour << cellBits
  let seen = 0
  for (let offset = 0; offset < cellsPerHour; offset++) {
    seen += self.counts[first + offset]!
    if (seen >= rank) return offset + delayFloor
  }
  return delayCeiling
}

const hourRow = (self: Aggregate, hour: number): HourRow => {
  const first = hour << cellBits
  let flights = 0
  let minutes = 0
  for (let offset = 0; offset < cellsPerHour; offset++) {
    const count = self.counts[first + offset]!
    flights += count
    minutes += count * (offset + delayFloor)
  }
  return {
    hour,
    flights,
    meanDelay: flights === 0 ? 0 : minutes / flights,
    p50: percentile(self, hour, flights, 0.5),
    p90: percentile(self, hour, flights, 0.9),
    p99: percentile(self, hour, flights, 0.99)
  }
}

/** Count, mean and percentiles of every hour that has flights. */
export const summarize = (self: Aggregate): Summary => {
  const rows: Array<HourRow> = []
  for (let hour = 0; hour < hours; hour++) {
    const row = hourRow(self, hour)
    if (row.flights > 0) rows.push(row)
  }
  return { rows, records: self.records, checksum: self.checksum }
}

/** How one aggregate departs from the one that was expected. */
export interface Difference {
  /** Records that were expected and are missing. */
  readonly lost: number
  /** Records that are there more often than expected. */
  readonly duplicated: number
  /** Whether the very same records were counted: the counts are equal and so are the fingerprints. */
  readonly same: boolean
}

/** Compares cell by cell, so that a lost record does not hide behind a doubled one of another hour or delay. */
export const difference = (expected: Aggregate, actual: Aggregate): Difference => {
  let lost = 0
  let duplicated = 0
  for (let cell = 0; cell < expected.counts.length; cell++) {
    const missing = expected.counts[cell]! - actual.counts[cell]!
    if (missing > 0) lost += missing
    else duplicated -= missing
  }
  return { lost, duplicated, same: lost === 0 && duplicated === 0 && expected.checksum === actual.checksum }
}

/** What is wrong with `actual`, one line for each value that differs from `expected`; empty when all are equal. */
export const disagreements = (expected: Summary, actual: Summary): ReadonlyArray<string> => {
  const lines: Array<string> = []
  if (expected.records !== actual.records) lines.push(`records: expected ${expected.records}, got ${actual.records}`)
  if (expected.checksum !== actual.checksum) {
    lines.push(`checksum: expected ${expected.checksum}, got ${actual.checksum}`)
  }
  for (let hour = 0; hour < hours; hour++) {
    const want = expected.rows.find((row) => row.hour === hour)
    const got = actual.rows.find((row) => row.hour === hour)
    for (const key of ["flights", "meanDelay", "p50", "p90", "p99"] as const) {
      if (want?.[key] !== got?.[key]) lines.push(`hour ${hour}, ${key}: expected ${want?.[key]}, got ${got?.[key]}`)
    }
  }
  return lines
}
