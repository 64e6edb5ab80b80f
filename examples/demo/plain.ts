/**
 * The same question answered without actors: read the file on this thread, sort each hour's delays, look the percentiles
 * up by rank. It shares no arithmetic with the histogram of `aggregate.ts`, so that agreement means something.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Aggregate from "./aggregate.ts"
import type { FlightChunk, FlightsUnreadable } from "./flights.ts"

/** The expected answer, and every record's place in it. */
export interface PlainResult {
  readonly summary: Aggregate.Summary
  /** Counts by hour and delay, to find out how many records a wrong answer lost or doubled. */
  readonly aggregate: Aggregate.Aggregate
}

const columnsByHour = (chunks: ReadonlyArray<FlightChunk>): ReadonlyArray<Int16Array> => {
  const lengths = new Array<number>(Aggregate.hours).fill(0)
  for (const { hours } of chunks) {
    for (const hour of hours) lengths[hour]!++
  }
  const columns = lengths.map((length) => new Int16Array(length))
  const filled = new Array<number>(Aggregate.hours).fill(0)
  for (const { delays, hours, length } of chunks) {
    for (let i = 0; i < length; i++) columns[hours[i]!]![filled[hours[i]!]!++] = delays[i]!
  }
  return columns
}

const sortedRow = (hour: number, delays: Int16Array): Aggregate.HourRow => {
  delays.sort()
  let minutes = 0
  for (const delay of delays) minutes += delay
  const at = (share: number): number => delays[Math.ceil(share * delays.length) - 1]!
  return {
    hour,
    flights: delays.length,
    meanDelay: minutes / delays.length,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99)
  }
}

/** Counts, means and percentiles of records that are all in memory. */
export const computePlain = (chunks: ReadonlyArray<FlightChunk>): PlainResult => {
  const columns = columnsByHour(chunks)
  let checksum = 0
  for (const { firstRow, length } of chunks) {
    for (let i = 0; i < length; i++) checksum = (checksum + Aggregate.fingerprint(firstRow + i)) >>> 0
  }
  const aggregate = Aggregate.empty()
  const rows: Array<Aggregate.HourRow> = []
  for (const [hour, delays] of columns.entries()) {
    if (delays.length === 0) continue
    rows.push(sortedRow(hour, delays))
    for (const delay of delays) aggregate.counts[Aggregate.cellOf(hour, delay)]!++
    aggregate.records += delays.length
  }
  aggregate.checksum = checksum
  return { summary: { rows, records: aggregate.records, checksum }, aggregate }
}

/** Reads all records (12 bytes of columns each) and computes on this thread. */
export const plain = (
  flights: Stream.Stream<FlightChunk, FlightsUnreadable>
): Effect.Effect<PlainResult, FlightsUnreadable> => Effect.map(Stream.runCollect(flights), computePlain)
