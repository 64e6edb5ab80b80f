/**
 * Programs on `MpscRing`: writers that compete, that are late by more than a lap, that wait for room, and that die; and a reader
 * that dies.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as MpscReaderModule from "../../../src/memory/MpscReader.ts"
import type * as MpscRecoveryModule from "../../../src/memory/MpscRecovery.ts"
import type * as MpscRingModule from "../../../src/memory/MpscRing.ts"
import type * as MpscWriterModule from "../../../src/memory/MpscWriter.ts"
import { type Thread, Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone, settle } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Writer = Gated<MpscWriterModule.MpscWriter>
type Reader = Gated<MpscReaderModule.MpscReader>
type Bell = Gated<DoorbellModule.Doorbell>

/** What the programs make of the gated modules. */
interface Rings {
  readonly newRing: (startPosition: number) => SharedArrayBuffer
  readonly newBells: () => SharedArrayBuffer
  readonly writer: (ring: SharedArrayBuffer, owner: number) => Writer
  readonly reader: (ring: SharedArrayBuffer) => Reader
  readonly recover: (ring: SharedArrayBuffer, owner: number) => Body<number>
  readonly bell: (bells: SharedArrayBuffer, slot: number) => Bell
}

const rings = async (load: Load): Promise<Rings> => {
  const ring = await load<typeof MpscRingModule>("MpscRing")
  const writers = await load<typeof MpscWriterModule>("MpscWriter")
  const readers = await load<typeof MpscReaderModule>("MpscReader")
  const recovery = await load<typeof MpscRecoveryModule>("MpscRecovery")
  const bell = await load<typeof DoorbellModule>("Doorbell")
  return {
    newRing: (startPosition) => ring.create(4096, startPosition),
    newBells: () => bell.create(3),
    writer: (sab, owner) => new writers.MpscWriter(sab, owner),
    reader: (sab) => new readers.MpscReader(sab),
    recover: (sab, owner) => new recovery.MpscRecovery(sab).recover(owner),
    bell: (sab, slot) => new bell.Doorbell(sab, slot)
  }
}

const racesAreHarmless =
  "the tail may be late by any time, and a late claim fails at a header whether it is freed or not"

/** Ways to use the ring wrongly. */
interface Misuse {
  readonly releasesBeforeReading?: boolean
  readonly writesBehindCommit?: boolean
  readonly nobodyRingsForPadding?: boolean
  readonly nobodyRingsForTheDead?: boolean
  readonly looksForRoomBeforeAsking?: boolean
  readonly recoversTheLiving?: boolean
}

/** 32 of the 128 units. */
const LARGE = 1000
/** 2 units. */
const SMALL = 40

/** Two large records from the wrap-around of the Int32 position, which is a physical end too; the second is padded. */
const START = 0x7fffffff - 40

/** Four large records fill the ring without padding; the wrap-around is in their middle. */
const FULL_RING_START = -64

const ANY_RECORD = 0x7fff

/** The words of a record say whose it is. */
function* write(writer: Writer, type: number, bytes: number, misuse: Misuse = {}): Body<boolean> {
  const offset = yield* writer.claim(bytes)
  if (offset < 0) return false
  const fill = (): void => {
    writer.region.i32.fill(type + 1, offset >> 2, (offset + bytes) >> 2)
  }
  if (misuse.writesBehindCommit !== true) fill()
  yield* writer.commit(bytes, type)
  if (misuse.writesBehindCommit === true) fill()
  return true
}

/** What a reader has had: the next record of each writer, in their order. */
class Received {
  readonly next: Array<number> = [0, 0, 0, 0]
  /** Takes a record of type `writer * 256 + index`. */
  take(reader: Reader, offset: number, mayRepeat = false): void {
    const { end, region, type } = reader
    const writer = type >> 8
    const index = type & 255
    equal(region.i32[offset >> 2], type + 1, `the first word of record ${type}`)
    equal(region.i32[(end >> 2) - 1], type + 1, `the last word of record ${type}`)
    if (mayRepeat && index < this.next[writer]!) return
    equal(index, this.next[writer], `the record of writer ${writer}`)
    this.next[writer]!++
  }
}

/** Reads all that is there, and frees it. */
function* drain(reader: Reader, received: Received, misuse: Misuse = {}, limit = ANY_RECORD): Body {
  if (!(yield* reader.poll())) return
  let count = 0
  for (let offset = yield* reader.next(); offset !== -1; offset = yield* reader.next()) {
    if (offset < 0) throw new Violation("corrupt")
    if (misuse.releasesBeforeReading === true) yield* reader.release()
    received.take(reader, offset)
    if (++count === limit) break
  }
  yield* reader.release()
}

/** Everything that was sent arrives in the end, the ring is empty then, and takes as much as a new one. */
const settled = (m: Rings, ring: SharedArrayBuffer, received: Received, sent: ReadonlyArray<number>): void => {
  const reader = m.reader(ring)
  alone(drain(reader, received))
  sent.forEach((count, writer) => {
    equal(received.next[writer], count, `records of writer ${writer} received in the end`)
  })
  const writer = m.writer(ring, 9)
  equal(alone(writer.usedBytes()) <= 4096, true, "the bytes in use are at most all")
  for (let index = 0; index < 3; index++) {
    equal(alone(write(writer, 3 << 8 | index, LARGE)), true, `room for large record ${index} in the end`)
  }
  alone(drain(reader, received))
  equal(received.next[3], 3, "records written in the end")
  equal(alone(reader.isEmpty()), true, "the ring in the end is empty")
}

/** Two writers and the reader look a bounded number of times, nobody waits. */
const polled = (misuse: Misuse = {}): Model => ({
  structure: "MpscRing",
  scenario: "two writers and the reader poll",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const received = new Received()
      const sent = [0, 0]
      const writer = function*(number: number): Body {
        const end = m.writer(ring, number + 1)
        for (const bytes of number === 0 ? [LARGE, LARGE, LARGE] : [SMALL, LARGE]) {
          if (yield* write(end, number << 8 | sent[number]!, bytes, misuse)) sent[number]!++
        }
      }
      const reader = function*(): Body {
        const end = m.reader(ring)
        for (let tries = 0; tries < 3; tries++) yield* drain(end, received, misuse)
      }
      return {
        threads: [thread("a", writer(0)), thread("b", writer(1)), thread("reader", reader())],
        racesAreHarmless,
        check: () => {
          settled(m, ring, received, sent)
        }
      }
    }
  }
})

/** There is room for everything, and nothing is refused: whatever the reader is about to free, writers find where to go on. */
const roomy = (): Model => ({
  structure: "MpscRing",
  scenario: "nothing is refused while there is room",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const received = new Received()
      const writer = function*(number: number): Body {
        const end = m.writer(ring, number + 1)
        for (let index = 0; index < 2; index++) {
          const written = yield* write(end, number << 8 | index, number === 0 ? LARGE : SMALL)
          if (!written) throw new Violation("refused with room left")
        }
      }
      const reader = function*(): Body {
        const end = m.reader(ring)
        for (let tries = 0; tries < 2; tries++) yield* drain(end, received)
      }
      return {
        threads: [thread("a", writer(0)), thread("b", writer(1)), thread("reader", reader())],
        racesAreHarmless,
        check: () => {
          settled(m, ring, received, [2, 2])
        }
      }
    }
  }
})

/** One writer is held up at any step while another one and the reader, on one thread, go round the ring. */
const late = (misuse: Misuse = {}): Model => ({
  structure: "MpscRing",
  scenario: "a writer is late by more than a lap",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const received = new Received()
      const sent = [0, 0, 0]
      const slow = function*(number: number): Body {
        const end = m.writer(ring, number + 1)
        for (const bytes of [LARGE, SMALL]) if (yield* write(end, number << 8 | sent[number]!, bytes)) sent[number]!++
      }
      const busy = function*(): Body {
        const end = m.writer(ring, 1)
        const reader = m.reader(ring)
        for (const bytes of [LARGE, LARGE, SMALL, LARGE, LARGE, LARGE, LARGE]) {
          if (yield* write(end, sent[0]!, bytes)) sent[0]!++
          yield* drain(reader, received, misuse)
        }
      }
      return {
        threads: [thread("slow", slow(1)), thread("busy", busy())],
        racesAreHarmless,
        check: () => {
          settled(m, ring, received, sent)
        }
      }
    }
  }
})

const CLAIMED = 1 << 30

/** Open claims of an owner, counted in the memory itself. */
const openClaims = (ring: SharedArrayBuffer, owner: number): number =>
  new Int32Array(ring, 512, 128).filter((word) => (word & ~((1 << 22) - 1)) === (CLAIMED | owner << 22)).length

/** One writer dies anywhere; two threads hear of it, another writer is slow and alive. */
const deadWriter = (misuse: Misuse = {}): Model => ({
  structure: "MpscRing",
  scenario: "a writer dies, and two threads recover what it had claimed",
  preemptions: 1,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const received = new Received()
      const sent = [0, 0]
      let lost = 0
      let expected = 0
      let died = false
      const writer = function*(number: number): Body {
        const end = m.writer(ring, number + 1)
        // With the padding between them these never fill the ring.
        for (const bytes of number === 0 ? [LARGE, SMALL] : [SMALL, LARGE]) {
          if (!(yield* write(end, number << 8 | sent[number]!, bytes))) throw new Violation("refused with room left")
          sent[number]!++
        }
      }
      const reader = function*(): Body {
        const end = m.reader(ring)
        for (let tries = 0; tries < 2; tries++) yield* drain(end, received)
      }
      const recoverer = function*(): Body {
        const found = yield* m.recover(ring, misuse.recoversTheLiving === true ? 2 : 1)
        lost += found
      }
      return {
        threads: [thread("mortal", writer(0), true), thread("alive", writer(1)), thread("reader", reader())],
        onDeath: (): ReadonlyArray<Thread> => {
          died = true
          expected = openClaims(ring, 1)
          return [thread("watcher", recoverer()), thread("other", recoverer())]
        },
        racesAreHarmless,
        check: () => {
          equal(lost, expected, "records reported lost")
          const end = m.reader(ring)
          alone(drain(end, received))
          // A writer that dies right behind its commit has sent what it had not counted yet.
          const uncounted = received.next[0]! - sent[0]!
          if (uncounted < 0 || uncounted > (died ? 1 : 0)) {
            throw new Violation(`${received.next[0]} of ${sent[0]} received`)
          }
          settled(m, ring, received, [received.next[0]!, sent[1]!])
        }
      }
    }
  }
})

/** The reader dies anywhere; its successor begins at the last release. */
const deadReader = (misuse: Misuse = {}): Model => ({
  structure: "MpscRing",
  scenario: "the reader dies",
  preemptions: 1,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(FULL_RING_START)
      const received = new Received()
      const sent = [0, 0]
      const writer = function*(number: number): Body {
        const end = m.writer(ring, number + 1)
        for (const bytes of number === 0 ? [LARGE, LARGE, SMALL] : [LARGE, LARGE]) {
          if (yield* write(end, number << 8 | sent[number]!, bytes)) sent[number]!++
        }
      }
      const reader = function*(mayRepeat: boolean): Body {
        const end = m.reader(ring)
        for (let tries = 0; tries < 2; tries++) {
          if (!(yield* end.poll())) continue
          for (let offset = yield* end.next(); offset !== -1; offset = yield* end.next()) {
            if (offset < 0) throw new Violation("corrupt")
            if (misuse.releasesBeforeReading === true) yield* end.release()
            received.take(end, offset, mayRepeat)
          }
          yield* end.release()
        }
      }
      return {
        threads: [thread("a", writer(0)), thread("b", writer(1)), thread("reader", reader(false), true)],
        onDeath: () => [thread("successor", reader(true))],
        racesAreHarmless,
        check: () => {
          alone(reader(true))
          settled(m, ring, received, sent)
        }
      }
    }
  }
})

/** Parks until the doorbell rings, unless there is something. */
function* park(bell: Bell, reader: Reader): Body {
  yield* bell.prepare()
  if (yield* reader.isEmpty()) {
    const wait = yield* bell.wait()
    if (wait.async) yield* settle(wait.value)
  }
  yield* bell.cancel()
}

/** Reads until it has had so many records of the second writer, parks when there is nothing, and rings who asked for room. */
function* serve(
  m: Rings,
  ring: SharedArrayBuffer,
  bells: SharedArrayBuffer,
  received: Received,
  count: number
): Body {
  const end = m.reader(ring)
  const own = m.bell(bells, 0)
  while (received.next[1]! < count) {
    if (!(yield* end.poll())) {
      yield* park(own, end)
      continue
    }
    for (let offset = yield* end.next(); offset !== -1; offset = yield* end.next()) {
      if (offset < 0) throw new Violation("corrupt")
      received.take(end, offset)
    }
    yield* end.release()
    if (yield* end.takeRoomRequest()) {
      yield* m.bell(bells, 1).ring()
      yield* m.bell(bells, 2).ring()
    }
  }
}

/** Writes a record, parking on its own doorbell while the ring is full. */
function* writeWaiting(
  m: Rings,
  writer: Writer,
  bells: SharedArrayBuffer,
  number: number,
  type: number,
  misuse: Misuse
): Body {
  const own = m.bell(bells, number + 1)
  while (!(yield* write(writer, type, LARGE))) {
    yield* own.prepare()
    let written = false
    if (misuse.looksForRoomBeforeAsking === true) {
      written = yield* write(writer, type, LARGE)
      yield* writer.requestRoom()
    } else {
      yield* writer.requestRoom()
      written = yield* write(writer, type, LARGE)
    }
    if (!written) yield* own.waitBlocking()
    yield* own.cancel()
    if (written) break
  }
  if (yield* writer.publish()) yield* m.bell(bells, 0).ring()
}

/** One writer fills the ring with claims that it gives up, another one waits for the room. */
const room = (misuse: Misuse = {}): Model => ({
  structure: "MpscRing",
  scenario: "a writer waits for room that padding takes",
  protocol: "room request",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(0)
      const bells = m.newBells()
      const received = new Received()
      const aborting = function*(): Body {
        const end = m.writer(ring, 1)
        for (let count = 0; count < 3; count++) {
          if ((yield* end.claim(LARGE)) >= 0) yield* end.abort()
          const published = yield* end.publish()
          if (published && misuse.nobodyRingsForPadding !== true) yield* m.bell(bells, 0).ring()
        }
      }
      const writing = function*(): Body {
        const end = m.writer(ring, 2)
        for (let index = 0; index < 2; index++) yield* writeWaiting(m, end, bells, 1, 1 << 8 | index, misuse)
      }
      return {
        threads: [
          thread("aborting", aborting()),
          thread("writing", writing()),
          thread("reader", serve(m, ring, bells, received, 2))
        ],
        racesAreHarmless,
        check: () => {
          settled(m, ring, received, [0, 2])
        }
      }
    }
  }
})

/** The reader is parked in front of the claim of a writer that dies. */
const parked = (misuse: Misuse = {}): Model => ({
  structure: "MpscRing",
  scenario: "the reader is parked in front of a claim whose writer dies",
  protocol: "ring for the dead",
  preemptions: 1,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const bells = m.newBells()
      const received = new Received()
      const writer = function*(number: number, count: number): Body {
        const end = m.writer(ring, number + 1)
        const bell = m.bell(bells, 0)
        for (let index = 0; index < count; index++) {
          yield* write(end, number << 8 | index, SMALL)
          if (yield* end.publish()) yield* bell.ring()
        }
      }
      const watcher = function*(): Body {
        yield* m.recover(ring, 1)
        if (misuse.nobodyRingsForTheDead !== true) yield* m.bell(bells, 0).ringForDead()
      }
      return {
        threads: [
          thread("mortal", writer(0, 1), true),
          thread("alive", writer(1, 1)),
          thread("reader", serve(m, ring, bells, received, 1))
        ],
        onDeath: () => [thread("watcher", watcher())],
        racesAreHarmless,
        check: () => {
          alone(drain(m.reader(ring), received))
          settled(m, ring, received, [received.next[0]!, 1])
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [polled(), roomy(), late(), deadWriter(), deadReader(), room(), parked()]

const mutation = (
  module: "MpscReader" | "MpscRecovery" | "MpscWriter",
  find: string,
  replace: string
) => [{ module, find, replace }]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "releases before reading", model: polled({ releasesBeforeReading: true }) },
  { name: "writes behind the commit", model: polled({ writesBehindCommit: true }) },
  { name: "recovers a living writer", model: deadWriter({ recoversTheLiving: true }) },
  { name: "rings for nobody when only padding is new", model: room({ nobodyRingsForPadding: true }) },
  { name: "looks for room before asking for it", model: room({ looksForRoomBeforeAsking: true }) },
  { name: "rings for nobody who died", model: parked({ nobodyRingsForTheDead: true }) },
  {
    name: "says that padding is nothing new",
    model: room(),
    mutations: mutation(
      "MpscWriter",
      "    Atomics.store(this.headers, this.claimUnit, padding | this.claimUnits)\n    this.claimedBytes = NO_CLAIM\n"
        + "    this.unpublished = true\n",
      "    Atomics.store(this.headers, this.claimUnit, padding | this.claimUnits)\n    this.claimedBytes = NO_CLAIM\n"
    )
  },
  {
    name: "claims a header that is free in whatever lap",
    model: late(),
    mutations: mutation(
      "MpscWriter",
      "const free = position >>> this.lapShift\n        const found",
      "const free = Atomics.load(headers, unit) & belowKind\n        const found"
    )
  },
  {
    name: "frees the headers of records only",
    model: late(),
    mutations: mutation(
      "MpscReader",
      "      headers[freed & mask] = freed >>> lapShift\n",
      "      if (headers[freed & mask]! < 0) headers[freed & mask] = freed >>> lapShift\n"
    )
  },
  {
    name: "claims in two steps",
    model: polled(),
    mutations: mutation(
      "MpscWriter",
      "const found = Atomics.compareExchange(headers, unit, free, this.claimWord | units)",
      "const found = Atomics.load(headers, unit)\n"
        + "        if (found === free) Atomics.store(headers, unit, this.claimWord | units)"
    )
  },
  {
    name: "pads in two steps",
    model: polled(),
    mutations: mutation(
      "MpscWriter",
      "const found = Atomics.compareExchange(headers, unit, free, padding | toEnd)",
      "const found = Atomics.load(headers, unit)\n    if (found === free) Atomics.store(headers, unit, padding | toEnd)"
    )
  },
  {
    name: "writes length and type behind the header",
    model: polled(),
    mutations: mutation(
      "MpscWriter",
      "    words[word] = payloadBytes + headerBytes\n",
      "    Atomics.store(this.headers, claimUnit, committed | this.claimUnits)\n"
        + "    words[word] = payloadBytes + headerBytes\n"
    )
  },
  {
    name: "takes more room than the reader has released",
    model: polled(),
    mutations: mutation(
      "MpscWriter",
      "> mask + 1 - units || unit + units > mask + 1",
      "> mask + 33 - units || unit + units > mask + 1"
    )
  },
  {
    name: "reads on into what it has not released",
    model: deadReader(),
    mutations: mutation("MpscReader", "Math.min(toEnd, mask + 1 - unreleased)", "toEnd")
  },
  {
    name: "reads claims as if they were committed",
    model: polled(),
    mutations: mutation(
      "MpscReader",
      "const units = word & belowKind\n    if (word >= padding || units > available)",
      "const units = word & unitsMask\n    if (word >= padding && word < claimed || units > available)"
    )
  },
  {
    name: "frees without saying how far",
    model: deadWriter(),
    mutations: mutation("MpscReader", "    cells[readCell] = position\n", "")
  },
  {
    name: "recovers by a store, twice",
    model: deadWriter(),
    mutations: mutation(
      "MpscRecovery",
      "if (Atomics.compareExchange(headers, unit, word, recovered) === word) lost++",
      "Atomics.store(headers, unit, recovered)\n      lost++"
    )
  },
  {
    name: "recovers whatever is claimed",
    model: deadWriter(),
    mutations: mutation("MpscRecovery", "(word & ~unitsMask) !== claim", "word < 1 << 30")
  },
  {
    name: "does not step over what a dead reader had freed",
    model: deadReader(),
    mutations: mutation("MpscReader", "=== (this.position + this.mask + 1) >>> this.lapShift ? 1 : 0", "=== -1 ? 1 : 0")
  }
]
