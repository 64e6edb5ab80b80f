/**
 * Programs on `KeyHolds`: workers that want the same key, one after the other, sleep while another one has it and wake each other; and one that dies with it.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as KeyHoldsModule from "../../../src/memory/KeyHolds.ts"
import type { Gated, Load } from "../gate.ts"
import { load as loadCell, settle, store } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Holds = Gated<KeyHoldsModule.KeyHolds>
type Bell = Gated<DoorbellModule.Doorbell>

/** Ways to use the keys wrongly. */
interface Misuse {
  readonly looksBeforeItAnnounces?: boolean
  readonly wakesNobody?: boolean
  readonly wakesNobodyForTheDead?: boolean
}

interface Side {
  readonly holds: Holds
  readonly bells: ReadonlyArray<Bell>
}

interface Stage {
  readonly side: () => Side
  /** Whether somebody runs a job of the key, and how many have run. */
  readonly jobs: Int32Array
}

const KEY = 1

const stage = async (load: Load, workers: number): Promise<() => Stage> => {
  const keyHolds = await load<typeof KeyHoldsModule>("KeyHolds")
  const doorbell = await load<typeof DoorbellModule>("Doorbell")
  return () => {
    const sab = keyHolds.create(2)
    const buffer = doorbell.create(workers)
    const side = (): Side => ({
      holds: new keyHolds.KeyHolds(sab),
      bells: Array.from({ length: workers }, (_, i) => new doorbell.Doorbell(buffer, i))
    })
    return { side, jobs: new Int32Array(new SharedArrayBuffer(8)) }
  }
}

function* acquire({ bells, holds }: Side, place: number, misuse: Misuse): Body {
  const bell = bells[place]!
  for (let seen = yield* holds.lifts(); !(yield* holds.take(KEY, place)); seen = yield* holds.lifts()) {
    const before = misuse.looksBeforeItAnnounces === true ? yield* holds.lifts() : seen
    yield* bell.prepare()
    const after = misuse.looksBeforeItAnnounces === true ? before : yield* holds.lifts()
    if (after === seen) {
      const wait = yield* bell.wait()
      if (wait.async) yield* settle(wait.value)
    }
    yield* bell.retract()
  }
}

/** Runs so many jobs of the key. */
function* work(side: Side, jobs: Int32Array, place: number, count: number, misuse: Misuse = {}): Body {
  for (let i = 0; i < count; i++) {
    yield* acquire(side, place, misuse)
    equal(yield* loadCell(jobs, 0), 0, "jobs of the key that run when another one is begun")
    yield* store(jobs, 0, 1)
    yield* store(jobs, 1, (yield* loadCell(jobs, 1)) + 1)
    yield* store(jobs, 0, 0)
    if (!(yield* side.holds.release(KEY)) || misuse.wakesNobody === true) continue
    for (const [other, bell] of side.bells.entries()) if (other !== place) yield* bell.ring()
  }
}

const sharing = (misuse: Misuse = {}): Model => ({
  structure: "KeyHolds",
  scenario: "two workers want one key",
  protocol: "announce, look once more, sleep",
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { jobs, side } = make()
      return {
        threads: [0, 1].map((place) => thread(`worker ${place}`, work(side(), jobs, place, 2, misuse))),
        check: () => equal(jobs[1], 4, "jobs that have run")
      }
    }
  }
})

/** One dies with the key or without; what it had is free once somebody says so. */
const dying = (misuse: Misuse = {}): Model => ({
  structure: "KeyHolds",
  scenario: "a worker dies with a key",
  protocol: "all is free that it had, and the others are woken",
  preemptions: 2,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { jobs, side } = make()
      const mortal = function*(): Body {
        const own = side()
        yield* acquire(own, 0, {})
        if (yield* own.holds.release(KEY)) yield* own.bells[1]!.ring()
      }
      const bury = function*(): Body {
        const { bells, holds } = side()
        yield* holds.releaseAll(0)
        if (misuse.wakesNobodyForTheDead !== true) yield* bells[1]!.ringForDead()
      }
      return {
        threads: [
          thread("mortal", mortal(), true),
          thread("worker", work(side(), jobs, 1, 1))
        ],
        onDeath: () => [thread("who looks after them", bury())],
        check: () => equal(jobs[1], 1, "jobs that have run")
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [sharing(), dying()]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  {
    name: "looks whether the key is free before it announces that it sleeps",
    model: sharing({ looksBeforeItAnnounces: true })
  },
  { name: "wakes nobody who wants the key", model: sharing({ wakesNobody: true }) },
  { name: "wakes nobody when a worker has died with it", model: dying({ wakesNobodyForTheDead: true }) },
  {
    name: "forgets what the dead one had let go and not told of",
    model: dying(),
    mutations: [{
      module: "KeyHolds",
      find: "    Atomics.add(this.cells, liftsCell, 1)\n  }\n\n  /** How often",
      replace: "  }\n\n  /** How often"
    }]
  },
  {
    name: "does not say that it wants the key",
    model: sharing(),
    mutations: [{
      module: "KeyHolds",
      find: "Atomics.compareExchange(cells, cell, found, found | WANTED) === found",
      replace: "Atomics.load(cells, cell) === found"
    }]
  },
  {
    name: "does not count that the key is free",
    model: sharing(),
    mutations: [{
      module: "KeyHolds",
      find: "    if (isWanted) Atomics.add(this.cells, liftsCell, 1)",
      replace: ""
    }]
  },
  {
    name: "takes a key that another one has",
    model: sharing(),
    mutations: [{
      module: "KeyHolds",
      find: "if (found === 0) return true",
      replace: "if (found === 0 || found === 1) return true"
    }]
  }
]
