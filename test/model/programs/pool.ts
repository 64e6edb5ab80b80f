/**
 * Programs of a pool as a whole, at its smallest: who submits, two workers, and what is between them: the table of jobs, an injector, a deque for
 * each worker, who sleeps and who searches, and a doorbell for each.
 *
 * What a worker takes next, whom it wakes and what it looks at before it sleeps is the text that workers run (`src/pool/kernel`). What it does with a
 * job is written here, where its handler would be. No job is for one worker alone: that is in the programs of `Inboxes`.
 *
 * Workers go on until the pool ends, which who submits says once all of its jobs have come back: what is forgotten while a worker sleeps shows as a
 * program that waits for ever. Jobs that need each other to be run at once show what one worker leaves to another that sleeps.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as IdleSetModule from "../../../src/memory/IdleSet.ts"
import { ENDED } from "../../../src/memory/JobPhase.ts"
import type * as JobTableModule from "../../../src/memory/JobTable.ts"
import type * as MpmcRecoveryModule from "../../../src/memory/MpmcRecovery.ts"
import type * as MpmcRingModule from "../../../src/memory/MpmcRing.ts"
import type * as StealDequeModule from "../../../src/memory/StealDeque.ts"
import type * as InjectorsModule from "../../../src/pool/kernel/Injectors.ts"
import type * as NextJobModule from "../../../src/pool/kernel/NextJob.ts"
import { type Racing, Violation } from "../explore.ts"
import { type Gated, type Load, stepped } from "../gate.ts"
import { alone, settle, spin } from "../gatedAtomics.ts"
import { racingIn } from "./mpmcRing.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

const QUEUED = 1
const WITHDRAWN = 4
const CONDEMNED = 5
const BEGUN = 0
const DISCARDED = 1
const OUTCOME = 6
const DONE = OUTCOME + 1

const HOST = 0
const rowOf = (place: number): number => place + 1
/** The owner number of who submits, and of an incarnation of a worker. */
const HOST_OWNER = 1
const ownerOf = (place: number): number => 2 + place

/** Jobs by their number, which is their message. */
const OUTER = 10

/** Ways to do it wrongly. */
interface Misuse {
  readonly looksBeforeAnnouncing?: boolean
  readonly wakesBeforeItPutsTheNumberIn?: boolean
  readonly putsNoNumberInAgain?: boolean
  readonly wakesNobodyForTheDead?: boolean
}

interface Ground {
  readonly table: Gated<JobTableModule.JobTable>
  readonly idle: Gated<IdleSetModule.IdleSet>
  readonly bells: ReadonlyArray<Gated<DoorbellModule.Doorbell>>
}

interface Side extends Ground {
  readonly injectors: ReadonlyArray<Gated<MpmcRingModule.MpmcWriter>>
}

interface Worker extends Side {
  readonly place: number
  readonly number: number
  readonly deque: Gated<StealDequeModule.StealOwner>
  readonly next: Gated<NextJobModule.NextJob>
  /** The job whose handler waits for its own, and for how many. */
  waiting: number
  left: number
}

interface Pool {
  /** What races in the injector while a death is recovered from. */
  readonly racing: Racing
  readonly ground: () => Ground
  readonly open: (owner: number) => Side
  readonly worker: (place: number) => Worker
  readonly inject: (side: Side, slot: number) => Body<boolean>
  /** Gives back what a dead worker had claimed; whether that is settled. */
  readonly recover: (owner: number) => Body<boolean>
  readonly numberOf: (place: number) => number
}

// The gated ends are given to each other, which their types do not say.
const plain = <T>(gated: Gated<T> | ReadonlyArray<Gated<unknown>>): never => gated as never

const stage = async (load: Load): Promise<() => Pool> => {
  const [table, idle, bells, rings, recoveries, deques, injectors, kernel] = [
    await load<typeof JobTableModule>("JobTable"),
    await load<typeof IdleSetModule>("IdleSet"),
    await load<typeof DoorbellModule>("Doorbell"),
    await load<typeof MpmcRingModule>("MpmcRing"),
    await load<typeof MpmcRecoveryModule>("MpmcRecovery"),
    await load<typeof StealDequeModule>("StealDeque"),
    await load<typeof InjectorsModule>("../pool/kernel/Injectors"),
    await load<typeof NextJobModule>("../pool/kernel/NextJob")
  ]
  const inject = stepped(injectors.inject)
  return () => {
    const memory = {
      table: table.create({ submitters: 3, jobs: 2, slotBytes: 128, workers: 2 }),
      injectors: [rings.create(8, 8, ownerOf(2))],
      deques: [deques.create(2, "lifo"), deques.create(2, "lifo")],
      idle: idle.create(2),
      bells: bells.create(3)
    }
    const [ring] = memory.injectors
    const ground = (): Ground => {
      const own = [0, 1, 2].map((row) => new bells.Doorbell(memory.bells, row))
      return {
        table: new table.JobTable(memory.table),
        bells: own,
        idle: new idle.IdleSet(memory.idle, plain(own.slice(1)))
      }
    }
    const open = (owner: number): Side => ({
      ...ground(),
      injectors: memory.injectors.map((sab) => new rings.MpmcWriter(sab, owner))
    })
    const first = ground()
    for (const place of [0, 1]) alone(first.table.started(table.numberOf(place, 1)))
    const worker = (place: number): Worker => {
      const side = open(ownerOf(place))
      const deque = new deques.StealOwner(memory.deques[place]!)
      const next = new kernel.NextJob({
        place,
        idle: plain(side.idle),
        deque: plain(deque),
        inbox: { next: () => -1, hasNews: () => false },
        injector: plain(new injectors.InjectorReader(memory, ownerOf(place))),
        thieves: plain(memory.deques.map((sab) => new deques.StealThief(sab))),
        stole: () => {}
      })
      return { ...side, place, number: table.numberOf(place, 1), deque, next, waiting: -1, left: 0 }
    }
    return {
      racing: racingIn(ring!),
      ground,
      open,
      worker,
      inject: (side, slot) => inject(plain(side), slot),
      *recover(owner) {
        return (yield* new recoveries.MpmcRecovery(ring!).recover(owner)).isSettled
      },
      numberOf: (place) => table.numberOf(place, 1)
    }
  }
}

/** What has become of the jobs, by their number. */
class Books {
  readonly begun = new Map<number, number>()
  readonly back = new Map<number, number>()

  /** A worker was woken, and has not looked yet. */
  isUnseen = false
  /** Nobody may begin this one any more. */
  givenUp = -1
  /** Its asker has gone, and its handler may hear of that. */
  isWithdrawn = false
  /** What its worker ends is of nobody any more. */
  condemned = -1

  count(of: Map<number, number>, job: number): void {
    if (of === this.begun && job === this.givenUp) throw new Violation(`job ${job} was begun, which was given up`)
    const times = (of.get(job) ?? 0) + 1
    if (times > 1) throw new Violation(`job ${job} was ${of === this.begun ? "begun" : "given back"} twice`)
    of.set(job, times)
  }

  has(job: number): boolean {
    return this.begun.has(job)
  }
}

// ---- a worker

/** What a job does while it is run: nothing, or something that takes others. */
type Deed = (job: number) => Body

/** Ends a job, and tells who has submitted it. */
function* end({ bells, table }: Side, slot: number): Body {
  if (!(yield* table.write(slot))) return
  yield* table.settle(slot, DONE, 0)
  yield* bells[yield* table.submitterOf(slot)]!.ring()
}

function* run(worker: Worker, slot: number, books: Books, deed: Deed): Body {
  const { bells, table } = worker
  const answer = yield* table.begin(slot, worker.number)
  if (answer === DISCARDED) {
    yield* table.giveBack(slot)
    yield* bells[yield* table.submitterOf(slot)]!.ring()
  }
  if (answer !== BEGUN) return
  const job = yield* table.messageOf(slot)
  books.count(books.begun, job)
  if (job !== OUTER) {
    yield* deed(job)
    return yield* end(worker, slot)
  }
  // Its handler waits for two jobs of its own, and its worker goes on meanwhile.
  worker.waiting = slot
  worker.left = 2
  const first = rowOf(worker.place) * 2
  for (const nested of [0, 1]) {
    yield* table.enqueue(first + nested, nested, 0, Infinity)
    yield* worker.deque.push(first + nested)
    yield* worker.idle.wake()
  }
}

/** Takes back what has come back to a row. */
function* collect(side: Side, row: number, books: Books): Body<number> {
  const { table } = side
  if (!(yield* table.hasFinished(row))) return 0
  const into = new Int32Array(2)
  const count = yield* table.takeFinished(row, into)
  for (let left = count; left > 0; left--) {
    yield* takeBack(side, into[left - 1]!, books)
    yield* table.done(row, left - 1)
  }
  return count
}

function* takeBack({ table }: Side, slot: number, books: Books): Body {
  const job = yield* table.messageOf(slot)
  books.count(books.back, job)
  equal((yield* table.stageOf(slot)) === DONE, books.has(job), `whether job ${job}, which has come back, was begun`)
  yield* table.free(slot)
}

function* work(pool: Pool, place: number, books: Books, deed: Deed, misuse: Misuse): Body {
  const worker = pool.worker(place)
  const { bells, next, table } = worker
  const row = rowOf(place)
  while ((yield* table.phase()) !== ENDED) {
    worker.left -= yield* collect(worker, row, books)
    if (worker.waiting >= 0 && worker.left === 0) {
      yield* end(worker, worker.waiting)
      worker.waiting = -1
    }
    const slot = yield* next.next(true, worker.waiting >= 0)
    if (slot >= 0) {
      yield* run(worker, slot, books, deed)
      continue
    }
    const before = misuse.looksBeforeAnnouncing === true && (yield* next.hasNext(true))
    yield* next.announce(true)
    const isReady = misuse.looksBeforeAnnouncing === true ? before : yield* next.hasNext(true)
    if (!isReady && !(yield* table.hasFinished(row)) && (yield* table.phase()) !== ENDED) {
      const wait = yield* bells[row]!.wait()
      if (wait.async) yield* settle(wait.value)
    }
    yield* next.retract()
    books.isUnseen = false
  }
}

// ---- who submits

/** What a submitter knows. */
interface Submitter extends Side {
  readonly pool: Pool
  readonly books: Books
  readonly misuse: Misuse
  /** Who lived when it last looked, and how often that had changed. */
  readonly living: Int32Array
  changes: number
  /** Jobs that have not come back. */
  left: number
}

/** Has a worker woken for a job; of two that nobody has looked for yet one is woken for both. */
function* wake({ books, idle }: Submitter): Body {
  const isUnseen = books.isUnseen
  if (!(yield* idle.wake())) return
  if (isUnseen && books.isUnseen) throw new Violation("two workers were woken, and the first had not looked yet")
  books.isUnseen = true
}

function* putNumber(submitter: Submitter, slot: number): Body {
  equal(yield* submitter.pool.inject(submitter, slot), true, "room for the number of a job")
}

function* submit(submitter: Submitter, slot: number, job: number): Body {
  const isEarly = submitter.misuse.wakesBeforeItPutsTheNumberIn === true
  submitter.left++
  yield* submitter.table.enqueue(slot, job, 0, Infinity)
  if (isEarly) yield* wake(submitter)
  yield* putNumber(submitter, slot)
  if (!isEarly) yield* wake(submitter)
}

/** Looks what has become of each job when a worker has died: as a submitter of a pool does. */
function* look(submitter: Submitter): Body {
  const { books, living, misuse, table } = submitter
  yield* table.living(living)
  submitter.changes = yield* table.changes()
  submitter.left -= yield* collect(submitter, HOST, books)
  for (const slot of [0, 1]) {
    const stage = yield* table.stageOf(slot)
    const isLost = yield* table.isLost(slot, living)
    if (isLost && stage >= OUTCOME) {
      yield* takeBack(submitter, slot, books)
      submitter.left--
    } else if (isLost || stage === QUEUED) {
      if (isLost) yield* beginAgain(submitter, slot)
      if (misuse.putsNoNumberInAgain !== true) yield* putNumber(submitter, slot)
    }
  }
  yield* submitter.idle.wake()
}

function* beginAgain({ books, table }: Submitter, slot: number): Body {
  books.begun.delete(yield* table.messageOf(slot))
  if (yield* table.again(slot)) return
  // It was writing its outcome: this job is lost, and another one has its slot.
  const job = yield* table.messageOf(slot)
  yield* table.free(slot)
  yield* table.enqueue(slot, job, 0, Infinity)
}

/** Sleeps until all have come back. */
function* awaitAll(submitter: Submitter): Body {
  const { bells, books, table } = submitter
  for (;;) {
    submitter.left -= yield* collect(submitter, HOST, books)
    if ((yield* table.changes()) !== submitter.changes) yield* look(submitter)
    if (submitter.left === 0) return
    yield* bells[HOST]!.prepare()
    if (!(yield* table.hasFinished(HOST)) && (yield* table.changes()) === submitter.changes) {
      const wait = yield* bells[HOST]!.wait()
      if (wait.async) yield* settle(wait.value)
    }
    yield* bells[HOST]!.retract()
  }
}

interface Scene {
  readonly scenario: string
  readonly preemptions: number
  readonly misuse: Misuse
  /** What who submits does. */
  readonly submits: (submitter: Submitter) => Body
  readonly deed: (books: Books) => Deed
  /** How many jobs there are, those that jobs submit included. */
  readonly total: number
  /** Whether a worker may die. */
  readonly dies?: boolean
}

const program = ({ deed, dies, misuse, preemptions, scenario, submits, total }: Scene): Model => ({
  structure: "Pool",
  scenario,
  protocol: "wake one, who wakes the next",
  preemptions,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const pool = make()
      const books = new Books()
      const submitter = function*(): Body {
        const side = pool.open(HOST_OWNER)
        const changes = yield* side.table.changes()
        const own = { ...side, pool, books, misuse, living: new Int32Array(2), changes, left: 0 }
        yield* submits(own)
        yield* side.table.setPhase(ENDED)
        for (const bell of side.bells) yield* bell.ring()
      }
      const worker = (place: number) => work(pool, place, books, deed(books), misuse)
      return {
        threads: [
          thread("worker0", worker(0), dies),
          thread("worker1", worker(1)),
          thread("submitter", submitter())
        ],
        ...(dies === true ? { racing: pool.racing, onDeath: () => [thread("heir", bury(pool, misuse))] } : {}),
        check: () => {
          equal(books.back.size, total - (books.condemned < 0 ? 0 : 1), "jobs that have come back")
          if (books.condemned < 0) return
          equal(alone(pool.ground().table.stageOf(books.condemned)), CONDEMNED, "the stage of what is condemned")
        }
      }
    }
  }
})

/** What who looks after the workers does when the first has died. */
function* bury(pool: Pool, misuse: Misuse): Body {
  const { bells, idle, table } = pool.ground()
  yield* table.ended(pool.numberOf(0))
  while (!(yield* pool.recover(ownerOf(0)))) yield* spin()
  if (misuse.wakesNobodyForTheDead !== true) yield* idle.wakeForDead()
  for (const bell of bells) yield* bell.ringForDead()
}

/** Each goes on once the other one has begun: two workers have to run them. */
const together = (books: Books): Deed =>
  function*(job) {
    while (!books.has(1 - job)) yield* spin()
  }

/** The second goes on until its asker has gone. */
const untilWithdrawn = (books: Books): Deed =>
  function*(job) {
    if (job === 0) return
    while (!books.isWithdrawn) yield* spin()
  }

const atOnce = (): Deed => function*() {}

const outside = (misuse: Misuse = {}) =>
  program({
    scenario: "two jobs that need each other to be run",
    preemptions: 1,
    submits: function*(submitter) {
      yield* submit(submitter, 0, 0)
      yield* submit(submitter, 1, 1)
      yield* awaitAll(submitter)
    },
    total: 2,
    deed: together,
    misuse
  })

const nested = (misuse: Misuse = {}) =>
  program({
    scenario: "a job that waits for two of its own, which need each other to be run",
    preemptions: 1,
    submits: function*(submitter) {
      yield* submit(submitter, 0, OUTER)
      yield* awaitAll(submitter)
    },
    total: 3,
    deed: together,
    misuse
  })

const givenUp = (misuse: Misuse = {}) =>
  program({
    scenario: "a job that is given up, and condemned if a worker runs it",
    preemptions: 1,
    submits: function*(submitter) {
      const { books, table } = submitter
      yield* submit(submitter, 0, 0)
      yield* submit(submitter, 1, 1)
      const worker = yield* table.withdraw(1)
      books.isWithdrawn = true
      if (worker < 0) {
        if ((yield* table.stageOf(1)) === WITHDRAWN) books.givenUp = 1
      } else if (yield* table.condemn(1)) {
        books.condemned = 1
        submitter.left--
      }
      yield* awaitAll(submitter)
    },
    total: 2,
    deed: untilWithdrawn,
    misuse
  })

const again = (misuse: Misuse = {}) =>
  program({
    scenario: "a number that is there twice, and its slot has another job by then",
    preemptions: 1,
    submits: function*(submitter) {
      yield* submit(submitter, 0, 0)
      yield* putNumber(submitter, 0)
      yield* submitter.idle.wake()
      yield* awaitAll(submitter)
      yield* submit(submitter, 0, 1)
      yield* awaitAll(submitter)
    },
    total: 2,
    deed: atOnce,
    misuse
  })

const death = (misuse: Misuse = {}) =>
  program({
    scenario: "a worker dies",
    preemptions: 0,
    submits: function*(submitter) {
      yield* submit(submitter, 0, 0)
      yield* submit(submitter, 1, 1)
      yield* awaitAll(submitter)
    },
    total: 2,
    deed: atOnce,
    dies: true,
    misuse
  })

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [outside(), nested(), givenUp(), again(), death()]

const kernel = "../pool/kernel/NextJob"

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "looks for jobs before it announces that it sleeps", model: outside({ looksBeforeAnnouncing: true }) },
  { name: "wakes a worker before the number is there", model: outside({ wakesBeforeItPutsTheNumberIn: true }) },
  {
    name: "puts no number in again that the dead one may have taken out",
    model: death({ putsNoNumberInAgain: true })
  },
  { name: "wakes nobody for the dead, which seems to search", model: death({ wakesNobodyForTheDead: true }) },
  {
    name: "finds a job, and leaves the next one to nobody",
    model: outside(),
    mutations: [{
      module: kernel,
      find: "if (idle.found(place) && this.hasWork()) idle.wake()",
      replace: "idle.found(place)"
    }]
  },
  {
    name: "takes a job while it seems to search",
    model: outside(),
    mutations: [{
      module: kernel,
      find: "    this.maySearch = true\n    idle.retract(place)",
      replace: "    idle.retract(place)"
    }]
  },
  {
    name: "looks at its own deque only, once more, before it sleeps",
    model: nested(),
    mutations: [{ module: kernel, find: "return !idle.isCrowded() && this.hasWork()", replace: "return false" }]
  },
  {
    name: "wakes a worker that does not count as one that searches",
    model: outside(),
    mutations: [{
      module: "IdleSet",
      find: "        Atomics.or(cells, searchingCell + word, bit)\n",
      replace: ""
    }]
  },
  {
    name: "begins a job without an exchange",
    model: again(),
    mutations: [{
      module: "JobTable",
      find: "if (Atomics.compareExchange(cells, cell, state, taken | running) !== state) continue",
      replace: "Atomics.store(cells, cell, taken | running)"
    }]
  },
  {
    name: "ends a job that is condemned",
    model: givenUp(),
    mutations: [{
      module: "JobTable",
      find: "    if ((state & STAGE) !== running) return false\n"
        + "    return Atomics.compareExchange(cells, cell, state, (state & ~STAGE) | WRITING) === state",
      replace: "    Atomics.store(cells, cell, (state & ~STAGE) | WRITING)\n    return true"
    }]
  },
  {
    name: "begins what nobody waits for any more",
    model: givenUp(),
    mutations: [{
      module: "JobTable",
      find: "      if (stage === queued) {\n        if (Atomics.compareExchange(cells, cell, state, taken | running)",
      replace:
        "      if (stage === queued || stage === WITHDRAWN) {\n        if (Atomics.compareExchange(cells, cell, state, taken | running)"
    }]
  }
]
