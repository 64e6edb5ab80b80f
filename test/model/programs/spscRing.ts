/**
 * Programs on `SpscRing`: polled by both sides, waiting for room on a doorbell, and with either side dying.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as SpscRingModule from "../../../src/memory/SpscRing.ts"
import { Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone, settle } from "../gatedAtomics.ts"
import { History, queue } from "../history.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

export type Writer = Gated<SpscRingModule.SpscWriter>
export type Reader = Gated<SpscRingModule.SpscReader>
export type Bell = Gated<DoorbellModule.Doorbell>

/** What the programs make of the gated modules. */
export interface Rings {
  readonly newRing: (startPosition: number) => SharedArrayBuffer
  readonly newBells: (slots: number) => SharedArrayBuffer
  readonly writer: (ring: SharedArrayBuffer) => Writer
  readonly reader: (ring: SharedArrayBuffer) => Reader
  readonly bell: (bells: SharedArrayBuffer, slot: number) => Bell
}

/** Loads the gated modules. */
export const rings = async (load: Load): Promise<Rings> => {
  const ring = await load<typeof SpscRingModule>("SpscRing")
  const bell = await load<typeof DoorbellModule>("Doorbell")
  return {
    newRing: (startPosition) => ring.create(4096, startPosition),
    newBells: (slots) => bell.create(slots),
    writer: (sab) => new ring.SpscWriter(sab),
    reader: (sab) => new ring.SpscReader(sab),
    bell: (sab, slot) => new bell.Doorbell(sab, slot)
  }
}

/** Ways to use the ring and the doorbell wrongly. */
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

/** Payload sizes: three nearly fill the 4 KiB, the small one between makes the physical end fall inside of a record. */
const SIZES = [1000, 1000, 40, 1000, 1000, 40, 1000]

const sizeOf = (index: number): number => SIZES[index % SIZES.length]!

/** Every word of a body says which record it belongs to. */
const fill = (writer: Writer, offset: number, index: number): void => {
  writer.region.i32.fill(index + 1, offset >> 2, (offset + sizeOf(index)) >> 2)
}

const verify = (reader: Reader, offset: number, index: number): void => {
  equal(reader.type, index, "type")
  equal(reader.end - offset, sizeOf(index), `payload bytes of record ${index}`)
  const words = reader.region.i32
  // Where two records overlap lies the first or the last word of one of them.
  for (const word of [offset >> 2, (reader.end >> 2) - 1]) equal(words[word], index + 1, `a word of record ${index}`)
}

/** Claims, fills, commits and publishes one record; false when the ring is full. */
export function* write(writer: Writer, index: number, misuse: Misuse): Body<boolean> {
  const offset = yield* writer.claim(sizeOf(index))
  if (offset < 0) return false
  if (misuse.publishesBeforeBody !== true) fill(writer, offset, index)
  yield* writer.commit(sizeOf(index), index)
  yield* writer.publish()
  if (misuse.publishesBeforeBody === true) fill(writer, offset, index)
  return true
}

/** Reads all that one poll sees, verifying each; the index behind the last. */
export function* drain(reader: Reader, first: number, misuse: Misuse): Body<number> {
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

/** Parks until the doorbell rings, unless a ring has something. */
export function* park(bell: Bell, readers: ReadonlyArray<Reader>, blocking: boolean, misuse: Misuse): Body {
  const isIdle = function*(): Body<boolean> {
    for (const reader of readers) if (!(yield* reader.isEmpty())) return false
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
      if (wait.async) yield* settle(wait.value)
    }
  }
  yield* bell.cancel()
}

/** Near the wrap-around of the Int32 position, so that schedules cross it and the physical end. */
export const START = 0x7ffff800

/** Both sides poll a bounded number of times, nobody waits. */
const polled = (misuse: Misuse = {}): Model => ({
  structure: "SpscRing",
  scenario: "both sides poll",
  preemptions: 5,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      let sent = 0
      let received = 0
      const writer = function*(): Body {
        const end = m.writer(ring)
        for (let tries = 0; tries < 7; tries++) if (yield* write(end, sent, misuse)) sent++
      }
      const reader = function*(): Body {
        const end = m.reader(ring)
        for (let tries = 0; tries < 4; tries++) received = yield* drain(end, received, misuse)
      }
      return {
        threads: [thread("writer", writer()), thread("reader", reader())],
        check: () => equal(alone(drain(m.reader(ring), received, {})), sent, "records received in the end")
      }
    }
  }
})

/** Writes a record, publishing it or not. */
function* put(writer: Writer, index: number): Body<boolean> {
  const offset = yield* writer.claim(sizeOf(index))
  if (offset < 0) return false
  fill(writer, offset, index)
  yield* writer.commit(sizeOf(index), index)
  return true
}

/** A writer that finds the ring empty begins anew: between batches of two, and at the physical end. */
const anew = (): Model => ({
  structure: "SpscRing",
  scenario: "the writer begins anew",
  preemptions: 4,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      leaveBehind(m, ring)
      let sent = 0
      let received = 0
      const writer = function*(): Body {
        const end = m.writer(ring)
        for (let tries = 0; tries < 8; tries++) {
          if (yield* put(end, sent)) sent++
          if (tries % 2 === 1) yield* end.publish()
        }
      }
      const reader = function*(): Body {
        const end = m.reader(ring)
        for (let tries = 0; tries < 3; tries++) received = yield* drain(end, received, {})
      }
      return {
        threads: [thread("writer", writer()), thread("reader", reader())],
        check: () => equal(alone(drain(m.reader(ring), received, {})), sent, "records received in the end")
      }
    }
  }
})

/** Records of {@link offer} that fill the ring. */
export const SLOTS = 4
const SLOT_BYTES = 4096 / SLOTS - 8
/** What {@link take} answers when there is none. */
export const EMPTY = -1

const asQueue = queue({ capacity: SLOTS, taken: true, full: false, empty: EMPTY })

/** Writes a record that takes a slot. */
export function* offer(writer: Pick<Writer, "claim" | "commit" | "publish">, value: number): Body<boolean> {
  if ((yield* writer.claim(SLOT_BYTES)) < 0) return false
  yield* writer.commit(SLOT_BYTES, value)
  return yield* writer.publish()
}

/** Takes one record. */
export function* take(reader: Pick<Reader, "poll" | "next" | "release" | "type">): Body<number> {
  if (!(yield* reader.poll())) return EMPTY
  if ((yield* reader.next()) < 0) throw new Violation("poll has seen a record, and next has none")
  yield* reader.release()
  return reader.type
}

/** The ring refuses only what does not fit at some moment of the call, and misses nothing that is there throughout. */
const exact = (): Model => ({
  structure: "SpscRing",
  scenario: "nothing is refused or missing that is there",
  preemptions: 4,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const history = new History()
      const writer = function*(): Body {
        const end = m.writer(ring)
        for (let value = 0; value < 6; value++) yield* history.record("writer", "offer", [value], offer(end, value))
      }
      const reader = function*(): Body {
        const end = m.reader(ring)
        for (let tries = 0; tries < 4; tries++) yield* history.record("reader", "poll", [], take(end))
      }
      return {
        threads: [thread("writer", writer()), thread("reader", reader())],
        check: () => {
          const end = m.reader(ring)
          for (let tries = 0; tries <= SLOTS; tries++) alone(history.record("end", "poll", [], take(end)))
          history.check(asQueue)
        }
      }
    }
  }
})

/** Records of the programs in which somebody parks while there are none. */
export const RECORDS = 3

/** Writes the records from an index on, ringing after each. */
export const sendAll = function*(
  m: Rings,
  ring: SharedArrayBuffer,
  bell: Bell,
  from: number,
  misuse: Misuse
): Body {
  const end = m.writer(ring)
  for (let index = from; index < RECORDS; index++) {
    if (misuse.ringsBeforePublishing === true) yield* bell.ring()
    if (!(yield* write(end, index, misuse))) throw new Error("the model sends more than the ring holds")
    if (misuse.ringsBeforePublishing !== true) yield* bell.ring()
  }
}

const ROOM_RECORDS = 6

/** Writes all records, parking on its own doorbell while the ring is full. */
const writeWaiting = function*(m: Rings, ring: SharedArrayBuffer, bells: SharedArrayBuffer, misuse: Misuse): Body {
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
  m: Rings,
  ring: SharedArrayBuffer,
  bells: SharedArrayBuffer,
  progress: Progress,
  succeeds: boolean,
  misuse: Misuse
): Body {
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
const room = (misuse: Misuse = {}): Model => ({
  structure: "SpscRing",
  scenario: "the writer waits for room",
  protocol: "room request",
  preemptions: 4,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const bells = m.newBells(2)
      const progress = { received: 0 }
      return {
        threads: [
          thread("writer", writeWaiting(m, ring, bells, misuse)),
          thread("reader", readServing(m, ring, bells, progress, false, misuse))
        ],
        check: () => equal(progress.received, ROOM_RECORDS, "records received")
      }
    }
  }
})

/** The dead thread may have published, released or begun to ring without anybody hearing of it. */
const ringForDead = function*(bell: Bell, misuse: Misuse): Body {
  if (misuse.nobodyRingsForTheDead === true) return
  if (misuse.ringsForTheDeadOnlyIfParked === true) yield* bell.ring()
  else yield* bell.ringForDead()
}

/** One record has passed: a writer that comes now begins anew. Answers the position behind it. */
const leaveBehind = (m: Rings, ring: SharedArrayBuffer): number => {
  alone(write(m.writer(ring), 0, {}))
  alone(drain(m.reader(ring), 0, {}))
  return sizeOf(0) + 8
}

/** The producer dies anywhere; another one goes on where the ring says it was. */
const deadProducer = (misuse: Misuse = {}): Model => ({
  structure: "SpscRing",
  scenario: "the producer dies",
  protocol: "ring for the dead",
  preemptions: 3,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(0)
      const start = leaveBehind(m, ring)
      const bells = m.newBells(1)
      let received = 0
      let published = 0
      const consumer = function*(): Body {
        const end = m.reader(ring)
        const bell = m.bell(bells, 0)
        while (received < RECORDS) {
          const before = received
          received = yield* drain(end, received, misuse)
          if (received === before) yield* park(bell, [end], false, misuse)
        }
      }
      const producer = function*(): Body {
        const end = m.writer(ring)
        const bell = m.bell(bells, 0)
        for (; published < RECORDS; published++) {
          if (!(yield* write(end, published, misuse))) throw new Error("the model sends more than the ring holds")
          yield* bell.ring()
        }
      }
      const successor = function*(): Body {
        const bell = m.bell(bells, 0)
        yield* ringForDead(bell, misuse)
        const bytes = SIZES.slice(0, RECORDS).map((size) => size + 8)
        let tail = start
        let from = 0
        const words = new Int32Array(ring)
        while (tail !== words[32]) tail = (tail + bytes[from++]!) | 0
        const end = m.writer(ring)
        for (let index = from; index < RECORDS; index++) {
          yield* write(end, index, misuse)
          yield* bell.ring()
        }
      }
      return {
        threads: [thread("consumer", consumer()), thread("producer", producer(), true)],
        onDeath: () => [thread("successor", successor())],
        check: () => equal(received, RECORDS, "records received")
      }
    }
  }
})

/** The reader dies anywhere, parked included; another one starts at its last release. */
const deadReader = (misuse: Misuse = {}): Model => ({
  structure: "SpscRing",
  scenario: "the reader dies",
  protocol: "ring for the dead",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const bells = m.newBells(2)
      const progress = { received: 0 }
      return {
        threads: [
          thread("writer", writeWaiting(m, ring, bells, misuse)),
          thread("reader", readServing(m, ring, bells, progress, false, misuse), true)
        ],
        onDeath: () => [thread("successor", readServing(m, ring, bells, progress, true, misuse))],
        check: () => equal(progress.received, ROOM_RECORDS, "records received")
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [polled(), anew(), exact(), room(), deadProducer(), deadReader()]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "publishes before the body is written", model: polled({ publishesBeforeBody: true }) },
  { name: "releases before reading", model: polled({ releasesBeforeReading: true }) },
  { name: "looks for room before asking for it", model: room({ looksForRoomBeforeAsking: true }) },
  { name: "answers requests for room before releasing", model: room({ takesRequestBeforeReleasing: true }) },
  { name: "rings for nobody who died", model: deadProducer({ nobodyRingsForTheDead: true }) },
  { name: "rings for nobody who died reading", model: deadReader({ nobodyRingsForTheDead: true }) },
  {
    name: "rings for the dead as if they had not begun to",
    model: deadProducer({ ringsForTheDeadOnlyIfParked: true })
  },
  {
    name: "stores the tail before the header",
    model: polled(),
    mutations: [{
      module: "SpscRing",
      find: "    this.words[word] = payloadBytes + headerBytes\n",
      replace:
        "    Atomics.store(this.cells, tailCell, (this.base + place + ((payloadBytes + headerAndRounding) & -8)) | 0)\n"
        + "    this.words[word] = payloadBytes + headerBytes\n"
    }]
  },
  {
    name: "takes more room than the reader has released",
    model: polled(),
    mutations: [{
      module: "SpscRing",
      find: "const free = capacityBytes - ((this.base",
      replace: "const free = capacityBytes + 1008 - ((this.base"
    }, { module: "SpscRing", find: "free > capacityBytes || ", replace: "" }]
  },
  {
    name: "refuses the record that fills it",
    model: exact(),
    mutations: [{
      module: "SpscRing",
      find: "paddingBytes + recordBytes > free) return ringFull",
      replace: "paddingBytes + recordBytes >= free) return ringFull"
    }]
  },
  {
    name: "keeps back what is read until that is half of it",
    model: exact(),
    mutations: [{
      module: "SpscRing",
      find: "    if (place === this.released) return\n",
      replace: "    if (((place - this.released) | 0) < this.capacityBytes >> 1) return\n"
    }]
  },
  {
    name: "sees what was there when it looked last",
    model: exact(),
    mutations: [{
      module: "SpscRing",
      find:
        "    const tail = (Atomics.load(this.cells, tailCell) - this.base) | 0\n    if (tail === this.place) return",
      replace: "    const tail = this.tail\n    this.tail = (Atomics.load(this.cells, tailCell) - this.base) | 0\n"
        + "    if (tail === this.place) return"
    }]
  },
  {
    name: "begins anew where not everything is released",
    model: anew(),
    mutations: [{
      module: "SpscRing",
      find: "if (free === capacityBytes) this.beginAnew()",
      replace: "if (free >= capacityBytes - 2016) this.beginAnew()"
    }]
  },
  {
    name: "says where it has begun after the tail",
    model: anew(),
    mutations: [{
      module: "SpscRing",
      find: "    Atomics.store(this.cells, baseCell, position)\n",
      replace: ""
    }, {
      module: "SpscRing",
      find: "    Atomics.store(cells, tailCell, position)\n",
      replace: "    Atomics.store(cells, tailCell, position)\n    Atomics.store(cells, baseCell, this.base)\n"
    }]
  },
  {
    name: "says where it has begun by a plain store behind the tail",
    model: anew(),
    mutations: [{
      module: "SpscRing",
      find: "    Atomics.store(this.cells, baseCell, position)\n",
      replace: ""
    }, {
      module: "SpscRing",
      find: "    Atomics.store(cells, tailCell, position)\n",
      replace: "    Atomics.store(cells, tailCell, position)\n    cells[baseCell] = this.base\n"
    }]
  },
  {
    name: "reads on from where it knew the records to be",
    model: anew(),
    mutations: [{ module: "SpscRing", find: "base !== this.base && !this.follow(base)", replace: "false" }]
  },
  {
    name: "looks where the records are before it looks for any",
    model: anew(),
    mutations: [{
      module: "SpscRing",
      find:
        "    const tail = (Atomics.load(this.cells, tailCell) - this.base) | 0\n    if (tail === this.place) return",
      replace: "    this.found = Atomics.load(this.cells, baseCell)\n"
        + "    const tail = (Atomics.load(this.cells, tailCell) - this.base) | 0\n    if (tail === this.place) return"
    }, { module: "SpscRing", find: "const base = this.cells[baseCell]!", replace: "const base = this.found" }]
  },
  {
    name: "takes what a dead writer has published for where it begins",
    model: deadProducer(),
    mutations: [{
      module: "SpscRing",
      find: "    const base = positionOf(cells, baseCell)\n    const place = (tail - base) | 0\n",
      replace: "    const base = tail\n    const place = 0\n"
    }]
  },
  {
    name: "forgets the padding record",
    model: polled(),
    mutations: [{
      module: "SpscRing",
      find: "this.words[(offset >> 2) + 1] = paddingType",
      replace: "this.words[(offset >> 2) + 1] = 0"
    }]
  }
]
