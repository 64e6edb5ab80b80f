/**
 * The programs the explorer runs on the real `SpscRing` and `Doorbell`.
 *
 * Each can also be made to use them wrongly; `broken.ts` says how.
 */
import type * as DoorbellModule from "../../src/memory/Doorbell.ts"
import type * as SpscRingModule from "../../src/memory/SpscRing.ts"
import { type Program, type Thread, Violation } from "./explore.ts"
import { type Gated, load, type Mutation } from "./gate.ts"
import type { Step } from "./gatedAtomics.ts"

type Writer = Gated<SpscRingModule.SpscWriter>
type Reader = Gated<SpscRingModule.SpscReader>
type Bell = Gated<DoorbellModule.Doorbell>

/** The gated modules. */
export interface Modules {
  readonly newRing: (startPosition: number) => SharedArrayBuffer
  readonly newBells: (slots: number) => SharedArrayBuffer
  readonly writer: (ring: SharedArrayBuffer) => Writer
  readonly reader: (ring: SharedArrayBuffer) => Reader
  readonly bell: (bells: SharedArrayBuffer, slot: number) => Bell
}

/** Loads the modules, broken by the mutations. */
export const modules = async (mutations: ReadonlyArray<Mutation> = []): Promise<Modules> => {
  const ring = await load("SpscRing", mutations) as typeof SpscRingModule
  const bell = await load("Doorbell", mutations) as typeof DoorbellModule
  return {
    newRing: (startPosition) => ring.create(4096, startPosition),
    newBells: (slots) => bell.create(slots),
    writer: (sab) => new ring.SpscWriter(sab) as unknown as Writer,
    reader: (sab) => new ring.SpscReader(sab) as unknown as Reader,
    bell: (sab, slot) => new bell.Doorbell(sab, slot) as unknown as Bell
  }
}

/** Ways to use the structures wrongly. */
export interface Misuse {
  readonly publishesBeforeBody?: boolean
  readonly ringsBeforePublishing?: boolean
  readonly checksBeforeAnnouncing?: boolean
  readonly releasesBeforeReading?: boolean
  readonly looksForRoomBeforeAsking?: boolean
  readonly takesRequestBeforeReleasing?: boolean
  readonly nobodyRingsForTheDead?: boolean
  readonly ringsForTheDeadOnlyIfParked?: boolean
}

/** One program, by the structure it proves. */
export interface Model {
  readonly structure: string
  readonly preemptions: number
  readonly make: (m: Modules, misuse: Misuse) => Program
}

/** Payload sizes: three nearly fill the 4 KiB, the small one between makes the physical end fall inside of a record. */
const SIZES = [1000, 1000, 40, 1000, 1000, 40, 1000]

const sizeOf = (index: number): number => SIZES[index % SIZES.length]!

const equal = (actual: unknown, expected: unknown, what: string): void => {
  if (actual !== expected) throw new Violation(`${what} is ${String(actual)}, not ${String(expected)}`)
}

/** Every word of a body says which record it belongs to. */
const fill = (writer: Writer, offset: number, index: number): void => {
  writer.region.i32.fill(index + 1, offset >> 2, (offset + sizeOf(index)) >> 2)
}

const verify = (reader: Reader, offset: number, index: number): void => {
  equal(reader.type, index, "type")
  equal(reader.end - offset, sizeOf(index), `payload bytes of record ${index}`)
  const words = reader.region.i32
  for (let word = offset >> 2; word < reader.end >> 2; word++) {
    if (words[word] !== index + 1) equal(words[word], index + 1, `a word of record ${index}`)
  }
}

/** Claims, fills, commits and publishes one record; false when the ring is full. */
function* write(writer: Writer, index: number, misuse: Misuse): Generator<Step, boolean> {
  const offset = yield* writer.claim(sizeOf(index))
  if (offset < 0) return false
  if (misuse.publishesBeforeBody !== true) fill(writer, offset, index)
  yield* writer.commit(sizeOf(index), index)
  yield* writer.publish()
  if (misuse.publishesBeforeBody === true) fill(writer, offset, index)
  return true
}

/** Reads all that one poll sees, verifying each; the index behind the last. */
function* drain(reader: Reader, first: number, misuse: Misuse): Generator<Step, number> {
  let index = first
  if (yield* reader.poll()) {
    for (let offset = yield* reader.next(); offset !== -1; offset = yield* reader.next()) {
      if (offset < 0) throw new Violation("corrupt")
      if (misuse.releasesBeforeReading === true) yield* reader.release()
      verify(reader, offset, index++)
    }
    yield* reader.release()
  }
  return index
}

/** Parks until the doorbell rings, unless the ring has something. */
function* park(bell: Bell, rings: ReadonlyArray<Reader>, blocking: boolean, misuse: Misuse): Generator<Step, void> {
  const isIdle = function*(): Generator<Step, boolean> {
    for (const ring of rings) if (!(yield* ring.isEmpty())) return false
    return true
  }
  let idle: boolean
  if (misuse.checksBeforeAnnouncing === true) {
    idle = yield* isIdle()
    if (idle) yield* bell.prepare()
  } else {
    yield* bell.prepare()
    idle = yield* isIdle()
  }
  if (idle) {
    if (blocking) {
      yield* bell.waitBlocking()
    } else {
      const wait = yield* bell.wait()
      if (wait.async) yield wait.value
    }
  }
  yield* bell.cancel()
}

/** Near the wrap-around of the Int32 position, so that schedules cross it and the physical end. */
const START = 0x7ffff800

const counted = (name: string, body: Generator<Step, void>, mortal = false): Thread => ({ name, body, mortal })

/** Both sides poll a bounded number of times, nobody waits. */
export const polled: Model = {
  structure: "SpscRing",
  preemptions: 4,
  make: (m, misuse) => {
    const ring = m.newRing(START)
    let sent = 0
    let received = 0
    const writer = function*(): Generator<Step, void> {
      const end = m.writer(ring)
      for (let tries = 0; tries < 7; tries++) if (yield* write(end, sent, misuse)) sent++
    }
    const reader = function*(): Generator<Step, void> {
      const end = m.reader(ring)
      for (let tries = 0; tries < 4; tries++) received = yield* drain(end, received, misuse)
    }
    return {
      threads: [counted("writer", writer()), counted("reader", reader())],
      check: () => {
        const rest = drain(m.reader(ring), received, {})
        let step = rest.next()
        while (step.done !== true) step = rest.next()
        equal(step.value, sent, "records received in the end")
      }
    }
  }
}

const RECORDS = 3

const sendAll = function*(
  m: Modules,
  ring: SharedArrayBuffer,
  bell: Bell,
  from: number,
  misuse: Misuse
): Generator<Step, void> {
  const end = m.writer(ring)
  for (let index = from; index < RECORDS; index++) {
    if (misuse.ringsBeforePublishing === true) yield* bell.ring()
    if (!(yield* write(end, index, misuse))) throw new Error("the model sends more than the ring holds")
    if (misuse.ringsBeforePublishing !== true) yield* bell.ring()
  }
}

/** The consumer parks whenever it finds nothing. */
export const parked = (blocking: boolean): Model => ({
  structure: blocking ? "Doorbell, blocking" : "Doorbell",
  preemptions: 3,
  make: (m, misuse) => {
    const ring = m.newRing(START)
    const bells = m.newBells(1)
    let received = 0
    const consumer = function*(): Generator<Step, void> {
      const end = m.reader(ring)
      const bell = m.bell(bells, 0)
      while (received < RECORDS) {
        const before = received
        received = yield* drain(end, received, misuse)
        if (received === before) yield* park(bell, [end], blocking, misuse)
      }
    }
    return {
      threads: [
        counted("consumer", consumer()),
        counted("producer", sendAll(m, ring, m.bell(bells, 0), 0, misuse))
      ],
      check: () => equal(received, RECORDS, "records received")
    }
  }
})

/** Two producers, each with a ring of its own, ring one consumer. */
const twoProducers: Model = {
  structure: "Doorbell, two producers",
  preemptions: 2,
  make: (m, misuse) => {
    const rings = [m.newRing(START), m.newRing(0)]
    const bells = m.newBells(1)
    const received = [RECORDS - 1, RECORDS - 1]
    const consumer = function*(): Generator<Step, void> {
      const ends = rings.map((ring) => m.reader(ring))
      const bell = m.bell(bells, 0)
      while (received[0]! + received[1]! < 2 * RECORDS) {
        const before = received[0]! + received[1]!
        for (let i = 0; i < 2; i++) received[i] = yield* drain(ends[i]!, received[i]!, misuse)
        if (before === received[0]! + received[1]!) yield* park(bell, ends, false, misuse)
      }
    }
    const producers = rings.map((ring, i) =>
      counted(`producer${i}`, sendAll(m, ring, m.bell(bells, 0), RECORDS - 1, misuse))
    )
    return {
      threads: [counted("consumer", consumer()), ...producers],
      check: () => equal(received.join(), [RECORDS, RECORDS].join(), "records received")
    }
  }
}

/** The consumer is woken by something else, gives its wait up, and parks again. */
export const abandonedWait: Model = {
  structure: "Doorbell, abandoned wait",
  preemptions: 4,
  make: (m, misuse) => {
    const ring = m.newRing(0)
    const bells = m.newBells(1)
    let received = RECORDS - 1
    const consumer = function*(): Generator<Step, void> {
      const end = m.reader(ring)
      const bell = m.bell(bells, 0)
      yield* bell.prepare()
      if (yield* end.isEmpty()) yield* bell.wait()
      yield* bell.cancel()
      while (received < RECORDS) {
        received = yield* drain(end, received, misuse)
        if (received < RECORDS) yield* park(bell, [end], false, misuse)
      }
    }
    return {
      threads: [
        counted("consumer", consumer()),
        counted("producer", sendAll(m, ring, m.bell(bells, 0), received, misuse))
      ],
      check: () => equal(received, RECORDS, "records received")
    }
  }
}

const ROOM_RECORDS = 6

/** Writes all records, parking on its own doorbell while the ring is full. */
const writeWaiting = function*(
  m: Modules,
  ring: SharedArrayBuffer,
  bells: SharedArrayBuffer,
  misuse: Misuse
): Generator<Step, void> {
  const end = m.writer(ring)
  const own = m.bell(bells, 1)
  const readers = m.bell(bells, 0)
  for (let index = 0; index < ROOM_RECORDS;) {
    let written = yield* write(end, index, misuse)
    if (!written) {
      yield* own.prepare()
      if (misuse.looksForRoomBeforeAsking === true) {
        written = yield* write(end, index, misuse)
        yield* end.requestRoom()
      } else {
        yield* end.requestRoom()
        written = yield* write(end, index, misuse)
      }
      if (!written) yield* own.waitBlocking()
      yield* own.cancel()
    }
    if (written) {
      index++
      yield* readers.ring()
    }
  }
}

interface Progress {
  received: number
}

/** Reads all records, parks when there are none, and rings the writer when it asked for room. */
const readServing = function*(
  m: Modules,
  ring: SharedArrayBuffer,
  bells: SharedArrayBuffer,
  progress: Progress,
  succeeds: boolean,
  misuse: Misuse
): Generator<Step, void> {
  const end = m.reader(ring)
  const own = m.bell(bells, 0)
  const writers = m.bell(bells, 1)
  if (succeeds) yield* ringForDead(writers, misuse)
  while (progress.received < ROOM_RECORDS) {
    const before = progress.received
    // A dead reader's records are read again from its last release on: the count restarts at the record found there.
    let index = before
    if (yield* end.poll()) {
      for (let offset = yield* end.next(); offset !== -1; offset = yield* end.next()) {
        if (offset < 0) throw new Violation("corrupt")
        if (end.type > index) throw new Violation(`record ${index} is lost`)
        index = end.type
        verify(end, offset, index++)
        if (index > progress.received) progress.received = index
      }
      if (misuse.takesRequestBeforeReleasing === true && (yield* end.takeRoomRequest())) yield* writers.ring()
      yield* end.release()
      if (misuse.takesRequestBeforeReleasing !== true && (yield* end.takeRoomRequest())) yield* writers.ring()
    }
    if (progress.received === before) yield* park(own, [end], false, misuse)
  }
}

/** The writer of a full ring parks until the reader has released. */
export const room: Model = {
  structure: "SpscRing, waiting for room",
  preemptions: 3,
  make: (m, misuse) => {
    const ring = m.newRing(START)
    const bells = m.newBells(2)
    const progress = { received: 0 }
    return {
      threads: [
        counted("writer", writeWaiting(m, ring, bells, misuse)),
        counted("reader", readServing(m, ring, bells, progress, false, misuse))
      ],
      check: () => equal(progress.received, ROOM_RECORDS, "records received")
    }
  }
}

/** The dead thread may have published, released or begun to ring without anybody hearing of it. */
const ringForDead = function*(bell: Bell, misuse: Misuse): Generator<Step, void> {
  if (misuse.nobodyRingsForTheDead === true) return
  if (misuse.ringsForTheDeadOnlyIfParked === true) yield* bell.ring()
  else yield* bell.ringForDead()
}

/** The producer dies anywhere; another one goes on where the ring says it was. */
export const deadProducer: Model = {
  structure: "SpscRing, producer dies",
  preemptions: 2,
  make: (m, misuse) => {
    const ring = m.newRing(0)
    const bells = m.newBells(1)
    let received = 0
    let published = 0
    const consumer = function*(): Generator<Step, void> {
      const end = m.reader(ring)
      const bell = m.bell(bells, 0)
      while (received < RECORDS) {
        const before = received
        received = yield* drain(end, received, misuse)
        if (received === before) yield* park(bell, [end], false, misuse)
      }
    }
    const producer = function*(): Generator<Step, void> {
      const end = m.writer(ring)
      const bell = m.bell(bells, 0)
      for (; published < RECORDS; published++) {
        if (!(yield* write(end, published, misuse))) throw new Error("the model sends more than the ring holds")
        yield* bell.ring()
      }
    }
    return {
      threads: [counted("consumer", consumer()), counted("producer", producer(), true)],
      successor: () =>
        counted(
          "successor",
          (function*() {
            const bell = m.bell(bells, 0)
            yield* ringForDead(bell, misuse)
            const bytes = SIZES.slice(0, RECORDS).map((size) => size + 8)
            let tail = 0
            let from = 0
            const words = new Int32Array(ring)
            while (tail !== words[32]) tail = (tail + bytes[from++]!) | 0
            published = from
            const end = m.writer(ring)
            for (let index = from; index < RECORDS; index++) {
              yield* write(end, index, misuse)
              yield* bell.ring()
            }
          })()
        ),
      check: () => equal(received, RECORDS, "records received")
    }
  }
}

/** The reader dies anywhere, parked included; another one starts at its last release. */
export const deadReader: Model = {
  structure: "SpscRing, reader dies",
  preemptions: 1,
  make: (m, misuse) => {
    const ring = m.newRing(START)
    const bells = m.newBells(2)
    const progress = { received: 0 }
    return {
      threads: [
        counted("writer", writeWaiting(m, ring, bells, misuse)),
        counted("reader", readServing(m, ring, bells, progress, false, misuse), true)
      ],
      successor: () => counted("successor", readServing(m, ring, bells, progress, true, misuse)),
      check: () => equal(progress.received, ROOM_RECORDS, "records received")
    }
  }
}

/** All correct programs. */
export const models: ReadonlyArray<Model> = [
  polled,
  parked(false),
  parked(true),
  twoProducers,
  abandonedWait,
  room,
  deadProducer,
  deadReader
]
