/**
 * The input: three million domestic flights of the first half of 2001 (U.S. Bureau of Transportation Statistics, from
 * the package `vega-datasets`), one Parquet file of 13 MB with the columns date, delay, distance, origin, destination.
 *
 * A row group is read at a time and becomes typed columns: hour of the actual departure (local time), arrival delay in
 * minutes and origin airport. No object is made for a record and never more than one row group is held. The pages are
 * compressed with Zstandard, which `node:zlib` reads.
 *
 * It never skips a record: a missing or impossible value fails the stream and names the row.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { DecodedArray, ParquetScan } from "hyparquet"
import { asyncBufferFromFile, parquetScan } from "hyparquet"
import { fileURLToPath } from "node:url"
import { zstdDecompressSync } from "node:zlib"
import * as Aggregate from "./aggregate.ts"

/** The file could not be opened, or one of its values cannot be counted. */
export class FlightsUnreadable extends Schema.TaggedError<FlightsUnreadable>("demo/FlightsUnreadable")(
  "FlightsUnreadable",
  { file: Schema.String, reason: Schema.String }
) {
  override get message() {
    return `cannot read flights from ${this.file}: ${this.reason}`
  }
}

/** The records of one row group as columns; the record at index `i` has row number `firstRow + i`. */
export interface FlightChunk {
  readonly firstRow: number
  readonly length: number
  /** Hour of the actual departure, 0-23, local time. */
  readonly hours: Uint8Array
  /** Arrival delay in minutes; early arrivals are negative. */
  readonly delays: Int16Array
  /** Origin airport as an index into `airports`. */
  readonly origins: Uint16Array
  /** Codes of all airports seen so far; it only grows, so an index stays valid for later chunks. */
  readonly airports: ReadonlyArray<string>
}

/** Three million flights, as installed with `vega-datasets`. */
export const flightsFile = fileURLToPath(
  new URL("../../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url)
)

const microsPerHour = 3_600_000_000

// Runs once for each distinct timestamp of a row group (the column is dictionary encoded), not once for each record.
const hourOfDay = (micros: bigint | null): number =>
  micros === null ? -1 : Math.floor(Number(micros) / microsPerHour) % 24

interface OpenFile {
  readonly file: string
  readonly scan: ParquetScan
  readonly airports: Array<string>
  readonly airportIndex: Map<string, number>
}

const open = (file: string): Effect.Effect<OpenFile, FlightsUnreadable> =>
  Effect.tryPromise({
    try: async () => ({
      file,
      scan: await parquetScan({
        file: await asyncBufferFromFile(file),
        columns: ["date", "delay", "origin"],
        compressors: { ZSTD: (input) => zstdDecompressSync(input) },
        parsers: { timestampFromMicroseconds: hourOfDay }
      }),
      airports: [],
      airportIndex: new Map()
    }),
    catch: (cause) => new FlightsUnreadable({ file, reason: String(cause) })
  })

const columns = (
  self: OpenFile,
  range: { readonly rowStart: number; readonly rowEnd: number }
): Effect.Effect<readonly [DecodedArray, DecodedArray, DecodedArray], FlightsUnreadable> =>
  Effect.tryPromise({
    try: () =>
      Promise.all([
        self.scan.readColumn({ ...range, column: "date" }),
        self.scan.readColumn({ ...range, column: "delay" }),
        self.scan.readColumn({ ...range, column: "origin" })
      ]),
    catch: (cause) => new FlightsUnreadable({ file: self.file, reason: String(cause) })
  })

const airportOf = (self: OpenFile, code: string): number => {
  let index = self.airportIndex.get(code)
  if (index === undefined) {
    index = self.airports.push(code) - 1
    self.airportIndex.set(code, index)
  }
  return index
}

const readGroup = Effect.fnUntraced(function*(
  self: OpenFile,
  range: { readonly rowStart: number; readonly rowEnd: number }
): Effect.fn.Return<FlightChunk, FlightsUnreadable> {
  const [dates, minutes, codes] = yield* columns(self, range)
  const length = range.rowEnd - range.rowStart
  const hours = new Uint8Array(length)
  const delays = new Int16Array(length)
  const origins = new Uint16Array(length)
  for (let i = 0; i < length; i++) {
    const hour: number = dates[i]
    const delay = Number(minutes[i] ?? Number.NaN)
    const code: unknown = codes[i]
    if (!Aggregate.isCountable(hour, delay) || typeof code !== "string") {
      const reason = `row ${range.rowStart + i} has hour ${hour}, delay ${delay} and origin ${String(code)}`
      return yield* new FlightsUnreadable({ file: self.file, reason })
    }
    hours[i] = hour
    delays[i] = delay
    origins[i] = airportOf(self, code)
  }
  return { firstRow: range.rowStart, length, hours, delays, origins, airports: self.airports }
})

/** How many records the file has, from its footer alone. */
export const countFlights = (file: string): Effect.Effect<number, FlightsUnreadable> =>
  Effect.map(open(file), (opened) => Number(opened.scan.metadata.num_rows))

/** The file's records in order, a row group at a time. */
export const readFlights = (file: string): Stream.Stream<FlightChunk, FlightsUnreadable> =>
  Stream.unwrap(
    Effect.map(
      open(file),
      (opened) =>
        Stream.fromIterable(opened.scan.ranges).pipe(
          // A stream hands elements on in chunks; a row group must not be read before the last one has been used.
          Stream.rechunk(1),
          Stream.mapEffect((range) => readGroup(opened, range))
        )
    )
  )
