/**
 * Programs on `MpmcRing` with two cells: threads that write and read at the same time, that give claims up, and that die writing and
 * reading, one or two of them.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import { CLAIM_ROW_BYTES, CLAIM_WORDS, mpmcRing } from "../../../src/memory/Layouts.ts"
import type * as MpmcRecoveryModule from "../../../src/memory/MpmcRecovery.ts"
import type * as MpmcRingModule from "../../../src/memory/MpmcRing.ts"
import { type Racing, type Thread, Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone, settle, spin } from "../gatedAtomics.ts"
import { History, queue } from "../history.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Writer = Gated<MpmcRingModule.MpmcWriter>
type Reader = Gated<MpmcRingModule.MpmcReader>
type Recovery = Gated<MpmcRecoveryModule.MpmcRecovery>
type Bell = Gated<DoorbellModule.Doorbell>

const SLOTS = 2
const OWNERS = 4
/** The owner of who looks at the ring in the end. */
const LAST = 4
const FULL = -1
const EMPTY = -1

/** What the programs make of the gated modules. */
interface Rings {
  readonly newRing: () => SharedArrayBuffer
  readonly newBells: () => SharedArrayBuffer
  readonly writer: (ring: SharedArrayBuffer, owner: number) => Writer
  readonly reader: (ring: SharedArrayBuffer, owner: number) => Reader
  readonly recovery: (ring: SharedArrayBuffer) => Recovery
  readonly bell: (bells: SharedArrayBuffer) => Bell
}

/** Positions wrap around in the second lap. */
const START = 0x7fffffff - 1

const rings = async (load: Load): Promise<Rings> => {
  const ring = await load<typeof MpmcRingModule>("MpmcRing")
  const recovery = await load<typeof MpmcRecoveryModule>("MpmcRecovery")
  const bell = await load<typeof DoorbellModule>("Doorbell")
  return {
    newRing: () => ring.create(SLOTS, 8, OWNERS, START),
    newBells: () => bell.create(1),
    writer: (sab, owner) => new ring.MpmcWriter(sab, owner),
    reader: (sab, owner) => new ring.MpmcReader(sab, owner),
    recovery: (sab) => new recovery.MpmcRecovery(sab),
    bell: (sab) => new bell.Doorbell(sab, 0)
  }
}

const rowWords = CLAIM_ROW_BYTES / 4
const stageWord = Object.keys(CLAIM_WORDS).indexOf("stage")
const rowsEnd = mpmcRing.descriptorCells + OWNERS * 2 * rowWords

/** Of one ring. */
export const racingIn = (ring: SharedArrayBuffer): Racing => ({
  why: "recovery looks at the stages of the living for one value that only recovery stores",
  words: (word, buffer) =>
    buffer === ring && word >= mpmcRing.descriptorCells && word < rowsEnd
    && (word - mpmcRing.descriptorCells) % rowWords === stageWord
})

/** Ways to use the ring wrongly. */
interface Misuse {
  readonly writesBehindCommit?: boolean
  readonly releasesBeforeReading?: boolean
  readonly nobodyRingsForTheDead?: boolean
  readonly recoversTheLiving?: boolean
  readonly recoversOnce?: boolean
}

/** Writes a value, and its opposite behind it; what `claim` answered, or 0. */
function* offer(writer: Writer, value: number, misuse: Misuse = {}): Body<number> {
  const offset = yield* writer.claim(8)
  if (offset < 0) return FULL
  const words = writer.region.i32
  const fill = (): void => {
    words[offset >> 2] = value
    words[(offset >> 2) + 1] = ~value
  }
  if (misuse.writesBehindCommit !== true) fill()
  yield* writer.commit(8, value)
  if (misuse.writesBehindCommit === true) fill()
  return 0
}

/** Takes a value that is whole, or nothing. */
function* poll(reader: Reader, misuse: Misuse = {}): Body<number> {
  const offset = yield* reader.next()
  if (offset < 0) return EMPTY
  if (misuse.releasesBeforeReading === true) yield* reader.release()
  const value = reader.region.i32[offset >> 2]!
  equal(reader.region.i32[(offset >> 2) + 1], ~value, `the second word of record ${value}`)
  equal(reader.type, value, "the type")
  if (misuse.releasesBeforeReading !== true) yield* reader.release()
  return value
}

/** A ring that is empty takes as many records as it has cells, and no more, and gives them back in order. */
const settled = (m: Rings, ring: SharedArrayBuffer): void => {
  const writer = m.writer(ring, LAST)
  const reader = m.reader(ring, LAST)
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

/** Knows whether anybody else is at work while somebody looks, and what is in the ring then. */
class Watch {
  private underWay: number
  private begun: number
  private inside: number

  constructor() {
    this.underWay = 0
    this.begun = 0
    this.inside = 0
  }

  /** An operation; what it answers when nobody else is at work must be so. */
  *operation(isOffer: boolean, body: Body<number>): Body<number> {
    const isAlone = this.underWay === 0
    const begun = ++this.begun
    this.underWay++
    const answer = yield* body
    this.underWay--
    const isRefused = answer === FULL
    if (isRefused && isAlone && this.begun === begun) {
      equal(
        this.inside,
        isOffer ? SLOTS : 0,
        `records in the ring for who found it ${isOffer ? "full" : "empty"}, alone`
      )
    }
    if (!isRefused) this.inside += isOffer ? 1 : -1
    return answer
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
      const watch = new Watch()
      const both = function*(name: string, owner: number): Body {
        const writer = m.writer(ring, owner)
        const reader = m.reader(ring, owner)
        const offering = (value: number) =>
          history.record(name, "offer", [value], watch.operation(true, offer(writer, value, misuse)))
        yield* offering(owner * 10)
        yield* history.record(name, "poll", [], watch.operation(false, poll(reader, misuse)))
        yield* offering(owner * 10 + 1)
      }
      const reading = function*(name: string, owner: number): Body {
        const reader = m.reader(ring, owner)
        for (let tries = 0; tries < 2; tries++) {
          yield* history.record(name, "poll", [], watch.operation(false, poll(reader, misuse)))
        }
      }
      return {
        threads: [thread("a", both("a", 1)), thread("b", both("b", 2)), thread("c", reading("c", 3))],
        check: () => {
          const reader = m.reader(ring, LAST)
          for (let tries = 0; tries <= SLOTS; tries++) alone(history.record("end", "poll", [], poll(reader)))
          history.check(asQueue)
          settled(m, ring)
        }
      }
    }
  }
})

/** One thread writes a record and takes one, turn by turn; another takes some, and may be held up anywhere. */
const exact = (): Model => ({
  structure: "MpmcRing",
  scenario: "nothing is refused or missing that is there",
  preemptions: 3,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const watch = new Watch()
      const busy = function*(): Body {
        const writer = m.writer(ring, 1)
        const reader = m.reader(ring, 1)
        for (let value = 0; value < 5; value++) {
          yield* watch.operation(true, offer(writer, value))
          yield* watch.operation(false, poll(reader))
        }
      }
      const slow = function*(): Body {
        const reader = m.reader(ring, 2)
        for (let tries = 0; tries < 2; tries++) yield* watch.operation(false, poll(reader))
      }
      return {
        threads: [thread("busy", busy()), thread("slow", slow())],
        check: () => {
          const reader = m.reader(ring, LAST)
          while (alone(poll(reader)) !== EMPTY);
          settled(m, ring)
        }
      }
    }
  }
})

/** Claims that are given up are passed, whoever comes by, and their room is there at once. */
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
          if ((yield* writer.claim(8)) >= 0) yield* writer.abort()
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
        check: () => {
          const reader = m.reader(ring, LAST)
          for (let value = alone(poll(reader)); value !== EMPTY; value = alone(poll(reader))) received.push(value)
          equal(received.sort((left, right) => left - right).join(), [...Array(sent).keys()].join(), "records received")
          settled(m, ring)
        }
      }
    }
  }
})

const owners: Readonly<Record<string, number>> = { one: 1, two: 2, three: 3 }

/** Threads die writing or reading; each is recovered by a thread of its own, while the others go on. */
const dead = (deaths: number, preemptions: number, misuse: Misuse = {}): Model => ({
  structure: "MpmcRing",
  scenario: deaths === 1 ? "a thread dies writing or reading, and is recovered" : "two threads die and are recovered",
  preemptions,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const received: Array<number> = []
      const sent: Array<number> = []
      const gone: Array<number> = []
      let writing = 0
      let reading = 0
      const both = function*(owner: number): Body {
        const writer = m.writer(ring, owner)
        const reader = m.reader(ring, owner)
        for (let index = 0; index < (owner === 2 ? 1 : 2); index++) {
          const value = owner * 10 + index
          if ((yield* offer(writer, value)) === 0) sent.push(value)
          const got = yield* poll(reader)
          if (got !== EMPTY) received.push(got)
        }
      }
      const recoverer = function*(owner: number): Body {
        const recovery = m.recovery(ring)
        for (;;) {
          const found = yield* recovery.recover(misuse.recoversTheLiving === true ? 3 - owner : owner)
          writing += found.writing
          reading += found.reading
          if (found.isSettled || misuse.recoversOnce === true) return
          yield* spin()
        }
      }
      const counted = (which: "committed" | "released"): number => {
        const recovery = m.recovery(ring)
        return gone.reduce((sum, owner) => sum + alone(recovery[which](owner)), 0)
      }
      return {
        deaths,
        threads: [thread("one", both(1), true), thread("two", both(2), deaths > 1)],
        onDeath: (died): ReadonlyArray<Thread> => {
          const owner = owners[died.name]!
          gone.push(owner)
          return [thread(`recovers ${died.name}`, recoverer(owner))]
        },
        racing: racingIn(ring),
        check: () => {
          const reader = m.reader(ring, LAST)
          for (let value = alone(poll(reader)); value !== EMPTY; value = alone(poll(reader))) received.push(value)
          if (new Set(received).size !== received.length) throw new Violation(`received twice: ${received.join()}`)
          const cells = new Int32Array(ring)
          const claimed = (cells[mpmcRing.cells.tail]! - START) | 0
          const alive = (value: number): boolean => !gone.includes(Math.floor(value / 10))
          // What the dead have sent and received is what their own counts say, and not what they came to note.
          const sentAtAll = sent.filter(alive).length + counted("committed")
          equal(sentAtAll + writing, claimed, "records sent or reported lost, of all that were claimed")
          for (const value of sent.filter(alive)) {
            if (!received.includes(value) && gone.length === 0) throw new Violation(`lost: ${value}`)
          }
          if (writing > gone.length || reading > gone.length) throw new Violation(`${writing} and ${reading} lost`)
          const missing = sentAtAll - received.length - reading
          // A dead reader may have released what it had not noted.
          if (missing < 0 || missing > gone.length) throw new Violation(`${missing} records are in no account`)
          if (gone.length === 0) equal(missing, 0, "records in no account")
          settled(m, ring)
        }
      }
    }
  }
})

/** A thread dies claiming the last cell, for which another has asked in vain, which never asks again. */
const full = (): Model => ({
  structure: "MpmcRing",
  scenario: "a thread dies claiming what another has asked for in vain",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      let lost = 0
      let sent = 1
      alone(offer(m.writer(ring, LAST), 0))
      const writing = function*(owner: number): Body {
        if ((yield* offer(m.writer(ring, owner), owner)) === 0 && owner === 2) sent++
      }
      const recoverer = function*(): Body {
        const recovery = m.recovery(ring)
        for (;;) {
          const found = yield* recovery.recover(1)
          lost += found.writing
          if (found.isSettled) return
          yield* spin()
        }
      }
      return {
        threads: [thread("mortal", writing(1), true), thread("alive", writing(2))],
        onDeath: () => [thread("watcher", recoverer())],
        racing: racingIn(ring),
        check: () => {
          const reader = m.reader(ring, LAST)
          let received = 0
          while (alone(poll(reader)) !== EMPTY) received++
          const committed = alone(m.recovery(ring).committed(1))
          if (lost + committed > 0) equal(received, sent + committed, "records received")
          settled(m, ring)
        }
      }
    }
  }
})

/** A reader dies: what it has released, by its own count, and what it was reading, is all that others do not find. */
const deadReader = (): Model => ({
  structure: "MpmcRing",
  scenario: "a reader dies, and its counts are exact",
  preemptions: 1,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      let sent = 0
      let received = 0
      let lost = 0
      let hasDied = false
      const writing = function*(): Body {
        const writer = m.writer(ring, 3)
        for (let tries = 0; tries < 2; tries++) if ((yield* offer(writer, tries)) === 0) sent++
      }
      const reading = function*(owner: number): Body {
        const reader = m.reader(ring, owner)
        for (let tries = owner; tries < 3; tries++) if ((yield* poll(reader)) !== EMPTY && owner !== 1) received++
      }
      const recoverer = function*(): Body {
        const recovery = m.recovery(ring)
        for (;;) {
          const found = yield* recovery.recover(1)
          lost += found.reading
          if (found.isSettled) return
          yield* spin()
        }
      }
      return {
        threads: [thread("writer", writing()), thread("mortal", reading(1), true), thread("other", reading(2))],
        onDeath: () => {
          hasDied = true
          return [thread("watcher", recoverer())]
        },
        racing: racingIn(ring),
        check: () => {
          const reader = m.reader(ring, LAST)
          while (alone(poll(reader)) !== EMPTY) received++
          if (!hasDied) return
          equal(alone(m.recovery(ring).released(1)) + lost + received, sent, "records received or lost, of those sent")
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
        const recovery = m.recovery(ring)
        while (!(yield* recovery.recover(1)).isSettled) yield* spin()
        if (misuse.nobodyRingsForTheDead !== true) yield* m.bell(bells).ringForDead()
      }
      return {
        threads: [thread("mortal", writing(1), true), thread("alive", writing(2)), thread("reader", reading())],
        onDeath: () => [thread("watcher", watcher())],
        racing: racingIn(ring),
        check: () => {
          alone(poll(m.reader(ring, LAST)))
          settled(m, ring)
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [
  shared(),
  exact(),
  holes(),
  dead(1, 1),
  dead(2, 1),
  full(),
  deadReader(),
  parked()
]

const mutation = (find: string, replace: string, module: "MpmcRecovery" | "MpmcRing" = "MpmcRing") => [
  { module, find, replace }
]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "writes behind the commit", model: shared({ writesBehindCommit: true }) },
  { name: "releases before reading", model: shared({ releasesBeforeReading: true }) },
  { name: "recovers a living thread", model: dead(1, 1, { recoversTheLiving: true }) },
  { name: "asks for the dead only once", model: dead(2, 1, { recoversOnce: true }) },
  { name: "rings for nobody who died", model: parked({ nobodyRingsForTheDead: true }) },
  {
    name: "claims in two steps",
    model: shared(),
    mutations: mutation(
      "const found = Atomics.compareExchange(cells, tailCell, position, (position + 1) | 0)",
      "const found = position\n        Atomics.store(cells, tailCell, (position + 1) | 0)"
    )
  },
  {
    name: "takes in two steps",
    model: shared(),
    mutations: mutation(
      "const found = Atomics.compareExchange(cells, headCell, position, (position + 1) | 0)\n      if (found !== position)",
      "const found = position\n      Atomics.store(cells, headCell, (position + 1) | 0)\n      if (found !== position)"
    )
  },
  {
    name: "says what it wants behind the claim",
    model: dead(2, 1),
    mutations: [
      {
        module: "MpmcRing",
        find: "        // Said before it is claimed.\n        Atomics.store(cells, row, position)\n",
        replace: ""
      },
      {
        module: "MpmcRing",
        find:
          "          cells[row + stageWord] = has | round\n          this.cell = cell\n          this.position = position\n",
        replace:
          "          Atomics.store(cells, row, position)\n          cells[row + stageWord] = has | round\n          this.cell = cell\n          this.position = position\n"
      }
    ]
  },
  {
    // In the order of its own steps all of it is there before the claim; others may see it late.
    name: "says what it asks for by a plain store",
    model: dead(1, 2),
    mutations: mutation(
      "        // Said before it is claimed.\n        Atomics.store(cells, row, position)\n",
      "        cells[row] = position\n"
    )
  },
  {
    name: "trusts the head",
    model: shared(),
    mutations: mutation("if (lead < 0) break\n      if (lead === 0) {", "if (lead <= 0) {")
  },
  {
    name: "frees for the same lap",
    model: exact(),
    mutations: mutation(
      "Atomics.store(this.cells, this.cell, (this.position + this.mask + 1) | 0)",
      "Atomics.store(this.cells, this.cell, this.position)"
    )
  },
  {
    name: "stops at a claim that was given up",
    model: holes(),
    mutations: [
      { module: "MpmcRing", find: "if (lead > 0) continue", replace: "if (lead > 0) return none" },
      { module: "MpmcRing", find: "    this.unpublished = true\n    this.pass()\n", replace: "" }
    ]
  },
  {
    name: "does not look whether somebody alive may have it",
    model: dead(1, 2),
    mutations: mutation("if (this.isWanted(row, position)) return UNKNOWN", "", "MpmcRecovery")
  },
  {
    name: "waits for one that died asking for the same",
    model: dead(2, 1),
    mutations: mutation("Atomics.store(cells, row + stageWord, DEAD)", "", "MpmcRecovery")
  },
  {
    name: "gives back by a store",
    model: dead(2, 1),
    mutations: mutation(
      "Atomics.compareExchange(cells, cell, open, (position + shape.slots) | 0) === open",
      "Atomics.store(cells, cell, (position + shape.slots) | 0) !== -1",
      "MpmcRecovery"
    )
  },
  {
    name: "forgets what the dead was reading",
    model: deadReader(),
    mutations: mutation("this.settle(row + READING, layout.cells.head, 1, leave)", "0", "MpmcRecovery")
  },
  {
    name: "frees what the dead was reading for the same lap",
    model: deadReader(),
    mutations: mutation("(position + shape.slots) | 0) === open", "position) === open", "MpmcRecovery")
  },
  {
    name: "does not count the last record of the dead",
    model: deadReader(),
    mutations: mutation("if (!isOpen)", "if (stage === NOTHING)", "MpmcRecovery")
  },
  {
    name: "keeps saying what it asked for in vain",
    model: full(),
    mutations: [{
      module: "MpmcRing",
      find:
        "    if (this.cells[this.row + stageWord] === (asks | roundOf(this.done))) {\n      Atomics.store(this.cells, this.row + stageWord, NOTHING)\n    }\n    return ringFull",
      replace: "    return ringFull"
    }]
  }
]
