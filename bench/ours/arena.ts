/**
 * A parcel of an arena that goes to another thread and comes back: in a message with a schema, or as a bare handle.
 */
import * as Schema from "effect/Schema"
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { ArenaEnd, create as createArena } from "../../src/memory/Arena.ts"
import { create as createBells, Doorbell } from "../../src/memory/Doorbell.ts"
import { create as createRing, SpscReader, SpscWriter } from "../../src/memory/SpscRing.ts"
import { Arenas, Open } from "../../src/wire/Arenas.ts"
import * as Carriage from "../../src/wire/Carriage.ts"
import * as Codec from "../../src/wire/Codec.ts"
import * as Parcel from "../../src/wire/Parcel.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import type { Measured, Params } from "../runner/Case.ts"
import { BYTES, IN_FLIGHT, measureTrips } from "../runner/Trips.ts"

/** A message of one field, or the handle alone. */
export type Mode = "message" | "handle"

/** Looks at an empty ring before a side parks. */
const SPINS = 100

/** What the worker is started with. */
export interface Start {
  readonly mode: Mode
  readonly arena: SharedArrayBuffer
  readonly there: SharedArrayBuffer
  readonly back: SharedArrayBuffer
  readonly bells: SharedArrayBuffer
}

const Trip = Schema.Struct({ bytes: Parcel.Unique })
const codec = Codec.compile(Trip)
const arenas = new Arenas()
const carriage = new Carriage.Carriage().provide(Open, arenas)
const scratch = new Scratch(carriage)

/** One side: sends what it has to the other, and receives what the other sends. */
export class Side {
  readonly end: ArenaEnd
  private readonly writer: SpscWriter
  private readonly reader: SpscReader
  private readonly ownBell: Doorbell
  private readonly otherBell: Doorbell

  constructor(start: Start, owner: 1 | 2) {
    this.end = start.mode === "handle" ? new ArenaEnd(start.arena, owner) : arenas.open(start.arena, owner)
    this.writer = new SpscWriter(owner === 1 ? start.there : start.back)
    this.reader = new SpscReader(owner === 1 ? start.back : start.there)
    this.ownBell = new Doorbell(start.bells, owner - 1)
    this.otherBell = new Doorbell(start.bells, 2 - owner)
  }

  sendHandle(handle: number): void {
    const offset = this.writer.claim(8)
    this.writer.region.f64[offset >> 3] = this.end.detach(handle)
    this.publish(8)
  }

  receiveHandle(): number {
    const handle = this.end.adopt(this.reader.region.f64[this.next() >> 3]!)
    this.reader.release()
    return handle
  }

  send(bytes: Parcel.Unique): void {
    const message = { bytes }
    const size = codec.encode(message, scratch)
    const offset = this.writer.claim(size)
    Carriage.send(scratch.cargo, message)
    scratch.copyTo(this.writer.region, offset)
    this.publish(size)
  }

  receive(): Parcel.Unique {
    const message = codec.read(this.reader.region, this.next(), this.reader.end, carriage)
    if (!Carriage.take(carriage.arrived)) throw new Error("the parcel was taken by somebody else")
    this.reader.release()
    return message.bytes
  }

  private publish(recordBytes: number): void {
    this.writer.commit(recordBytes, 0)
    this.writer.publish()
    this.otherBell.ring()
  }

  private next(): number {
    let looks = 0
    while (!this.reader.poll()) {
      if (++looks < SPINS) continue
      looks = 0
      this.ownBell.prepare()
      if (this.reader.isEmpty()) this.ownBell.waitBlocking()
      this.ownBell.cancel()
    }
    return this.reader.next()
  }
}

/** Moves parcels of a mebibyte to the other thread and back. */
export const move = (mode: Mode) => async (params: Params): Promise<Measured> => {
  const start: Start = {
    mode,
    arena: createArena({ capacityBytes: IN_FLIGHT * BYTES }),
    there: createRing(4096),
    back: createRing(4096),
    bells: createBells(2)
  }
  const worker = new Worker(new URL("./arena.worker.ts", import.meta.url), { workerData: start })
  await once(worker, "message")
  const side = new Side(start, 1)
  const measured = await (mode === "handle"
    ? measureTrips<number>(params, {
      make: () => side.end.allocate(BYTES),
      words: (handle) => wordsOf(side.end.view(handle)),
      send: (handle) => side.sendHandle(handle),
      receive: () => side.receiveHandle()
    })
    : measureTrips<Parcel.Unique>(params, {
      make: () => Parcel.allocateUnsafe(side.end, BYTES),
      words: (parcel) => wordsOf(parcel.bytes),
      send: (parcel) => side.send(parcel),
      receive: () => side.receive()
    }))
  await worker.terminate()
  return measured
}

/** The same bytes as 32-bit words. */
export const wordsOf = ({ buffer, byteLength, byteOffset }: Uint8Array): Int32Array =>
  new Int32Array(buffer, byteOffset, byteLength >> 2)
