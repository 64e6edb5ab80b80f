/**
 * Programs on `MpmcRing` with two cells: threads that write and read at the same time, that are late, that give claims up, and
 * that die writing and reading.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as MpmcRecoveryModule from "../../../src/memory/MpmcRecovery.ts"
import type * as MpmcRingModule from "../../../src/memory/MpmcRing.ts"
import { type Thread, Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone, settle } from "../gatedAtomics.ts"
import { History, queue } from "../history.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Writer = Gated<MpmcRingModule.MpmcWriter>
type Reader = Gated<MpmcRingModule.MpmcReader>
type Bell = Gated<DoorbellModule.Doorbell>

const SLOTS = 2
const FULL = -1
const EMPTY = -1

/** What the programs make of the gated modules. */
interface Rings {
  readonly newRing: () => SharedArrayBuffer
  readonly newBells: () => SharedArrayBuffer
  readonly writer: (ring: SharedArrayBuffer, owner: number) => Writer
  readonly reader: (ring: SharedArrayBuffer, owner: number) => Reader
  readonly recover: (ring: SharedArrayBuffer, owner: number) => Body<MpmcRecoveryModule.Recovered>
  readonly bell: (bells: SharedArrayBuffer) => Bell
}

/** Positions wrap around in the second lap. */
const START = 0x7fffffff - 1

const rings = async (load: Load): Promise<Rings> => {
  const ring = await load<typeof MpmcRingModule>("MpmcRing")
  const recovery = await load<typeof MpmcRecoveryModule>("MpmcRecovery")
  const bell = await load<typeof DoorbellModule>("Doorbell")
  return {
    newRing: () => ring.create(SLOTS, 8, START),
    newBells: () => bell.create(1),
    writer: (sab, owner) => new ring.MpmcWriter(sab, owner),
    reader: (sab, owner) => new ring.MpmcReader(sab, owner),
    recover: (sab, owner) => new recovery.MpmcRecovery(sab).recover(owner),
    bell: (sab) => new bell.Doorbell(sab, 0)
  }
}

const racesAreHarmless = "the hints may be late by any time: every value they ever held will do"

/** Ways to use the ring wrongly. */
interface Misuse {
  readonly writesBehindCommit?: boolean
  readonly releasesBeforeReading?: boolean
  readonly nobodyRingsForTheDead?: boolean
  readonly recoversTheLiving?: boolean
}

/** Writes a value, and its opposite behind it; what `claim` answered, or 0. */
function* offer(writer: Writer, value: number, misuse: Misuse = {}): Body<number> {
  const offset = yield* writer.claim()
  if (offset < 0) return FULL
  const words = writer.region.i32
  const fill = (): void => {
    words[offset >> 2] = value
    words[(offset >> 2) + 1] = ~value
  }
  if (misuse.writesBehindCommit !== true) fill()
  yield* writer.commit()
  if (misuse.writesBehindCommit === true) fill()
  return 0
}

/** Takes a value that is whole, or nothing. */
function* poll(reader: Reader, misuse: Misuse = {}): Body<number> {
  const offset = yield* reader.take()
  if (offset < 0) return EMPTY
  if (misuse.releasesBeforeReading === true) yield* reader.release()
  const value = reader.region.i32[offset >> 2]!
  equal(reader.region.i32[(offset >> 2) + 1], ~value, `the second word of record ${value}`)
  if (misuse.releasesBeforeReading !== true) yield* reader.release()
  return value
}

/** A ring that is empty takes as many records as it has cells, and no more, and gives them back in order. */
const settled = (m: Rings, ring: SharedArrayBuffer): void => {
  const writer = m.writer(ring, 9)
  const reader = m.reader(ring, 9)
  equal(alone(poll(reader)), EMPTY, "a record in the end")
  equal(alone(reader.isEmpty()), true, "empty in the end")
  for (let lap = 0; lap < 2; lap++) {
    for (let value = 0; value < SLOTS; value++) {
      equal(alone(offer(writer, value)), 0, `room for record ${value} in the end`)
    }
    equal(alone(offer(writer, SLOTS)), FULL, "a record too much in the end")
    for (let value = 0; value < SLOTS; value++) equal(alone(poll(reader)), value, `record ${value} in the end`)
  }
}

const asQueue = queue({ capacity: SLOTS, taken: 0, full: FULL, empty: EMPTY, mayLookFull: true, mayLookEmpty: true })

/** Threads write and read; some order of what they did is that of a bounded queue. */
const shared = (misuse: Misuse = {}): Model => ({
  structure: "MpmcRing",
  scenario: "three threads write and read",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const history = new History()
      const both = function*(name: string, owner: number): Body {
        const writer = m.writer(ring, owner)
        const reader = m.reader(ring, owner)
        yield* history.record(name, "offer", [owner * 10], offer(writer, owner * 10, misuse))
        yield* history.record(name, "poll", [], poll(reader, misuse))
        yield* history.record(name, "offer", [owner * 10 + 1], offer(writer, owner * 10 + 1, misuse))
      }
      const reading = function*(name: string, owner: number): Body {
        const reader = m.reader(ring, owner)
        for (let tries = 0; tries < 2; tries++) yield* history.record(name, "poll", [], poll(reader, misuse))
      }
      return {
        threads: [thread("a", both("a", 1)), thread("b", both("b", 2)), thread("c", reading("c", 3))],
        racesAreHarmless,
        check: () => {
          const reader = m.reader(ring, 9)
          for (let tries = 0; tries <= SLOTS; tries++) alone(history.record("end", "poll", [], poll(reader)))
          history.check(asQueue)
          settled(m, ring)
        }
      }
    }
  }
})

/**
 * One thread writes a record and takes one, turn by turn; another takes some, and may be held up anywhere. What the
 * first finds missing the other has.
 */
const exact = (): Model => ({
  structure: "MpmcRing",
  scenario: "nothing is refused or missing that is there",
  preemptions: 3,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      let missing = 0
      let taken = 0
      let done = false
      const busy = function*(): Body {
        const writer = m.writer(ring, 1)
        const reader = m.reader(ring, 1)
        for (let value = 0; value < 5; value++) {
          const isAlone = done
          if ((yield* offer(writer, value)) === FULL) {
            // The other one may still be reading what was in this cell a lap ago.
            if (isAlone) throw new Violation("refused with room left")
            continue
          }
          if ((yield* poll(reader)) === EMPTY) missing++
        }
      }
      const slow = function*(): Body {
        const reader = m.reader(ring, 2)
        for (let tries = 0; tries < 2; tries++) if ((yield* poll(reader)) !== EMPTY) taken++
        done = true
      }
      return {
        threads: [thread("busy", busy()), thread("slow", slow())],
        racesAreHarmless,
        check: () => {
          equal(missing, taken, "records that the busy thread did not find")
          settled(m, ring)
        }
      }
    }
  }
})

/** Claims that are given up are skipped, whoever comes by. */
const holes = (): Model => ({
  structure: "MpmcRing",
  scenario: "claims are given up",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const received: Array<number> = []
      let sent = 0
      const writing = function*(): Body {
        const writer = m.writer(ring, 1)
        for (let tries = 0; tries < 2; tries++) {
          if ((yield* writer.claim()) >= 0) yield* writer.abort()
          if ((yield* offer(writer, sent)) === 0) sent++
        }
      }
      const reading = function*(owner: number): Body {
        const reader = m.reader(ring, owner)
        for (let tries = 0; tries < 2; tries++) {
          const value = yield* poll(reader)
          if (value !== EMPTY) received.push(value)
        }
      }
      return {
        threads: [thread("writer", writing()), thread("x", reading(2)), thread("y", reading(3))],
        racesAreHarmless,
        check: () => {
          const reader = m.reader(ring, 9)
          for (let value = alone(poll(reader)); value !== EMPTY; value = alone(poll(reader))) received.push(value)
          equal(received.sort((left, right) => left - right).join(), [...Array(sent).keys()].join(), "records received")
          settled(m, ring)
        }
      }
    }
  }
})

const WRITING = 1
const READING = 3

/** Cells that an owner has, counted in the memory itself. */
const held = (ring: SharedArrayBuffer, owner: number, kind: number): number => {
  const words = new Int32Array(ring)
  const cells = [words.length - 8, words.length - 4].map((word) => words[word]!)
  return cells.filter((state) => state >>> 30 === kind && (state >>> 22 & 255) === owner).length
}

/** A thread dies writing or reading; two hear of it, another one is slow and alive. */
const dead = (misuse: Misuse = {}): Model => ({
  structure: "MpmcRing",
  scenario: "a thread dies writing or reading, and two threads recover it",
  preemptions: 1,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const received: Array<number> = []
      const sent: Array<number> = []
      let writing = 0
      let reading = 0
      let expected = [0, 0]
      let died = false
      const both = function*(owner: number): Body {
        const writer = m.writer(ring, owner)
        const reader = m.reader(ring, owner)
        for (let index = 0; index < 2; index++) {
          const value = owner * 10 + index
          if ((yield* offer(writer, value)) === 0) sent.push(value)
          const got = yield* poll(reader)
          if (got !== EMPTY) received.push(got)
        }
      }
      const recoverer = function*(): Body {
        const found = yield* m.recover(ring, misuse.recoversTheLiving === true ? 2 : 1)
        writing += found.writing
        reading += found.reading
      }
      return {
        threads: [thread("mortal", both(1), true), thread("alive", both(2))],
        onDeath: (): ReadonlyArray<Thread> => {
          died = true
          expected = [held(ring, 1, WRITING), held(ring, 1, READING)]
          return [thread("watcher", recoverer()), thread("other", recoverer())]
        },
        racesAreHarmless,
        check: () => {
          equal(`${writing} ${reading}`, expected.join(" "), "records that the dead was writing and reading")
          const reader = m.reader(ring, 9)
          for (let value = alone(poll(reader)); value !== EMPTY; value = alone(poll(reader))) received.push(value)
          if (new Set(received).size !== received.length) throw new Violation(`received twice: ${received.join()}`)
          const missing = sent.filter((value) => !received.includes(value))
          const unknown = received.filter((value) => !sent.includes(value))
          // What the dead had committed or taken in its last step is in no account but the memory's.
          if (missing.length > (died ? 1 : 0)) throw new Violation(`lost: ${missing.join()}`)
          if (unknown.length > (died ? 1 : 0)) throw new Violation(`from nowhere: ${unknown.join()}`)
          settled(m, ring)
        }
      }
    }
  }
})

/** A reader is parked in front of the claim of a writer that dies. */
const parked = (misuse: Misuse = {}): Model => ({
  structure: "MpmcRing",
  scenario: "a reader is parked in front of a claim whose writer dies",
  protocol: "ring for the dead",
  preemptions: 1,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const bells = m.newBells()
      const writing = function*(owner: number): Body {
        yield* offer(m.writer(ring, owner), owner)
        yield* m.bell(bells).ring()
      }
      const reading = function*(): Body {
        const reader = m.reader(ring, 3)
        const bell = m.bell(bells)
        for (let last = 0; last !== 2;) {
          const value = yield* poll(reader)
          if (value !== EMPTY) {
            last = value
            continue
          }
          yield* bell.prepare()
          if (yield* reader.isEmpty()) {
            const wait = yield* bell.wait()
            if (wait.async) yield* settle(wait.value)
          }
          yield* bell.cancel()
        }
      }
      const watcher = function*(): Body {
        yield* m.recover(ring, 1)
        if (misuse.nobodyRingsForTheDead !== true) yield* m.bell(bells).ringForDead()
      }
      return {
        threads: [thread("mortal", writing(1), true), thread("alive", writing(2)), thread("reader", reading())],
        onDeath: () => [thread("watcher", watcher())],
        racesAreHarmless,
        check: () => {
          alone(poll(m.reader(ring, 9)))
          settled(m, ring)
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [shared(), exact(), holes(), dead(), parked()]

const mutation = (find: string, replace: string, module: "MpmcRecovery" | "MpmcRing" = "MpmcRing") => [
  { module, find, replace }
]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "writes behind the commit", model: shared({ writesBehindCommit: true }) },
  { name: "releases before reading", model: shared({ releasesBeforeReading: true }) },
  { name: "recovers a living thread", model: dead({ recoversTheLiving: true }) },
  { name: "rings for nobody who died", model: parked({ nobodyRingsForTheDead: true }) },
  {
    name: "claims in two steps",
    model: shared(),
    mutations: mutation(
      "if (state === lap) state = Atomics.compareExchange(words, word, lap, this.claimBits | lap)",
      "state = Atomics.load(words, word)\n      if (state === lap) Atomics.store(words, word, this.claimBits | lap)"
    )
  },
  {
    name: "takes in two steps",
    model: shared(),
    mutations: mutation(
      "state = Atomics.compareExchange(words, word, FULL | lap, this.claimBits | lap)",
      "Atomics.store(words, word, this.claimBits | lap)"
    )
  },
  {
    name: "trusts the tail",
    model: dead(),
    mutations: mutation("if (used < 0) break", "if (used <= 0) break")
  },
  {
    name: "trusts the head",
    model: exact(),
    mutations: mutation("if (taken < 0) return empty", "if (taken <= 0) return empty")
  },
  {
    name: "frees for the same lap",
    model: exact(),
    mutations: mutation("FREE | (this.takenLap + 1) & this.lapMask", "FREE | this.takenLap")
  },
  {
    name: "passes a claim that is not committed",
    model: shared(),
    mutations: mutation("(state & KIND) === READING && state", "(state & KIND) !== FREE && state")
  },
  {
    name: "stops at a claim that was given up",
    model: holes(),
    mutations: mutation(
      "if (state === (HOLE | lap)) {\n        state",
      "if (state === (HOLE | lap)) {\n        return empty\n        state"
    )
  },
  {
    name: "recovers by a store, twice",
    model: dead(),
    mutations: mutation(
      "if (Atomics.compareExchange(this.words, word, state, HOLE | lap) === state) writing++",
      "Atomics.store(this.words, word, HOLE | lap)\n        writing++",
      "MpmcRecovery"
    )
  },
  {
    name: "forgets what the dead was reading",
    model: dead(),
    mutations: mutation("} else if ((state & KIND) === READING) {", "} else if (owner === 0) {", "MpmcRecovery")
  },
  {
    name: "frees what the dead was reading for the same lap",
    model: dead(),
    mutations: mutation("(lap + 1) & lapMask", "lap", "MpmcRecovery")
  }
]
