/**
 * Programs on `BroadcastRing`: readers that keep up and that are lapped, batches over several chunks, readers that come
 * and go, and either side dying.
 *
 * Most records fill a chunk, so that each takes a new one; a record's first and last word say which it is, and the race
 * detector watches both.
 */
import type * as BroadcastReaderModule from "../../../src/memory/BroadcastReader.ts"
import type * as BroadcastRecoveryModule from "../../../src/memory/BroadcastRecovery.ts"
import type * as BroadcastRingModule from "../../../src/memory/BroadcastRing.ts"
import type * as BroadcastWriterModule from "../../../src/memory/BroadcastWriter.ts"
import { CELLS_PER_LINE, cellsOf } from "../../../src/memory/Layout.ts"
import { broadcastRing, CHUNK_WORDS } from "../../../src/memory/Layouts.ts"
import { Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { add, alone, load as loadCell, spin } from "../gatedAtomics.ts"
import { History, type Sequential } from "../history.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Writer = Gated<BroadcastWriterModule.BroadcastWriter>
type Reader = Gated<BroadcastReaderModule.BroadcastReader>
type Recovery = Gated<BroadcastRecoveryModule.BroadcastRecovery>

/** A ring of four chunks, and its ends. */
interface Ring {
  readonly writer: () => Writer
  readonly reader: (owner: number) => Reader
  readonly recovery: () => Recovery
}

const CHUNK = cellsOf(CHUNK_WORDS)

const rowOf = (chunk: number): number => broadcastRing.descriptorCells + chunk * CELLS_PER_LINE

/** Number of the first record: its low half wraps around under way. */
const FIRST = 2 ** 32 - 3

const rings = async (load: Load): Promise<(readers: number) => Ring> => {
  const { create } = await load<typeof BroadcastRingModule>("BroadcastRing")
  const { BroadcastWriter } = await load<typeof BroadcastWriterModule>("BroadcastWriter")
  const { BroadcastReader } = await load<typeof BroadcastReaderModule>("BroadcastReader")
  const { BroadcastRecovery } = await load<typeof BroadcastRecoveryModule>("BroadcastRecovery")
  return (readers) => {
    const sab = create({ capacityBytes: 4096, readers, chunks: 4 })
    const cells = new Int32Array(sab)
    cells[rowOf(0) + CHUNK.generation] = -2
    cells[rowOf(0) + CHUNK.firstLow] = FIRST | 0
    cells[broadcastRing.cells.claimed] = FIRST | 0
    return {
      writer: () => new BroadcastWriter(sab),
      reader: (owner) => new BroadcastReader(sab, owner),
      recovery: () => new BroadcastRecovery(sab)
    }
  }
}

/** Payload that fills a chunk, and one of which two fit. */
const WHOLE = 1016
const HALF = 504

/** Ways to use the ring wrongly. */
interface Misuse {
  readonly publishesBeforeBody?: boolean
  readonly readsAfterPolling?: boolean
  readonly nobodyRecoversReaders?: boolean
}

/** What has been sent: lower and upper bounds while a call is under way. */
interface Sent {
  claimBegun: number
  claimed: number
  publishBegun: number
  published: number
}

const nothing = (): Sent => ({ claimBegun: 0, claimed: 0, publishBegun: 0, published: 0 })

/** Claims, fills and commits a record. */
function* put(writer: Writer, sent: Sent, type: number, bytes: number, misuse: Misuse = {}): Body {
  sent.claimBegun++
  const offset = yield* writer.claim(bytes)
  sent.claimed++
  equal(offset >= 0, true, "a claim that is given room")
  const words = writer.region.i32
  if (misuse.publishesBeforeBody === true) {
    yield* writer.commit(bytes, type)
    yield* publish(writer, sent)
  }
  words[offset >> 2] = type
  words[(offset + bytes - 4) >> 2] = type
  if (misuse.publishesBeforeBody !== true) yield* writer.commit(bytes, type)
}

function* publish(writer: Writer, sent: Sent): Body {
  sent.publishBegun = sent.claimed
  yield* writer.publish()
  sent.published = sent.claimed
}

function* sendEach(writer: Writer, sent: Sent, count: number, bytes: number, misuse: Misuse = {}): Body {
  for (let i = 0; i < count; i++) {
    yield* put(writer, sent, sent.claimed, bytes, misuse)
    yield* publish(writer, sent)
  }
}

/** What one reader has had. */
interface Had {
  /** Records published when it joined. */
  from: number
  seen: number
  /** The last type, and what was the next number to come then. */
  last: number
}

/** A record must be whole, later than the one before, and leave no number out that is not counted. */
const verify = (reader: Reader, offset: number, had: Had): void => {
  const { end, region, type } = reader
  equal(region.i32[offset >> 2], type, `first word of record ${type}`)
  equal(region.i32[(end - 4) >> 2], type, `last word of record ${type}`)
  if (type <= had.last) throw new Violation(`record ${type} comes after ${had.last}`)
  equal(reader.sequence, FIRST + type, `number of record ${type}`)
  had.seen++
  had.last = type
  equal(had.seen + reader.lost, type + 1 - had.from, `records seen and lost up to ${type}`)
}

/** Polls so many times at most, and reads what each sees. */
function* read(reader: Reader, had: Had, polls: number, misuse: Misuse = {}): Body {
  for (let i = 0; i < polls; i++) {
    if (!(yield* reader.poll())) continue
    for (let offset = yield* reader.next(); offset !== -1; offset = yield* reader.next()) {
      if (offset < 0) throw new Violation("corrupt")
      if (misuse.readsAfterPolling === true) yield* reader.poll()
      verify(reader, offset, had)
    }
    yield* reader.release()
  }
}

const POLLS = 12

/** Reads all there is, with nobody else running; everything from the start must have been seen or counted. */
const finish = (reader: Reader, had: Had, sent: Sent): void => {
  alone(read(reader, had, POLLS))
  equal(had.seen + reader.lost, sent.published - had.from, "records seen and lost in the end")
}

/** So many readers read from the start while the writer goes round the ring. */
const polled = (
  scenario: string,
  preemptions: number,
  readers: number,
  records: number,
  bytes: number,
  misuse: Misuse = {}
): Model => ({
  structure: "BroadcastRing",
  scenario,
  preemptions,
  prepare: async (load) => {
    const make = await rings(load)
    return () => {
      const ring = make(readers)
      const sent = nothing()
      const ends = Array.from({ length: readers }, (_, i) => ring.reader(i + 1))
      const had = ends.map((): Had => ({ from: 0, seen: 0, last: -1 }))
      for (const end of ends) equal(alone(end.join()), true, "a place for each reader")
      return {
        threads: [
          thread("writer", sendEach(ring.writer(), sent, records, bytes, misuse)),
          ...ends.map((end, i) => thread(`reader${i}`, read(end, had[i]!, 3, misuse)))
        ],
        check: () => ends.forEach((end, i) => finish(end, had[i]!, sent))
      }
    }
  }
})

const one = (misuse: Misuse = {}) => polled("one reader", 4, 1, 6, WHOLE, misuse)
const two = () => polled("two readers", 2, 2, 6, WHOLE)
const halves = () => polled("several records in a chunk", 4, 1, 9, HALF)

const EMPTY = -1

/** Records published, and the next one a reader has not passed: `poll` finds one of those between, or nothing when there is none. */
const asLog: Sequential<readonly [published: number, next: number]> = {
  initial: [0, 0],
  step: ([published, next], operation) => {
    if (operation === "publish") return [{ answer: undefined, state: [published + 1, next] }]
    if (published === next) return [{ answer: EMPTY, state: [published, next] }]
    return Array.from({ length: published - next }, (_, index) => ({
      answer: next + index,
      state: [published, next + index + 1] as const
    }))
  }
}

/** A reader finds nothing only when all that was published before is behind it. */
const exact = (): Model => ({
  structure: "BroadcastRing",
  scenario: "nothing is missing that is there",
  preemptions: 3,
  prepare: async (load) => {
    const make = await rings(load)
    return () => {
      const ring = make(1)
      const history = new History()
      const end = ring.reader(1)
      alone(end.join())
      const writer = function*(): Body {
        const own = ring.writer()
        const sent = nothing()
        for (let value = 0; value < 6; value++) {
          yield* put(own, sent, value, WHOLE)
          yield* history.record("writer", "publish", [], publish(own, sent))
        }
      }
      const take = function*(): Body<number> {
        if (!(yield* end.poll())) return EMPTY
        if ((yield* end.next()) < 0) throw new Violation("poll has seen a record, and next has none")
        return end.type
      }
      const reader = function*(): Body {
        for (let tries = 0; tries < 4; tries++) yield* history.record("reader", "poll", [], take())
      }
      return {
        threads: [thread("writer", writer()), thread("reader", reader())],
        check: () => {
          for (let tries = 0; tries < 7; tries++) alone(history.record("reader", "poll", [], take()))
          history.check(asLog)
        }
      }
    }
  }
})

/**
 * Batches of two new chunks, as many as a reader that stands elsewhere leaves, and one that goes round the ring. A reader
 * that has read everything is between two of the small ones.
 */
const batches = (batch: number, rounds: number): Model => ({
  structure: "BroadcastRing",
  scenario: batch > 2 ? "a batch that goes round the ring" : "batches over several chunks",
  preemptions: 2,
  prepare: async (load) => {
    const make = await rings(load)
    return () => {
      const ring = make(1)
      const sent = nothing()
      const end = ring.reader(1)
      const had: Had = { from: 0, seen: 0, last: -1 }
      alone(end.join())
      const writer = function*(): Body {
        const own = ring.writer()
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < batch; i++) yield* put(own, sent, sent.claimed, WHOLE)
          yield* publish(own, sent)
        }
      }
      const reader = function*(): Body {
        for (let i = 0; i < 3; i++) {
          let polls = 0
          while (polls < POLLS && !(yield* end.isEmpty())) {
            polls++
            yield* read(end, had, 1)
          }
          // Another batch may have come since; this one was read from its first record to its last.
          if (batch <= 2) equal((had.last + 1) % batch, 0, `records of the batch read, ${had.last} being the last`)
        }
      }
      return {
        threads: [thread("writer", writer()), thread("reader", reader())],
        check: () => finish(end, had, sent)
      }
    }
  }
})

/** Two readers want the one place while the writer writes: one joins when the other has left, late. */
const joining = (): Model => ({
  structure: "BroadcastRing",
  scenario: "readers join late, and leave",
  preemptions: 2,
  prepare: async (load) => {
    const make = await rings(load)
    return () => {
      const ring = make(1)
      const sent = nothing()
      let places = 0
      let joined = 0
      const reader = function*(owner: number): Body {
        const end = ring.reader(owner)
        const before = sent.published
        if (!(yield* end.join())) return
        equal(++places, 1, "readers that have the one place")
        joined++
        const from = end.sequence + 1 - FIRST
        if (from < before) throw new Violation(`joined at record ${from} when ${before} were published`)
        if (from > sent.claimed) throw new Violation(`joined at record ${from} of ${sent.claimed}`)
        yield* read(end, { from, seen: 0, last: from - 1 }, 2)
        places--
        yield* end.leave()
      }
      return {
        threads: [
          thread("writer", sendEach(ring.writer(), sent, 5, WHOLE)),
          thread("reader0", reader(1)),
          thread("reader1", reader(2))
        ],
        check: () => {
          equal(joined > 0, true, "somebody has joined")
          const late = ring.reader(3)
          equal(alone(late.join()), true, "a place in the end")
          equal(late.sequence + 1, FIRST + sent.published, "where the last one joins")
        }
      }
    }
  }
})

/** A reader dies anywhere; two threads hear of it, and another takes the one place. */
const deadReader = (misuse: Misuse = {}): Model => ({
  structure: "BroadcastRing",
  scenario: "the reader dies",
  preemptions: 1,
  prepare: async (load) => {
    const make = await rings(load)
    return () => {
      const ring = make(1)
      const sent = nothing()
      let held = 0
      let freed = 0
      let died = false
      const mortal = function*(): Body {
        const end = ring.reader(1)
        held = 1
        yield* end.join()
        held = 2
        yield* read(end, { from: end.sequence + 1 - FIRST, seen: 0, last: end.sequence - FIRST }, 2)
        yield* end.leave()
        held = 0
      }
      const hears = function*(takesPlace: boolean): Body {
        const places = misuse.nobodyRecoversReaders === true ? 0 : yield* ring.recovery().recoverReaders(1)
        freed += places
        if (!takesPlace) return
        const end = ring.reader(2)
        while (!(yield* end.join())) yield* spin()
        const from = end.sequence + 1 - FIRST
        const had: Had = { from, seen: 0, last: from - 1 }
        yield* read(end, had, 2)
        yield* end.leave()
      }
      return {
        threads: [thread("writer", sendEach(ring.writer(), sent, 4, WHOLE)), thread("reader", mortal(), true)],
        onDeath: () => {
          died = true
          return [thread("heir", hears(true)), thread("other", hears(false))]
        },
        check: () => {
          if (!died) return
          if (held === 2 && freed > 1) throw new Violation(`one place was freed ${freed} times`)
          equal(freed <= 1, true, `a place freed at most once, ${freed}`)
          const late = ring.reader(3)
          equal(alone(late.join()), true, "a place in the end")
        }
      }
    }
  }
})

/** The writer dies anywhere, within a batch too; two threads account for it and another writer goes on. */
const deadWriter = (): Model => ({
  structure: "BroadcastRing",
  scenario: "the writer dies",
  preemptions: 1,
  prepare: async (load) => {
    const make = await rings(load)
    return () => {
      const ring = make(2)
      const sent = nothing()
      const next = nothing()
      const end = ring.reader(1)
      const had: Had = { from: 0, seen: 0, last: -1 }
      alone(end.join())
      const accounted = new Int32Array(new SharedArrayBuffer(4))
      let reported = 0
      let left = -1
      const first = function*(): Body {
        const own = ring.writer()
        yield* sendEach(own, sent, 1, HALF)
        for (let i = 0; i < 2; i++) yield* put(own, sent, sent.claimed, WHOLE)
        yield* publish(own, sent)
        sent.claimBegun++
        yield* own.claim(WHOLE)
        yield* own.abort()
        sent.claimBegun--
        yield* sendEach(own, sent, 1, HALF)
      }
      const hears = function*(): Body {
        const lost = yield* ring.recovery().recoverWriter()
        reported += lost
        yield* add(accounted, 0, 1)
      }
      const successor = function*(): Body {
        while ((yield* loadCell(accounted, 0)) < 2) yield* spin()
        const own = ring.writer()
        const late = ring.reader(2)
        yield* late.join()
        // Where it goes on: a record's type is its number.
        left = late.sequence + 1 - FIRST
        Object.assign(next, { claimBegun: left, claimed: left, publishBegun: left, published: left })
        yield* sendEach(own, next, 2, WHOLE)
      }
      return {
        threads: [thread("writer", first(), true), thread("reader", read(end, had, 2))],
        onDeath: () => [thread("one", hears()), thread("other", hears()), thread("successor", successor())],
        check: () => {
          if (left < 0) return
          if (left < sent.published || left > Math.max(sent.published, sent.publishBegun)) {
            throw new Violation(`${left} records published, between ${sent.published} and ${sent.publishBegun}`)
          }
          if (reported < sent.claimed - left || reported > sent.claimBegun - left) {
            throw new Violation(
              `${reported} records reported lost, of ${sent.claimed} to ${sent.claimBegun} less ${left}`
            )
          }
          finish(end, had, next)
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [
  one(),
  two(),
  halves(),
  exact(),
  batches(2, 3),
  batches(6, 1),
  joining(),
  deadReader(),
  deadWriter()
]

const writerText = (find: string, replace: string) => [{ module: "BroadcastWriter", find, replace }]
const readerText = (find: string, replace: string) => [{ module: "BroadcastReader", find, replace }]
const recoveryText = (find: string, replace: string) => [{ module: "BroadcastRecovery", find, replace }]

const close = "      Atomics.store(cells, rowOf(chunk) + generationWord, noGeneration)\n"
const look = "      if (!this.isPinned(chunk)) return chunk\n"
const showOwn = "    Atomics.store(cells, this.publishedCell, this.position - this.start)\n"
const showAll = "    // Publishes all of them, and what lies in them.\n"
  + "    Atomics.store(cells, rowOf(this.visible) + publishedWord, this.visibleBytes | sealed)\n"
const showNewest =
  "    // Before the chunk that was the newest can be taken: a reader that pins the newest one looks here again.\n"
  + "    Atomics.store(cells, currentCell, chunk)\n"
const pin = "    Atomics.store(cells, this.pinCell, this.ownerBits | (next + 1))\n"
const enter =
  "    if (Atomics.load(cells, rowOf(next) + generationWord) === generation) return this.advance(next, generation)\n"
const freePlace = "if (Atomics.compareExchange(cells, cell, word, 0) === word) count++"
const takePlace = "if (Atomics.compareExchange(cells, cell, 0, this.ownerBits) !== 0) continue"

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "publishes before the body is written", model: one({ publishesBeforeBody: true }) },
  { name: "reads a record after the next poll", model: one({ readsAfterPolling: true }) },
  { name: "frees nobody's place", model: deadReader({ nobodyRecoversReaders: true }) },
  { name: "takes chunks that are pinned", model: one(), mutations: writerText(look, "      return chunk\n") },
  {
    name: "looks at the pins before closing the chunk",
    model: one(),
    mutations: writerText(close + look, look.replace("return chunk", `{\n  ${close}        return chunk\n      }`))
  },
  { name: "takes a chunk without closing it", model: one(), mutations: writerText(close, "") },
  { name: "looks at the generation before pinning", model: one(), mutations: readerText(pin + enter, enter + pin) },
  {
    name: "takes the newest chunk for that after pinning it",
    model: one(),
    mutations: readerText("if (Atomics.load(cells, currentCell) === chunk) return chunk", "return chunk")
  },
  {
    name: "enters by a link whatever the generation is",
    model: one(),
    mutations: readerText(
      "Atomics.load(cells, rowOf(next) + generationWord) === generation",
      "Atomics.load(cells, 0) !== 0"
    )
  },
  {
    name: "moves the pin when it has lost its way only in the end",
    model: two(),
    mutations: readerText("      Atomics.store(cells, this.pinCell, this.ownerBits | (chunk + 1))\n", "")
  },
  {
    name: "takes the chunk that readers join in",
    model: batches(6, 1),
    mutations: writerText("      if (chunk === this.visible) this.show()\n", "")
  },
  {
    name: "links chunks before they are complete",
    model: one(),
    mutations: writerText(showOwn + showAll, showAll + showOwn)
  },
  { name: "never says which chunk is the newest", model: one(), mutations: writerText(showNewest, "") },
  {
    name: "says which chunk is the newest before it can be reached",
    model: deadWriter(),
    mutations: writerText(showAll + showNewest, `${showNewest}${showAll}`)
  },
  {
    name: "shows a batch chunk by chunk",
    model: batches(2, 3),
    mutations: writerText(
      "    if (from === visible) this.visibleBytes = bytes\n    else ",
      "    this.visibleBytes = bytes\n    "
    )
  },
  {
    name: "gives every chunk the same generation",
    model: one(),
    mutations: writerText("this.generation = generationAfter(this.generation)", "this.generation = -1")
  },
  {
    name: "looks empty where a chunk ends",
    model: exact(),
    mutations: readerText("return bytes !== used || this.cross()", "return bytes !== used || !this.cross()")
  },
  { name: "does not count what is lost", model: one(), mutations: readerText("    this.lost += lost\n", "") },
  {
    name: "joins at the start of the newest chunk",
    model: joining(),
    mutations: readerText("    while (this.next() >= 0);\n", "")
  },
  {
    name: "looks whether a place is free before it takes it",
    model: joining(),
    mutations: readerText(
      takePlace,
      "if (Atomics.load(cells, cell) !== 0) continue\n      Atomics.store(cells, cell, this.ownerBits)"
    )
  },
  {
    name: "reports a place freed to everybody",
    model: deadReader(),
    mutations: recoveryText(freePlace, "Atomics.store(cells, cell, 0)\n      count++")
  },
  {
    name: "reports the records of a dead writer to everybody",
    model: deadWriter(),
    mutations: recoveryText(
      "if (Atomics.compareExchange(cells, claimedCell, claimed, published) !== claimed) return 0",
      "Atomics.store(cells, claimedCell, published)"
    )
  },
  {
    name: "goes on for a dead writer without saying what is the newest",
    model: deadWriter(),
    mutations: writerText(
      "    // Before any chunk is taken: whoever looks for the newest one must not find one that can be.\n"
        + "    Atomics.store(cells, currentCell, chunk)\n",
      ""
    )
  }
]
