/**
 * Programs on `Inboxes`: a submitter that puts jobs in while a worker begins them, and deaths of both, after which the order of the jobs is what it was.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as InboxesModule from "../../../src/memory/Inboxes.ts"
import type * as JobTableModule from "../../../src/memory/JobTable.ts"
import type { Gated, Load } from "../gate.ts"
import { alone, settle } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Table = Gated<JobTableModule.JobTable>
type Writer = Gated<InboxesModule.InboxWriter>
type Reader = Gated<InboxesModule.InboxReader>
type Bell = Gated<DoorbellModule.Doorbell>

const QUEUED = 1
const RUNNING = 2
const BEGUN = 0

/** Ways to use inboxes wrongly. */
interface Misuse {
  readonly takesBeforeItBegins?: boolean
  readonly looksBeforeItAnnounces?: boolean
  readonly admitsBeforeItDecides?: boolean
  readonly putsWhatIsBegunAgainLast?: boolean
  readonly pushesNothingForTheDead?: boolean
}

interface Side {
  readonly table: Table
  readonly bell: Bell
}

interface Stage {
  readonly side: () => Side
  readonly writer: () => Writer
  readonly reader: (incarnation: number, isHeld?: (slot: number) => boolean) => Reader
  readonly numberOf: (incarnation: number) => number
}

const JOBS = 4

const stage = async (load: Load): Promise<() => Stage> => {
  const inboxes = await load<typeof InboxesModule>("Inboxes")
  const jobs = await load<typeof JobTableModule>("JobTable")
  const doorbell = await load<typeof DoorbellModule>("Doorbell")
  return () => {
    const numberOf = (incarnation: number) => jobs.numberOf(0, incarnation)
    const sab = inboxes.create({ submitters: 1, jobs: JOBS, workers: 1 }, () => numberOf(1))
    const table = jobs.create({ submitters: 1, jobs: JOBS, slotBytes: 128, workers: 1 })
    const bells = doorbell.create(1)
    alone(new jobs.JobTable(table).started(numberOf(1)))
    return {
      numberOf,
      side: () => ({ table: new jobs.JobTable(table), bell: new doorbell.Doorbell(bells, 0) }),
      writer: () => new inboxes.InboxWriter(sab, 0),
      reader: (incarnation, isHeld = () => false) =>
        // The words that its constructor reads are as they were made.
        new inboxes.InboxReader(sab, 0, numberOf(incarnation), { isHeld })
    }
  }
}

function* submit({ bell, table }: Side, writer: Writer, slots: ReadonlyArray<number>): Body {
  for (const slot of slots) {
    yield* table.enqueue(slot, 0, 0, Infinity)
    yield* writer.push(0, slot)
    yield* bell.ring()
  }
}

/** Begins so many jobs, one after the other, and sleeps while there are none; notes which. */
function* work(
  { bell, table }: Side,
  inbox: Reader,
  number: number,
  wanted: number,
  begun: Array<number>,
  misuse: Misuse = {}
): Body {
  for (let got = 0; got < wanted;) {
    const slot = yield* inbox.next()
    if (slot < 0) {
      const before = misuse.looksBeforeItAnnounces === true && (yield* inbox.hasNews())
      yield* bell.prepare()
      if (!(misuse.looksBeforeItAnnounces === true ? before : yield* inbox.hasNews())) {
        const wait = yield* bell.wait()
        if (wait.async) yield* settle(wait.value)
      }
      yield* bell.retract()
      continue
    }
    if (misuse.takesBeforeItBegins === true) yield* inbox.taken()
    const answer = yield* table.begin(slot, number)
    if (misuse.takesBeforeItBegins !== true) yield* inbox.taken()
    if (answer !== BEGUN) continue
    got++
    begun.push(slot)
  }
}

const passing = (misuse: Misuse = {}): Model => ({
  structure: "Inboxes",
  scenario: "jobs come while their worker looks and sleeps",
  protocol: "announce, look once more, sleep",
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numberOf, reader, side, writer } = make()
      const begun: Array<number> = []
      return {
        threads: [
          thread("worker", work(side(), reader(1), numberOf(1), 3, begun, misuse)),
          thread("submitter", submit(side(), writer(), [0, 1, 2]))
        ],
        check: () => equal(begun.join(), "0,1,2", "the order in which they were begun")
      }
    }
  }
})

/** A job that is held is passed over until the other one has been begun. */
const held: Model = {
  structure: "Inboxes",
  scenario: "one is held while others come",
  protocol: "announce, look once more, sleep",
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numberOf, reader, side, writer } = make()
      const begun: Array<number> = []
      let isHolding = true
      const inbox = reader(1, (slot) => isHolding && slot < 2)
      const worker = function*(): Body {
        yield* work(side(), inbox, numberOf(1), 1, begun)
        isHolding = false
        yield* inbox.release()
        yield* work(side(), inbox, numberOf(1), 2, begun)
      }
      return {
        threads: [thread("worker", worker()), thread("submitter", submit(side(), writer(), [0, 1, 2]))],
        check: () => equal(begun.join(), "2,0,1", "the order in which they were begun")
      }
    }
  }
}

/** What a submitter does once the worker has died: what it had begun is begun again, before what waits. */
function* succeed(
  { bell, table }: Side,
  writer: Writer,
  number: number,
  slots: ReadonlyArray<number>,
  misuse: Misuse
): Body {
  const again: Array<number> = []
  const lane = new Int32Array(JOBS)
  if (misuse.admitsBeforeItDecides === true) yield* writer.admit(0, number)
  for (const slot of slots) {
    if ((yield* table.stageOf(slot)) === RUNNING) yield* table.again(slot)
  }
  const count = yield* writer.list(0, lane)
  const there = Array.from(lane.subarray(0, count))
  for (const slot of slots) {
    const isWaiting = (yield* table.stageOf(slot)) === QUEUED
    if (isWaiting && !there.includes(slot) && (yield* table.begunOf(slot)) > 0) again.push(slot)
  }
  yield* writer.refill(0, misuse.putsWhatIsBegunAgainLast === true ? [...there, ...again] : [...again, ...there])
  if (misuse.admitsBeforeItDecides !== true) yield* writer.admit(0, number)
  yield* bell.ring()
}

/** The worker dies anywhere; its successor is up at once, and begins nothing before the submitter has decided. */
const deadWorker = (misuse: Misuse = {}): Model => ({
  structure: "Inboxes",
  scenario: "a worker dies",
  protocol: "one incarnation reads",
  preemptions: 2,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numberOf, reader, side, writer } = make()
      const first: Array<number> = []
      const second: Array<number> = []
      const own = writer()
      const host = side()
      alone(submit(host, own, [0, 1, 2]))
      const heir = succeed(host, own, numberOf(2), [0, 1, 2], misuse)
      return {
        threads: [thread("mortal", work(side(), reader(1), numberOf(1), 2, first, misuse), true)],
        onDeath: () => [
          thread("submitter", heir),
          thread("successor", work(side(), reader(2), numberOf(2), 3, second))
        ],
        check: () => {
          if (second.length === 0) return equal(first.join(), "0,1", "what a worker began that has not died")
          // Begun means here that it had not ended: all of it is begun again, and first.
          equal(second.join(), "0,1,2", "the order in which the successor began them")
        }
      }
    }
  }
})

/** The submitter dies anywhere while its jobs are begun; the one after it puts in what is nowhere. */
const deadSubmitter = (misuse: Misuse = {}): Model => ({
  structure: "Inboxes",
  scenario: "a submitter dies",
  protocol: "its successor pushes what is nowhere",
  preemptions: 2,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numberOf, reader, side, writer } = make()
      const begun: Array<number> = []
      const heir = function*(): Body {
        const own = side()
        const inbox = writer()
        const lane = new Int32Array(JOBS)
        const waiting: Array<number> = []
        for (const slot of [0, 1]) if ((yield* own.table.stageOf(slot)) === QUEUED) waiting.push(slot)
        const there = Array.from(lane.subarray(0, yield* inbox.list(0, lane)))
        for (const slot of waiting) {
          if (there.includes(slot) || (yield* own.table.stageOf(slot)) !== QUEUED) continue
          if (misuse.pushesNothingForTheDead !== true) yield* inbox.push(0, slot)
        }
        yield* own.bell.ringForDead()
        yield* submit(own, inbox, [2, 3])
      }
      return {
        threads: [
          thread("worker", work(side(), reader(1), numberOf(1), 2, begun)),
          thread("submitter", submit(side(), writer(), [0, 1]), true)
        ],
        onDeath: () => [thread("heir", heir())],
        check: () => {
          const sorted = Array.from(begun).sort((a, b) => a - b)
          equal(begun.join(), sorted.join(), "the order in which they were begun")
          const { table } = side()
          const waits = [0, 1].filter((slot) => alone(table.stageOf(slot)) === QUEUED)
          const lane = new Int32Array(JOBS)
          const left = Array.from(lane.subarray(0, alone(writer().list(0, lane))))
          for (const slot of waits) equal(left.includes(slot), true, `whether ${slot}, which waits, is anywhere`)
          equal(new Set(left).size, left.length, "jobs that are there twice")
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [passing(), held, deadWorker(), deadSubmitter()]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "looks for jobs before it announces that it sleeps", model: passing({ looksBeforeItAnnounces: true }) },
  { name: "takes a job out before it is begun", model: deadWorker({ takesBeforeItBegins: true }) },
  { name: "lets the next worker in before it is decided", model: deadWorker({ admitsBeforeItDecides: true }) },
  { name: "puts what is begun again behind the others", model: deadWorker({ putsWhatIsBegunAgainLast: true }) },
  { name: "forgets what a dead thread had not put in", model: deadSubmitter({ pushesNothingForTheDead: true }) },
  {
    name: "lets every incarnation read",
    model: deadWorker(),
    mutations: [{
      module: "Inboxes",
      find: "if (Atomics.load(cells, this.lane(worker, submitter) + readerWord) !== this.number) return nothing",
      replace: ""
    }]
  },
  {
    name: "publishes a job before its number is there",
    model: passing(),
    mutations: [{
      module: "Inboxes",
      find: "    cells[this.slotsOf(worker, submitter, level) + (tail & this.mask)] = slot\n",
      replace:
        "    if (level === 0) Atomics.store(cells, lane + tailWord, (tail + 1) | 0)\n    cells[this.slotsOf(worker, submitter, level) + (tail & this.mask)] = slot\n"
    }]
  },
  {
    name: "counts an arrival before it is there",
    model: passing(),
    mutations: [{
      module: "Inboxes",
      find: "    Atomics.store(cells, lane + tailWord, (tail + 1) | 0)\n    this.tell(worker)",
      replace: "    this.tell(worker)\n    Atomics.store(cells, lane + tailWord, (tail + 1) | 0)"
    }]
  },
  {
    name: "remembers as quiet what has come since it looked",
    model: passing(),
    mutations: [{
      module: "Inboxes",
      find: "    if (slot < 0) this.quiet = arrivals\n",
      replace: "    if (slot < 0) this.quiet = (this.unlike() + 1) | 0\n"
    }]
  },
  {
    name: "goes past what is held",
    model: held,
    mutations: [{ module: "Inboxes", find: "if (this.isHolding) this.lookAgain()", replace: "" }]
  }
]
