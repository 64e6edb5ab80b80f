import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { ActorSystem } from "shared-nothing"
import { describe, expect, it } from "vitest"
import * as Aggregate from "../../examples/demo/aggregate.ts"
import * as Feeder from "../../examples/demo/feeder.ts"
import type { FlightChunk } from "../../examples/demo/flights.ts"
import { countFlights, flightsFile, readFlights } from "../../examples/demo/flights.ts"
import { partition, PartitionLive } from "../../examples/demo/partition.live.ts"
import { computePlain } from "../../examples/demo/plain.ts"
import { Partition, Query } from "../../examples/demo/protocol.ts"
import { QueryLive } from "../../examples/demo/query.live.ts"
import { delayTable, progressLine, verdictLine } from "../../examples/demo/report.ts"

/** Records made from their row number, so that every test sees the same ones. */
const chunkOf = (firstRow: number, length: number): FlightChunk => {
  const hours = new Uint8Array(length)
  const delays = new Int16Array(length)
  for (let i = 0; i < length; i++) {
    const mixed = Aggregate.fingerprint(firstRow + i + 1)
    hours[i] = mixed % 24
    delays[i] = ((mixed >>> 8) % 300) - 40
  }
  return { firstRow, length, hours, delays, origins: new Uint16Array(length), airports: ["ORD"] }
}

const count = (into: Aggregate.Aggregate, chunk: FlightChunk): void => {
  for (let i = 0; i < chunk.length; i++) Aggregate.add(into, chunk.firstRow + i, chunk.hours[i]!, chunk.delays[i]!)
}

const merge = (into: Aggregate.Aggregate, from: Aggregate.Aggregate): void =>
  Aggregate.addCells(into, Aggregate.toCells(from), from.checksum)

const aggregateOf = (...chunks: ReadonlyArray<FlightChunk>): Aggregate.Aggregate => {
  const aggregate = Aggregate.empty()
  for (const chunk of chunks) count(aggregate, chunk)
  return aggregate
}

describe("Aggregate", () => {
  it("gives the nearest rank as percentile", () => {
    const aggregate = Aggregate.empty()
    for (let minute = 1; minute <= 10; minute++) Aggregate.add(aggregate, minute, 7, minute * 10)
    expect(Aggregate.summarize(aggregate).rows).toEqual([
      { hour: 7, flights: 10, meanDelay: 55, p50: 50, p90: 90, p99: 100 }
    ])
  })

  it("keeps early arrivals and the limits of its range exact", () => {
    const aggregate = Aggregate.empty()
    Aggregate.add(aggregate, 0, 0, Aggregate.delayFloor)
    Aggregate.add(aggregate, 1, 23, Aggregate.delayCeiling)
    const { rows } = Aggregate.summarize(aggregate)
    expect(rows.map((row) => [row.hour, row.p50])).toEqual([[0, -2048], [23, 2047]])
    expect(Aggregate.isCountable(24, 0)).toBe(false)
    expect(Aggregate.isCountable(-1, 0)).toBe(false)
    expect(Aggregate.isCountable(0, 2048)).toBe(false)
    expect(Aggregate.isCountable(0, Number.NaN)).toBe(false)
  })

  it("gives the same answer however records are spread and in whatever order parts are merged", () => {
    const chunks = [chunkOf(0, 700), chunkOf(700, 1), chunkOf(701, 2000)]
    const whole = aggregateOf(...chunks)
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
      const merged = Aggregate.empty()
      for (const i of order) merge(merged, aggregateOf(chunks[i]!))
      expect(Aggregate.summarize(merged)).toEqual(Aggregate.summarize(whole))
      expect(Aggregate.difference(whole, merged)).toEqual({ lost: 0, duplicated: 0, same: true })
    }
  })

  it("travels as cells without loss", () => {
    const aggregate = aggregateOf(chunkOf(0, 5000))
    const copy = Aggregate.empty()
    merge(copy, aggregate)
    expect(copy).toEqual(aggregate)
  })

  it("measures a lost and a doubled record", () => {
    const chunk = chunkOf(0, 1000)
    const expected = aggregateOf(chunk)
    const lost = aggregateOf(chunkOf(0, 999))
    expect(Aggregate.difference(expected, lost)).toEqual({ lost: 1, duplicated: 0, same: false })
    const doubled = aggregateOf(chunk)
    Aggregate.add(doubled, 3, chunk.hours[3]!, chunk.delays[3]!)
    expect(Aggregate.difference(expected, doubled)).toEqual({ lost: 0, duplicated: 1, same: false })
  })

  it("notices a lost record that hides behind a doubled one of the same hour and delay", () => {
    const expected = Aggregate.empty()
    Aggregate.add(expected, 1, 9, 5)
    Aggregate.add(expected, 2, 9, 5)
    const actual = Aggregate.empty()
    Aggregate.add(actual, 1, 9, 5)
    Aggregate.add(actual, 1, 9, 5)
    expect(Aggregate.difference(expected, actual)).toEqual({ lost: 0, duplicated: 0, same: false })
    expect(Aggregate.disagreements(Aggregate.summarize(expected), Aggregate.summarize(actual))).toHaveLength(1)
  })

  it("names every value that disagrees", () => {
    const expected = Aggregate.summarize(aggregateOf(chunkOf(0, 500)))
    const wrong = { ...expected, rows: expected.rows.map((row) => row.hour === 5 ? { ...row, p90: row.p90 + 1 } : row) }
    expect(Aggregate.disagreements(expected, wrong)).toHaveLength(1)
    expect(Aggregate.disagreements(expected, wrong)[0]).toContain("hour 5, p90")
    expect(Aggregate.disagreements(expected, { ...expected, rows: expected.rows.slice(1) })).toHaveLength(5)
    expect(Aggregate.disagreements(expected, expected)).toEqual([])
  })
})

describe("plain computation", () => {
  it("agrees with the merged histograms although it sorts instead of counting", () => {
    const chunks = [chunkOf(0, 4000), chunkOf(4000, 3000)]
    const merged = aggregateOf(...chunks)
    const expected = computePlain(chunks)
    expect(expected.summary.records).toBe(7000)
    expect(Aggregate.disagreements(expected.summary, Aggregate.summarize(merged))).toEqual([])
    expect(Aggregate.difference(expected.aggregate, merged).same).toBe(true)
  })
})

describe("flights", () => {
  it("reads real records as typed columns, a row group at a time", async () => {
    const [total, chunks] = await Effect.runPromise(
      Effect.all([countFlights(flightsFile), Stream.runCollect(Stream.take(readFlights(flightsFile), 2))])
    )
    expect(total).toBe(3_000_000)
    const [first, second] = chunks
    expect([first!.firstRow, first!.length, second!.firstRow]).toEqual([0, 272_727, 272_727])
    // The first record of the file: from LAS on 2001-01-01 at 00:01, 33 minutes late.
    expect([first!.hours[0], first!.delays[0], first!.airports[first!.origins[0]!]]).toEqual([0, 33, "LAS"])
    expect(second!.airports).toBe(first!.airports)
  })

  it("names the file it cannot read", async () => {
    const failure = await Effect.runPromise(Effect.flip(countFlights("missing.parquet")))
    expect(failure._tag).toBe("FlightsUnreadable")
    expect(failure.message).toContain("missing.parquet")
  })
})

describe("feeder", () => {
  const airports = ["ATL", "BOS", "DEN", "LAX", "ORD", "SEA", "SFO"]
  const chunkOfAirports = (firstRow: number, length: number): FlightChunk => ({
    ...chunkOf(firstRow, length),
    origins: Uint16Array.from({ length }, (_, i) => (firstRow + i) % airports.length),
    airports
  })

  /** A partition that dies of its `fatal`-th records, losing its state and nothing else. */
  const partitionDyingAt = (fatal: ReadonlyArray<number>) => {
    let handled = 0
    return Partition.toLayer(
      Effect.map(partition, (handlers) => ({
        ...handlers,
        Record: (record: Parameters<typeof handlers.Record>[0]) =>
          fatal.includes(++handled) ? Effect.die(`record ${handled}`) : handlers.Record(record)
      })),
      { mailbox: { capacity: 64 } }
    )
  }

  const run = (fatal: ReadonlyArray<number>, chunks: ReadonlyArray<FlightChunk>) =>
    Effect.gen(function*() {
      const refs = yield* Effect.forEach(["a", "b", "c"], (key) => Partition.spawn(key))
      const lanes = refs.map((ref) => new Feeder.Lane(ref))
      for (const chunk of chunks) yield* Feeder.feedChunk(lanes, chunk)
      const counted = Aggregate.empty()
      for (const { checkpoint } of lanes) Aggregate.addCells(counted, checkpoint.cells, checkpoint.checksum)
      return { lanes, counted }
    }).pipe(
      Effect.scoped,
      Effect.provide(
        // The restarts are wanted here and need no warning.
        partitionDyingAt(fatal).pipe(Layer.provideMerge(Layer.merge(ActorSystem.layer, Logger.layer([]))))
      ),
      Effect.runPromise
    )

  it("splits by airport, keeps the order and loses nobody", () => {
    const chunk = chunkOfAirports(100, 1000)
    const parts = Feeder.split(chunk, 3)
    expect(parts.reduce((sum, part) => sum + part.length, 0)).toBe(1000)
    for (const [owner, part] of parts.entries()) {
      expect(Array.from(part.rows)).toEqual(Array.from(part.rows).toSorted((a, b) => a - b))
      for (let i = 0; i < part.length; i++) {
        const at = part.rows[i]! - 100
        expect(Feeder.partitionOf(airports[chunk.origins[at]!]!, 3)).toBe(owner)
        expect([part.hours[i], part.delays[i]]).toEqual([chunk.hours[at], chunk.delays[at]])
      }
    }
  })

  it("feeds every record once when nothing fails", async () => {
    const chunks = [chunkOfAirports(0, 3000), chunkOfAirports(3000, 2000)]
    const { counted, lanes } = await run([], chunks)
    expect(counted).toEqual(aggregateOf(...chunks))
    expect(lanes.map((lane) => lane.recoveries)).toEqual([0, 0, 0])
    expect(Feeder.recordsFed(lanes)).toBe(5000)
  })

  it("is asked for the totals by a query actor that gets the partitions in its message", async () => {
    const chunk = chunkOfAirports(0, 2000)
    const answer = await Effect.gen(function*() {
      const refs = yield* Effect.forEach(["a", "b", "c"], (key) => Partition.spawn(key))
      const query = yield* Query.spawn("q")
      yield* Feeder.feedChunk(refs.map((ref) => new Feeder.Lane(ref)), chunk)
      return yield* query.ask.DelaysByHour({ partitions: refs })
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.mergeAll(PartitionLive, QueryLive).pipe(Layer.provideMerge(ActorSystem.layer))),
      Effect.runPromise
    )
    expect(Aggregate.disagreements(Aggregate.summarize(aggregateOf(chunk)), answer)).toEqual([])
  })

  it("restores partitions that lost their state and feeds again what they had not checkpointed", async () => {
    const chunks = [chunkOfAirports(0, 3000), chunkOfAirports(3000, 3000), chunkOfAirports(6000, 3000)]
    // In the first chunk, where there is no checkpoint yet, and in a later one, and again soon after a restore.
    const { counted, lanes } = await run([700, 4500, 4600], chunks)
    expect(counted).toEqual(aggregateOf(...chunks))
    expect(lanes.reduce((sum, lane) => sum + lane.recoveries, 0)).toBeGreaterThan(0)
    expect(lanes.reduce((sum, lane) => sum + lane.sent, 0)).toBeGreaterThan(9000)
    expect(lanes.reduce((sum, lane) => sum + lane.checkpoint.refused, 0)).toBeGreaterThan(0)
    expect(Feeder.recordsFed(lanes)).toBe(9000)
  })
})

describe("report", () => {
  it("draws progress with rate and mailbox depth", () => {
    const line = progressLine({
      records: 1_500_000,
      total: 3_000_000,
      recordsPerSecond: 412_345,
      mailboxDepth: 3210,
      threadRestarts: 1
    }, 10)
    expect(line).toBe("[#####-----]   50%  1,500,000 records    412 k/s  mailboxes 3,210  thread restarts 1")
  })

  it("draws one table line for each hour and the number of all records", () => {
    const aggregate = Aggregate.empty()
    Aggregate.add(aggregate, 0, 6, -4)
    Aggregate.add(aggregate, 1, 17, 48)
    expect(delayTable(Aggregate.summarize(aggregate)).split("\n")).toEqual([
      "hour     flights     mean    p50    p90    p99",
      "06:00          1    -4.00     -4     -4     -4",
      "17:00          1    48.00     48     48     48  ########################",
      "all            2"
    ])
  })

  it("ends with the line that scripts read", () => {
    const verdict = { records: 3_000_000, lost: 0, duplicated: 0, threadRestarts: 1, seconds: 21.34, ok: true }
    expect(verdictLine(verdict)).toBe("demo: records=3000000 lost=0 duplicated=0 thread_restarts=1 seconds=21.3 ok")
    expect(verdictLine({ ...verdict, lost: 2, ok: false })).toMatch(/lost=2 .* failed$/)
  })
})
