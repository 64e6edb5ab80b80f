/**
 * Feeds records to partitions so that each is applied exactly once, although a thread may die at any moment.
 *
 * A partition numbers what it accepts. After each row group its feeder asks for a checkpoint and looks at one thing: has
 * the partition applied everything it was told? If so, the checkpoint is kept and the input behind it forgotten. If not
 * (the thread died and took messages and state with it), the last checkpoint is restored and what came after it is fed
 * again. A record that reaches the partition twice is ignored there, one that follows a gap is refused; so no message
 * that was in flight when the thread died can be counted wrongly, whenever it arrives.
 *
 * Records that still have to be fed: at most one row group, in typed columns.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { FlightChunk } from "./flights.ts"
import type { Checkpoint, Partition } from "./protocol.ts"

/** The records of one row group that belong to one partition. */
export interface Part {
  readonly length: number
  readonly rows: Uint32Array
  readonly hours: Uint8Array
  readonly delays: Int16Array
}

const nothing: Checkpoint = { incarnation: 0, sequence: 0, cells: [], checksum: 0, ignored: 0, refused: 0 }

/** One partition and how far it has been fed. */
export class Lane {
  readonly partition: typeof Partition.ref.Type
  /** The last state known to be complete. */
  checkpoint: Checkpoint
  /** Records of the current part that were sent. */
  position: number
  /** Records sent in all, those that were sent again included. */
  sent: number
  /** How often the partition had to be restored. */
  recoveries: number
  constructor(partition: typeof Partition.ref.Type) {
    this.partition = partition
    this.checkpoint = nothing
    this.position = 0
    this.sent = 0
    this.recoveries = 0
  }
}

/** Which partition an airport belongs to: FNV-1a of its code. */
export const partitionOf = (airport: string, partitions: number): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < airport.length; i++) hash = Math.imul(hash ^ airport.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % partitions
}

/** Splits a row group by origin airport, keeping the order. */
export const split = (chunk: FlightChunk, partitions: number): ReadonlyArray<Part> => {
  const owners = Uint8Array.from(chunk.airports, (airport) => partitionOf(airport, partitions))
  const lengths = new Array<number>(partitions).fill(0)
  for (const origin of chunk.origins) lengths[owners[origin]!]!++
  const parts = lengths.map((length) => ({
    length,
    rows: new Uint32Array(length),
    hours: new Uint8Array(length),
    delays: new Int16Array(length)
  }))
  const filled = new Array<number>(partitions).fill(0)
  for (let i = 0; i < chunk.length; i++) {
    const owner = owners[chunk.origins[i]!]!
    const part = parts[owner]!
    const at = filled[owner]!++
    part.rows[at] = chunk.firstRow + i
    part.hours[at] = chunk.hours[i]!
    part.delays[at] = chunk.delays[i]!
  }
  return parts
}

// The main thread also reads the file, draws and answers; a feeder gives it back after so many records.
const recordsPerTurn = 1024

const send = Effect.fnUntraced(function*(lane: Lane, part: Part) {
  const { partition } = lane
  const before = lane.checkpoint.sequence
  for (let i = 0; i < part.length; i++) {
    const record = { sequence: before + i + 1, row: part.rows[i]!, hour: part.hours[i]!, delay: part.delays[i]! }
    if (!partition.tellUnsafe.Record(record)) yield* partition.tell.Record(record)
    lane.position = i + 1
    lane.sent++
    if (i % recordsPerTurn === recordsPerTurn - 1) yield* Effect.yieldNow
  }
})

/** The partition's thread is gone or its actor is being rebuilt: what was sent may be lost, the partition comes back. */
const isTransient = (error: { readonly _tag: string }): boolean =>
  error._tag === "ThreadLost" || error._tag === "ActorRestarting" || error._tag === "AskTimeout"

const restore = Effect.fnUntraced(function*(lane: Lane) {
  lane.recoveries++
  yield* lane.partition.ask.Restore({ checkpoint: lane.checkpoint }).pipe(
    Effect.retry({ while: isTransient, schedule: Schedule.spaced("20 millis"), times: 500 })
  )
})

/** Feeds one part and returns when the partition has applied all of it. */
export const feed = Effect.fnUntraced(function*(lane: Lane, part: Part) {
  const complete = lane.checkpoint.sequence + part.length
  while (true) {
    lane.position = 0
    const answer = yield* send(lane, part).pipe(
      Effect.andThen(lane.partition.ask.Checkpoint()),
      Effect.catchIf(isTransient, () => Effect.succeed(nothing))
    )
    if (answer.sequence === complete) {
      lane.checkpoint = answer
      lane.position = 0
      return
    }
    yield* restore(lane)
  }
})

/** Feeds a row group to all partitions at the same time. */
export const feedChunk = (lanes: ReadonlyArray<Lane>, chunk: FlightChunk) =>
  Effect.forEach(split(chunk, lanes.length), (part, i) => feed(lanes[i]!, part), {
    concurrency: "unbounded",
    discard: true
  })

/** Records that were sent and, where a partition was restored, not sent in vain. */
export const recordsFed = (lanes: ReadonlyArray<Lane>): number =>
  lanes.reduce((sum, lane) => sum + lane.checkpoint.sequence + lane.position, 0)
