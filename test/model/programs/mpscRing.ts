/**
 * Programs on `MpscRing`: writers that come while the reader looks, a reader that parks, and ends that die. What one writer and the
 * reader do to their ring is proved in `spscRing.ts`; here is what joins the rings.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as MpscRingModule from "../../../src/memory/MpscRing.ts"
import type * as SpscRecoveryModule from "../../../src/memory/SpscRecovery.ts"
import { Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone, settle } from "../gatedAtomics.ts"
import { History, type Sequential } from "../history.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"
import { EMPTY, offer, SLOTS, START as SLOT_START, take } from "./spscRing.ts"

type Writer = Gated<MpscRingModule.MpscWriter>
type Reader = Gated<MpscRingModule.MpscReader>
type Bell = Gated<DoorbellModule.Doorbell>

const START = 0x7ffffff0
const BYTES = 1000

interface Rings {
  readonly newRing: (startPosition?: number) => SharedArrayBuffer
  readonly newBell: () => SharedArrayBuffer
  readonly writer: (ring: SharedArrayBuffer, owner: number) => Writer
  readonly reader: (ring: SharedArrayBuffer) => Reader
  readonly recovery: (ring: SharedArrayBuffer, owner: number) => Gated<SpscRecoveryModule.SpscRecovery>
  readonly bell: (bell: SharedArrayBuffer) => Bell
}

const rings = async (load: Load): Promise<Rings> => {
  const ring = await load<typeof MpscRingModule>("MpscRing")
  const bell = await load<typeof DoorbellModule>("Doorbell")
  return {
    newRing: (startPosition = START) => ring.create(4096, 3, startPosition),
    newBell: () => bell.create(1),
    writer: (sab, owner) => new ring.MpscWriter(sab, owner),
    reader: (sab) => new ring.MpscReader(sab),
    recovery: (sab, owner) => ring.recoveryOf(sab, owner) as unknown as Gated<SpscRecoveryModule.SpscRecovery>,
    bell: (sab) => new bell.Doorbell(sab, 0)
  }
}

/** What has come of each owner, in its order. */
class Received {
  readonly next: Array<number>

  constructor() {
    this.next = [0, 0, 0, 0]
  }

  take(reader: Reader, offset: number): void {
    const word = reader.region.i32[offset >> 2]!
    const owner = word >> 8
    equal(reader.type, owner, "the type")
    equal(reader.owner, owner, "the owner")
    equal(reader.region.i32[(reader.end >> 2) - 1], word, "the last word")
    equal(word & 255, this.next[owner], `the record of owner ${owner}`)
    this.next[owner]!++
  }
}

function* write(writer: Writer, owner: number, index: number): Body<boolean> {
  const offset = yield* writer.claim(BYTES)
  if (offset < 0) return false
  writer.region.i32.fill(owner << 8 | index, offset >> 2, (offset + BYTES) >> 2)
  yield* writer.commit(BYTES, owner)
  yield* writer.publish()
  return true
}

function* drain(reader: Reader, received: Received): Body<boolean> {
  if (!(yield* reader.poll())) return false
  for (let offset = yield* reader.next(); offset !== -1; offset = yield* reader.next()) {
    if (offset < 0) throw new Violation("corrupt")
    received.take(reader, offset)
  }
  yield* reader.release()
  return true
}

const rest = (m: Rings, ring: SharedArrayBuffer, received: Received): void => {
  const reader = m.reader(ring)
  while (alone(drain(reader, received)));
  equal(alone(reader.isEmpty()), true, "empty in the end")
}

/** Two writers that join while the reader looks; each finds room again for all that was read. */
const polled = (): Model => ({
  structure: "MpscRing",
  scenario: "two writers come while the reader looks",
  preemptions: 3,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const received = new Received()
      const sent = [0, 0, 0, 0]
      const writing = function*(owner: number): Body {
        const writer = m.writer(ring, owner)
        for (let tries = 0; tries < 5; tries++) if (yield* write(writer, owner, sent[owner]!)) sent[owner]!++
      }
      const reading = function*(): Body {
        const reader = m.reader(ring)
        for (let tries = 0; tries < 3; tries++) yield* drain(reader, received)
      }
      return {
        threads: [thread("one", writing(1)), thread("three", writing(3)), thread("reader", reading())],
        check: () => {
          rest(m, ring, received)
          equal(received.next.join(), sent.join(), "records received of each")
        }
      }
    }
  }
})

/** A queue for each writer: `poll` takes the first of any, and finds nothing when all are empty. */
const asQueues: Sequential<ReadonlyArray<ReadonlyArray<number>>> = {
  initial: [[], [], [], []],
  step: (state, operation, args) => {
    if (operation === "poll") {
      const taken = state.flatMap((queue, owner) =>
        queue.length === 0 ? [] : [{ answer: queue[0], state: state.with(owner, queue.slice(1)) }]
      )
      return taken.length > 0 ? taken : [{ answer: EMPTY, state }]
    }
    const [owner, value] = args as [number, number]
    const queue = state[owner]!
    if (queue.length === SLOTS) return [{ answer: false, state }]
    return [{ answer: true, state: state.with(owner, [...queue, value]) }]
  }
}

/** No ring refuses what fits, and the reader misses nothing that is there throughout, in whichever ring it is. */
const exact = (): Model => ({
  structure: "MpscRing",
  scenario: "nothing is refused or missing that is there",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(SLOT_START)
      const history = new History()
      const writing = function*(owner: number, records: number): Body {
        const writer = m.writer(ring, owner)
        for (let index = 0; index < records; index++) {
          const value = owner * 10 + index
          yield* history.record(`writer${owner}`, "offer", [owner, value], offer(writer, value))
        }
      }
      const reading = function*(): Body {
        const reader = m.reader(ring)
        for (let tries = 0; tries < 3; tries++) yield* history.record("reader", "poll", [], take(reader))
      }
      return {
        threads: [thread("one", writing(1, 5)), thread("three", writing(3, 1)), thread("reader", reading())],
        check: () => {
          const reader = m.reader(ring)
          for (let tries = 0; tries < 7; tries++) alone(history.record("end", "poll", [], take(reader)))
          history.check(asQueues)
        }
      }
    }
  }
})

/** The reader parks while no ring has anything, and hears of writers that it has not seen before. */
const parked = (misuse: { readonly ringsFirst?: boolean } = {}): Model => ({
  structure: "MpscRing",
  scenario: "the reader parks until both have written",
  protocol: "announce, look, wait",
  preemptions: 3,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const bells = m.newBell()
      const received = new Received()
      const writing = function*(owner: number): Body {
        const writer = m.writer(ring, owner)
        if (misuse.ringsFirst === true) yield* m.bell(bells).ring()
        yield* write(writer, owner, 0)
        if (misuse.ringsFirst !== true) yield* m.bell(bells).ring()
      }
      const reading = function*(): Body {
        const reader = m.reader(ring)
        const bell = m.bell(bells)
        while (received.next[2]! + received.next[3]! < 2) {
          if (yield* drain(reader, received)) continue
          yield* bell.prepare()
          if (yield* reader.isEmpty()) {
            const wait = yield* bell.wait()
            if (wait.async) yield* settle(wait.value)
          }
          yield* bell.cancel()
        }
      }
      return {
        threads: [thread("two", writing(2)), thread("three", writing(3)), thread("reader", reading())],
        check: () => rest(m, ring, received)
      }
    }
  }
})

/** A writer dies: what it had published arrives, the rest is reported, and its number is taken by another. */
const deadWriter = (): Model => ({
  structure: "MpscRing",
  scenario: "a writer dies, and another goes on under its number",
  preemptions: 2,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing()
      const received = new Received()
      let published = 0
      let lost = 0
      let hasDied = false
      const mortal = function*(): Body {
        const writer = m.writer(ring, 2)
        for (let index = 0; index < 2; index++) yield* write(writer, 2, index)
      }
      const other = function*(): Body {
        yield* write(m.writer(ring, 1), 1, 0)
      }
      const reading = function*(): Body {
        const reader = m.reader(ring)
        for (let tries = 0; tries < 2; tries++) yield* drain(reader, received)
      }
      const watcher = function*(): Body {
        const recovery = m.recovery(ring, 2)
        lost = yield* recovery.recover()
        published = yield* recovery.published()
        yield* write(m.writer(ring, 2), 2, published)
      }
      return {
        threads: [thread("mortal", mortal(), true), thread("other", other()), thread("reader", reading())],
        onDeath: () => {
          hasDied = true
          return [thread("watcher", watcher())]
        },
        check: () => {
          rest(m, ring, received)
          equal(received.next[1], 1, "records of the other")
          if (hasDied) {
            equal(received.next[2], published + 1, "records of the dead and of who came after it")
            if (lost > 1) throw new Violation(`${lost} lost, and one was being written`)
            equal(alone(m.recovery(ring, 2).recover()), 0, "lost in the end")
          }
        }
      }
    }
  }
})

export const models: ReadonlyArray<Model> = [polled(), exact(), parked(), deadWriter()]

const mutation = (find: string, replace: string) => [{ module: "MpscRing", find, replace }]

export const broken: ReadonlyArray<Broken> = [
  { name: "rings before it publishes", model: parked({ ringsFirst: true }) },
  {
    name: "looks at the rings that it knows only",
    model: parked(),
    mutations: mutation(
      "    const used = this.look()\n    for (let index = 0",
      "    const used = this.used\n    for (let index = 0"
    )
  },
  {
    name: "stays with one ring",
    model: polled(),
    mutations: mutation("this.turn()\n      if (this.current.poll()) return true", "")
  },
  {
    name: "hears of a new ring a look late",
    model: exact(),
    mutations: mutation(
      "const used = Atomics.load(this.cells, usedCell)\n",
      "const used = this.used\n    this.used = Atomics.load(this.cells, usedCell)\n    return used\n"
    )
  },
  {
    name: "looks at one ring only",
    model: exact(),
    mutations: mutation(
      "this.turn()\n      if (this.current.poll()) return true",
      "this.turn()\n      return false"
    )
  },
  {
    name: "frees nothing when it goes on",
    model: polled(),
    mutations: mutation("    this.current.release()\n    this.index", "    this.index")
  }
]
