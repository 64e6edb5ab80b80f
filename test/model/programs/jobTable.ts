/**
 * Programs on `JobTable`: workers that come with the same numbers, a submitter that withdraws and uses a slot again, and deaths, after which the
 * submitter finds out what has become of each job.
 */
import type * as JobTableModule from "../../../src/memory/JobTable.ts"
import { Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Table = Gated<JobTableModule.JobTable>

const FREE = 0
const QUEUED = 1
const RUNNING = 2
const WITHDRAWN = 4
const CONDEMNED = 5
const OUTCOME = 6
const BEGUN = 0
const DISCARDED = 1

/** Ways to use the table wrongly. */
interface Misuse {
  readonly looksBeforeItEmptiesTheList?: boolean
  readonly takesTheLivingForDead?: boolean
  readonly looksWhoLivesLast?: boolean
}

/** Ways to take a row over wrongly. */
interface HeirMisuse {
  readonly putsNothingIn?: boolean
  readonly forgetsWhatWasTaken?: boolean
  readonly freesWhatRuns?: boolean
}

interface Stage {
  readonly table: () => Table
  readonly numbers: readonly [number, number]
}

/** A table of two jobs, both waiting, and two workers. */
const stage = async (load: Load): Promise<() => Stage> => {
  const module = await load<typeof JobTableModule>("JobTable")
  return () => {
    const sab = module.create({ submitters: 1, jobs: 2, slotBytes: 128, workers: 2 })
    const table = () => new module.JobTable(sab)
    const numbers = [module.numberOf(0, 1), module.numberOf(1, 1)] as const
    const first = table()
    for (const number of numbers) alone(first.started(number))
    for (const slot of [0, 1]) alone(first.enqueue(slot, slot, 0, Infinity))
    return { table, numbers }
  }
}

/** Comes with these numbers, and does what it may begin. */
function* work(table: Table, number: number, hints: ReadonlyArray<number>, begun: Array<number>): Body {
  for (const slot of hints) {
    const answer = yield* table.begin(slot, number)
    if (answer === DISCARDED) yield* table.giveBack(slot)
    if (answer !== BEGUN) continue
    begun[slot]!++
    equal(yield* table.messageOf(slot), slot, "the message")
    if (yield* table.write(slot)) yield* table.settle(slot, OUTCOME + 1, 8)
  }
}

/** Takes what has come back. */
function* collect(table: Table, back: Array<number>): Body {
  const into = new Int32Array(2)
  const count = yield* table.takeFinished(0, into)
  for (let left = count; left > 0; left--) back[into[left - 1]!]!++
  yield* table.done(0, 0)
}

/** Both workers come with both numbers, one of them twice; the submitter withdraws one job and uses the slot of the other again. */
const hints: Model = {
  structure: "JobTable",
  scenario: "numbers that are there twice, and a job that is withdrawn",
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers, table } = make()
      const begun = [0, 0]
      const back = [0, 0]
      let again = 0
      const submitter = function*(): Body {
        const own = table()
        yield* own.withdraw(1)
        yield* collect(own, back)
        if (back[0] === 0) return
        yield* own.free(0)
        again = 1
        yield* own.enqueue(0, 0, 0, Infinity)
      }
      return {
        threads: [
          thread("worker0", work(table(), numbers[0], [0, 1], begun)),
          thread("worker1", work(table(), numbers[1], [1, 0, 0], begun)),
          thread("submitter", submitter())
        ],
        check: () => {
          const own = table()
          alone(collect(own, back))
          const waits = alone(own.stageOf(0)) === QUEUED ? 1 : 0
          equal(begun[0]! + waits, 1 + again, "times that the first job was begun, or waits")
          equal(back[0], begun[0], "times that it came back")
          equal(back[1], 1, "times that the second came back")
          if (begun[1]! > 1) throw new Violation("the second job was begun twice")
        }
      }
    }
  }
}

/** What the submitter finds out about a job after a death. */
type Fate = "back" | "lost" | "waits"

function* audit(table: Table, fates: Array<Array<Fate>>, misuse: Misuse): Body {
  const into = new Int32Array(2)
  const take = function*(): Body {
    for (let left = yield* table.takeFinished(0, into); left > 0; left--) {
      fates[into[left - 1]!]!.push("back")
      yield* table.free(into[left - 1]!)
      yield* table.done(0, left - 1)
    }
  }
  const living = new Int32Array(2)
  yield* table.living(living)
  if (misuse.looksBeforeItEmptiesTheList !== true) yield* take()
  if (misuse.looksWhoLivesLast === true) yield* table.living(living)
  for (const slot of [0, 1]) {
    const stage = yield* table.stageOf(slot)
    if (stage === FREE || stage === QUEUED) continue
    if (!(misuse.takesTheLivingForDead === true || (yield* table.isLost(slot, living)))) continue
    if (stage === RUNNING) yield* table.again(slot)
    else {
      fates[slot]!.push(stage >= OUTCOME ? "back" : "lost")
      yield* table.free(slot)
    }
  }
  if (misuse.looksBeforeItEmptiesTheList === true) yield* take()
}

/** One worker dies anywhere; the submitter looks for what it had while the other one works on. */
const death = (misuse: Misuse = {}): Model => ({
  structure: "JobTable",
  scenario: "a worker dies",
  preemptions: 2,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers, table } = make()
      const begun = [0, 0]
      const fates: Array<Array<Fate>> = [[], []]
      const heir = function*(): Body {
        const own = table()
        yield* own.ended(numbers[0])
        yield* audit(own, fates, misuse)
      }
      return {
        threads: [
          thread("mortal", work(table(), numbers[0], [0, 1], begun), true),
          thread("survivor", work(table(), numbers[1], [1], begun))
        ],
        onDeath: () => [thread("submitter", heir())],
        check: () => {
          const own = table()
          const back = [0, 0]
          alone(collect(own, back))
          for (const slot of [0, 1]) {
            const stage = alone(own.stageOf(slot))
            const heard = fates[slot]!.length + back[slot]!
            // What was running waits again, and may have been done since.
            equal(heard + (stage === QUEUED ? 1 : 0), 1, `outcomes of job ${slot}, which is in stage ${stage},`)
          }
        }
      }
    }
  }
})

/** A worker gives its slots back and ends, while its submitter looks for what others had that have ended. */
const lateDeath = (misuse: Misuse = {}): Model => ({
  structure: "JobTable",
  scenario: "a worker ends while its submitter looks for what another has left",
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers, table } = make()
      const fates: Array<Array<Fate>> = [[], []]
      const worker = function*(): Body {
        const own = table()
        yield* work(own, numbers[0], [0, 1], [0, 0])
        yield* own.ended(numbers[0])
      }
      return {
        threads: [thread("worker", worker()), thread("submitter", audit(table(), fates, misuse))],
        check: () => {
          alone(audit(table(), fates, {}))
          for (const slot of [0, 1]) equal(fates[slot]!.join(), "back", `what was heard of job ${slot}`)
        }
      }
    }
  }
})

/** A submitter dies while it takes what has come back; the next one is to find all of it, once. */
const heirs = (isHeir = true): Model => ({
  structure: "JobTable",
  scenario: "a submitter dies while it takes slots back",
  preemptions: 2,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers, table } = make()
      const into = new Int32Array(2)
      const free = function*(own: Table, count: number): Body {
        for (let left = count; left > 0; left--) {
          const slot = into[left - 1]!
          if ((yield* own.stageOf(slot)) === FREE) throw new Violation("a slot came back that was free")
          yield* own.free(slot)
          yield* own.done(0, left - 1)
        }
      }
      const mortal = function*(): Body {
        const own = table()
        yield* free(own, yield* own.takeFinished(0, into))
        yield* free(own, yield* own.takeFinished(0, into))
      }
      const heir = function*(own: Table): Body {
        if (isHeir) {
          yield* free(own, yield* own.takeLeft(0, into))
          yield* own.done(0, 0)
        }
        const count = yield* own.takeFinished(0, into)
        equal(new Set(into.subarray(0, count)).size, count, "slots in the list")
        yield* free(own, count)
      }
      return {
        threads: [
          thread("worker0", work(table(), numbers[0], [0], [0, 0])),
          thread("worker1", work(table(), numbers[1], [1], [0, 0])),
          thread("submitter", mortal(), true)
        ],
        check: () => {
          const own = table()
          alone(heir(own))
          for (const slot of [0, 1]) equal(alone(own.stageOf(slot)), FREE, `the stage of job ${slot}`)
        }
      }
    }
  }
})

/** The queue between a client and a worker, which neither loses nor doubles anything. */
type Hints = Array<number>

const CLIENTS_MESSAGE = 3
const NEXT_MESSAGE = 5

function* client(table: Table, hints: Hints): Body {
  const into = new Int32Array(2)
  for (const slot of [0, 1]) {
    yield* table.enqueue(slot, CLIENTS_MESSAGE, 0, Infinity)
    hints.push(slot)
  }
  for (let left = yield* table.takeFinished(0, into); left > 0; left--) {
    yield* table.free(into[left - 1]!)
    yield* table.done(0, left - 1)
  }
}

/** Does what it finds, and holds its job for a moment. */
function* serve(table: Table, number: number, hints: Hints): Body {
  for (let slot = hints.shift(); slot !== undefined; slot = hints.shift()) {
    const answer = yield* table.begin(slot, number)
    if (answer === DISCARDED) yield* table.giveBack(slot)
    if (answer !== BEGUN) continue
    const message = yield* table.messageOf(slot)
    if (!(yield* table.write(slot))) throw new Violation("a job was taken from its worker")
    equal(yield* table.messageOf(slot), message, "the message of a job that is about to be answered")
    yield* table.settle(slot, OUTCOME + 1, 8)
  }
}

/** Takes back what is in the list and what a dead one had taken out of it; answers whether that was all. */
function* collectFor(table: Table, misuse: HeirMisuse): Body<boolean> {
  const into = new Int32Array(2)
  const take = function*(count: number): Body {
    for (let left = count; left > 0; left--) {
      if ((yield* table.stageOf(into[left - 1]!)) === FREE) throw new Violation("a slot came back that was free")
      yield* table.free(into[left - 1]!)
      yield* table.done(0, left - 1)
    }
  }
  if (misuse.forgetsWhatWasTaken !== true) yield* take(yield* table.takeLeft(0, into))
  yield* table.done(0, 0)
  yield* take(yield* table.takeFinished(0, into))
  for (const slot of [0, 1]) if ((yield* table.stageOf(slot)) !== FREE) return false
  return true
}

/** Has the row of one that has gone: nobody waits for what is under way, and whoever is next gets it when nothing is. */
function* inherit(table: Table, hints: Hints, misuse: HeirMisuse): Body {
  for (const slot of [0, 1]) {
    yield* table.withdraw(slot)
    const stage = yield* table.stageOf(slot)
    if (misuse.putsNothingIn !== true && (stage === QUEUED || stage === WITHDRAWN)) hints.push(slot)
    if (misuse.freesWhatRuns === true && stage === RUNNING) yield* table.free(slot)
  }
  if (!(yield* collectFor(table, misuse))) return
  yield* table.enqueue(0, NEXT_MESSAGE, 0, Infinity)
  hints.push(0)
}

/** A client of a pool dies anywhere while a worker does its jobs; its heir takes them back, and the next one gets the row. */
const clientDies = (misuse: HeirMisuse = {}): Model => ({
  structure: "JobTable",
  scenario: "a client dies, and its row is another's when nothing of it is under way",
  preemptions: 3,
  prepare: async (load) => {
    const module = await load<typeof JobTableModule>("JobTable")
    return () => {
      const sab = module.create({ submitters: 1, jobs: 2, slotBytes: 128, workers: 2 })
      const table = () => new module.JobTable(sab)
      const numbers = [module.numberOf(0, 1), module.numberOf(1, 1)] as const
      for (const number of numbers) alone(table().started(number))
      const hints: Hints = []
      return {
        threads: [
          thread("client", client(table(), hints), true),
          thread("worker", serve(table(), numbers[0], hints))
        ],
        onDeath: () => [thread("heir", inherit(table(), hints, misuse))],
        check: () => {
          const own = table()
          alone(serve(own, numbers[0], hints))
          equal(alone(collectFor(own, misuse)), true, "whether the row is free in the end")
        }
      }
    }
  }
})

/** Two workers give slots back while the submitter takes them. */
const list: Model = {
  structure: "JobTable",
  scenario: "slots come back while they are taken",
  preemptions: 4,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers, table } = make()
      const begun = [0, 0]
      const back = [0, 0]
      const submitter = function*(): Body {
        const own = table()
        yield* collect(own, back)
        yield* collect(own, back)
      }
      return {
        threads: [
          thread("worker0", work(table(), numbers[0], [0], begun)),
          thread("worker1", work(table(), numbers[1], [1], begun)),
          thread("submitter", submitter())
        ],
        check: () => {
          alone(collect(table(), back))
          equal(back.join(), "1,1", "times that the slots came back")
        }
      }
    }
  }
}

/** The submitter condemns two jobs that it has withdrawn while one worker ends the first and the other gives the second back. */
const condemned: Model = {
  structure: "JobTable",
  scenario: "jobs that are condemned while they end",
  preemptions: 4,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers, table } = make()
      const begun = [0, 0]
      const back = [0, 0]
      const isCondemned = [false, false]
      let isPutBack = false
      const giver = function*(): Body {
        const own = table()
        if ((yield* own.begin(1, numbers[1])) === BEGUN) isPutBack = yield* own.again(1)
      }
      const submitter = function*(): Body {
        const own = table()
        for (const slot of [0, 1]) {
          if ((yield* own.withdraw(slot)) >= 0) isCondemned[slot] = yield* own.condemn(slot)
        }
      }
      return {
        threads: [
          thread("worker0", work(table(), numbers[0], [0], begun)),
          thread("worker1", giver()),
          thread("submitter", submitter())
        ],
        check: () => {
          const own = table()
          alone(collect(own, back))
          equal(back[0], isCondemned[0] === true ? 0 : 1, "times that the first job came back")
          for (const slot of [0, 1]) {
            equal(alone(own.stageOf(slot)) === CONDEMNED, isCondemned[slot], `whether job ${slot} stays condemned`)
          }
          if (isPutBack && isCondemned[1] === true) throw new Violation("the second job was put back and condemned")
          if (isPutBack) {
            const stage = alone(own.stageOf(1))
            if (stage !== QUEUED && stage !== WITHDRAWN) throw new Violation(`the second job is in stage ${stage}`)
          }
        }
      }
    }
  }
}

/** One worker puts a job back and the other begins it, while the submitter withdraws it, and may condemn it: whoever has it then knows. */
const passedOn = (condemns: boolean): Model => ({
  structure: "JobTable",
  scenario: `a job that is ${condemns ? "condemned" : "withdrawn"} while it goes from one worker to another`,
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers, table } = make()
      let told = -1
      let isSeen = false
      let isCondemned = false
      const giver = function*(): Body {
        const own = table()
        if ((yield* own.begin(0, numbers[0])) === BEGUN) yield* own.again(0)
      }
      const taker = function*(): Body {
        const own = table()
        if ((yield* own.begin(0, numbers[1])) === BEGUN) isSeen = yield* own.isWithdrawn(0)
      }
      const submitter = function*(): Body {
        const own = table()
        told = yield* own.withdraw(0)
        if (condemns && told >= 0) isCondemned = yield* own.condemn(0)
      }
      return {
        threads: [thread("worker0", giver()), thread("worker1", taker()), thread("submitter", submitter())],
        check: () => {
          const own = table()
          const stage = alone(own.stageOf(0))
          if (stage === QUEUED) throw new Violation("the job waits for somebody to begin it")
          equal(stage === CONDEMNED, isCondemned, "whether the job stays condemned")
          if (stage !== RUNNING) return
          if (condemns) throw new Violation("the job runs on, and nobody waits for it")
          equal(alone(own.isWithdrawn(0)), true, "whether who has the job sees that nobody waits for it")
          equal(isSeen || told === 1, true, "whether who has the job saw that by itself, or is told")
        }
      }
    }
  }
})

/** One worker puts a job back whose run has a limit and the other begins it, while the submitter looks: what it sees of the second run is not of the first. */
const starts: Model = {
  structure: "JobTable",
  scenario: "a run with a limit that starts again on another worker",
  preemptions: 3,
  prepare: async (load) => {
    const module = await load<typeof JobTableModule>("JobTable")
    return () => {
      const sab = module.create({ submitters: 1, jobs: 2, slotBytes: 128, workers: 2 })
      const table = () => new module.JobTable(sab)
      const numbers = [module.numberOf(0, 1), module.numberOf(1, 1)] as const
      const stamps = [11, 22] as const
      alone(table().enqueue(0, 0, 0, Infinity, NaN, 0, 0, 50))
      const run = function*(worker: 0 | 1): Body<boolean> {
        const own = table()
        if ((yield* own.begin(0, numbers[worker])) !== BEGUN) return false
        if (yield* own.hasRunLimit(0)) yield* own.setStart(0, stamps[worker])
        return true
      }
      const giver = function*(): Body {
        if (yield* run(0)) yield* table().again(0)
      }
      const taker = function*(): Body {
        yield* run(1)
      }
      const submitter = function*(): Body {
        const own = table()
        const taken = yield* own.takerOf(0)
        if ((yield* own.stageOf(0)) !== RUNNING || taken !== numbers[1]) return
        const start = yield* own.startOf(0)
        if (start === stamps[0]) throw new Violation("the start of a run is taken for that of the next one")
      }
      return {
        threads: [thread("worker0", giver()), thread("worker1", taker()), thread("submitter", submitter())],
        check: () => {
          const own = table()
          const isRunning = alone(own.stageOf(0)) === RUNNING
          equal(alone(own.startOf(0)), isRunning ? stamps[1] : 0, "the start of the run that there is")
        }
      }
    }
  }
}

/** The submitter gives a job up, for a newer one, while workers come with its number. */
const givenUp: Model = {
  structure: "JobTable",
  scenario: "a job that is given up unless somebody has begun it",
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers, table } = make()
      const begun = [0, 0]
      const back = [0, 0]
      let givenUp = 0
      const submitter = function*(): Body {
        if (yield* table().withdrawQueued(0)) givenUp++
      }
      return {
        threads: [
          thread("worker0", work(table(), numbers[0], [0, 1], begun)),
          thread("worker1", work(table(), numbers[1], [0], begun)),
          thread("submitter", submitter())
        ],
        check: () => {
          alone(collect(table(), back))
          equal(begun[0]! + givenUp, 1, "times that it was begun or given up")
          equal(back[0], 1, "times that it came back")
        }
      }
    }
  }
}

/** Ways to find out wrongly whether the thread is there that has asked for a stream. */
interface ReaderMisuse {
  readonly succeedsFirst?: boolean
  readonly looksForNoWithdrawal?: boolean
  readonly looksLast?: boolean
}

/** Who has asked for a stream goes while a worker begins it, and another thread has the row: what the worker has noted of the row says so. */
const reader = (misuse: ReaderMisuse = {}): Model => ({
  structure: "JobTable",
  scenario: "who has asked for a stream goes while it is begun",
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { numbers: [one], table } = make()
      let noted: number | undefined
      const worker = function*(): Body {
        const own = table()
        if ((yield* own.begin(0, one)) !== BEGUN) return
        const withdrawnBefore = misuse.looksLast === true && (yield* own.isWithdrawn(0))
        const found = yield* own.heirsOf(0)
        const isWithdrawn = misuse.looksLast === true ? withdrawnBefore : yield* own.isWithdrawn(0)
        noted = isWithdrawn && misuse.looksForNoWithdrawal !== true ? found - 1 : found
      }
      const heir = function*(): Body {
        const own = table()
        if (misuse.succeedsFirst === true) yield* own.succeed(0)
        yield* own.withdraw(0)
        if (misuse.succeedsFirst !== true) yield* own.succeed(0)
      }
      return {
        threads: [thread("worker", worker()), thread("heir", heir())],
        check: () => {
          const last = table()
          equal(alone(last.successions()), 1, "rows that have become another thread's")
          if (noted === alone(last.heirsOf(0))) throw new Violation("a stream is taken for one of the next thread")
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [
  hints,
  givenUp,
  list,
  death(),
  lateDeath(),
  heirs(),
  condemned,
  passedOn(false),
  passedOn(true),
  starts,
  clientDies(),
  reader()
]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "takes a row over before what was asked there is withdrawn", model: reader({ succeedsFirst: true }) },
  { name: "begins a stream for a job that is withdrawn", model: reader({ looksForNoWithdrawal: true }) },
  { name: "looks who has the row after whether the job is withdrawn", model: reader({ looksLast: true }) },
  {
    name: "begins a job without looking who else does",
    model: hints,
    mutations: [{
      module: "JobTable",
      find: "if (Atomics.compareExchange(cells, cell, state, taken | running) !== state) continue",
      replace: "Atomics.store(cells, cell, taken | running)"
    }]
  },
  {
    name: "withdraws a job that is begun",
    model: hints,
    mutations: [{
      module: "JobTable",
      find: "if (Atomics.compareExchange(cells, cell, state, (state & ~STAGE) | WITHDRAWN) === state) return -1",
      replace: "Atomics.store(cells, cell, (state & ~STAGE) | WITHDRAWN)\n        return -1"
    }]
  },
  {
    name: "gives up a job without looking whether it is being begun",
    model: givenUp,
    mutations: [{
      module: "JobTable",
      find: "return Atomics.compareExchange(this.cells, cell, state, (state & ~STAGE) | WITHDRAWN) === state",
      replace: "Atomics.store(this.cells, cell, (state & ~STAGE) | WITHDRAWN)\n    return true"
    }]
  },
  {
    name: "pushes onto the list in two steps",
    model: list,
    mutations: [{
      module: "JobTable",
      find:
        "const found = Atomics.compareExchange(cells, head, first, slot + 1)\n      if (found === first) return\n      first = found",
      replace: "Atomics.store(cells, head, slot + 1)\n      return"
    }]
  },
  {
    name: "stores the link after the push",
    model: list,
    mutations: [{
      module: "JobTable",
      find: "cells[next] = first\n      const found = Atomics.compareExchange(cells, head, first, slot + 1)",
      replace: "const found = Atomics.compareExchange(cells, head, first, slot + 1)\n      cells[next] = first"
    }]
  },
  {
    name: "writes the outcome of a job without looking whether it is condemned",
    model: condemned,
    mutations: [{
      module: "JobTable",
      find: "return Atomics.compareExchange(cells, cell, state, (state & ~STAGE) | WRITING) === state",
      replace: "Atomics.store(cells, cell, (state & ~STAGE) | WRITING)\n    return true"
    }]
  },
  {
    name: "puts a job back without looking whether it is condemned",
    model: condemned,
    mutations: [{
      module: "JobTable",
      find: "Atomics.compareExchange(cells, cell, state, waiting) !== state) return false",
      replace: "Atomics.store(cells, cell, waiting) === 0) return false"
    }]
  },
  {
    name: "leaves a job to run that was being put back when it was condemned",
    model: passedOn(true),
    mutations: [{
      module: "JobTable",
      find: "if (stage !== running && stage !== queued ||",
      replace: "if (stage !== running ||"
    }]
  },
  {
    name: "withdraws a job from who had it before",
    model: passedOn(false),
    mutations: [{
      module: "JobTable",
      find: "if (Atomics.load(cells, cell) !== state) continue",
      replace: "if ((Atomics.load(cells, cell) & STAGE) === queued) continue"
    }]
  },
  {
    name: "leaves the start of a run to the next one",
    model: starts,
    mutations: [{
      module: "JobTable",
      find: "if (this.hasRunLimit(slot)) this.setStart(slot, 0)\n",
      replace: ""
    }]
  },
  {
    name: "takes the start of a run away when another worker may have begun the next one",
    model: starts,
    mutations: [{
      module: "JobTable",
      find: "if (Atomics.load(cells, cell + withdrawnWord) === (state & OF_JOB)) {\n      Atomics.compareExchange",
      replace:
        "this.setStart(slot, 0)\n    if (Atomics.load(cells, cell + withdrawnWord) === (state & OF_JOB)) {\n      Atomics.compareExchange"
    }]
  },
  {
    name: "condemns a job without looking whether it has ended",
    model: condemned,
    mutations: [{
      module: "JobTable",
      find: "if (Atomics.compareExchange(cells, cell, state, next) === state) return stage === running",
      replace: "Atomics.store(cells, cell, next)\n      return stage === running"
    }]
  },
  { name: "looks for what is lost before it empties the list", model: death({ looksBeforeItEmptiesTheList: true }) },
  { name: "takes what the living have for lost", model: death({ takesTheLivingForDead: true }) },
  { name: "looks who lives once it has emptied the list", model: lateDeath({ looksWhoLivesLast: true }) },
  { name: "forgets what one that died had taken", model: heirs(false) },
  { name: "does not put in again what a dead client had", model: clientDies({ putsNothingIn: true }) },
  { name: "forgets what a dead client had taken", model: clientDies({ forgetsWhatWasTaken: true }) },
  { name: "frees what runs for a dead client", model: clientDies({ freesWhatRuns: true }) },
  {
    name: "takes slots out before it says so",
    model: heirs(),
    mutations: [{
      module: "JobTable",
      find: "const found = Atomics.compareExchange(cells, head, last, 0)\n      if (found === last) break",
      replace:
        "cells[head + takenWord] = 0\n      const found = Atomics.compareExchange(cells, head, last, 0)\n      cells[head + takenWord] = last\n      if (found === last) break"
    }]
  }
]
