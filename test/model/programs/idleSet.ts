/**
 * Programs on `IdleSet`: workers that look for items, sleep while there are none and wake each other, and senders that add items and wake one.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as IdleSetModule from "../../../src/memory/IdleSet.ts"
import type { Gated, Load } from "../gate.ts"
import { add, compareExchange, load as loadCell, settle } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Set = Gated<IdleSetModule.IdleSet>
type Bell = Gated<DoorbellModule.Doorbell>

/** Ways to use the set wrongly. */
interface Misuse {
  readonly checksBeforeAnnouncing?: boolean
  readonly wakesBeforeAdding?: boolean
  readonly wakesNobodyWhenItHasFound?: boolean
  readonly nobodyWakesForTheDead?: boolean
}

const ITEMS_CELL = 0

interface Side {
  readonly set: Set
  readonly bells: ReadonlyArray<Bell>
}

interface Stage {
  readonly side: () => Side
  readonly items: Int32Array
}

const stage = async (load: Load, workers: number): Promise<() => Stage> => {
  const idle = await load<typeof IdleSetModule>("IdleSet")
  const doorbell = await load<typeof DoorbellModule>("Doorbell")
  return () => {
    const sab = idle.create(workers)
    const buffer = doorbell.create(workers)
    const side = (): Side => {
      const bells = Array.from({ length: workers }, (_, i) => new doorbell.Doorbell(buffer, i))
      return { bells, set: new idle.IdleSet(sab, bells as never) }
    }
    return { items: new Int32Array(new SharedArrayBuffer(4)), side }
  }
}

function* take(items: Int32Array): Body<boolean> {
  for (;;) {
    const count = yield* loadCell(items, ITEMS_CELL)
    if (count === 0) return false
    if ((yield* compareExchange(items, ITEMS_CELL, count, count - 1)) === count) return true
  }
}

const isQuiet = function*(items: Int32Array): Body<boolean> {
  return (yield* loadCell(items, ITEMS_CELL)) === 0
}

/** Takes so many items, one after the other, and sleeps while there are none; how many it got. */
function* work({ bells, set }: Side, items: Int32Array, worker: number, wanted: number, misuse: Misuse): Body<number> {
  let got = 0
  let maySearch = false
  while (got < wanted) {
    if (yield* take(items)) {
      got++
      const wasLast = maySearch && (yield* set.found(worker))
      maySearch = false
      if (wasLast && misuse.wakesNobodyWhenItHasFound !== true && (yield* loadCell(items, ITEMS_CELL)) > 0) {
        yield* set.wake()
      }
      continue
    }
    yield* set.search(worker)
    if (yield* take(items)) {
      got++
      if ((yield* set.found(worker)) && (yield* loadCell(items, ITEMS_CELL)) > 0) yield* set.wake()
      continue
    }
    const before = misuse.checksBeforeAnnouncing === true ? yield* isQuiet(items) : true
    yield* set.announce(worker)
    if (misuse.checksBeforeAnnouncing === true ? before : yield* isQuiet(items)) {
      const wait = yield* bells[worker]!.wait()
      if (wait.async) yield* settle(wait.value)
    }
    yield* set.retract(worker)
    maySearch = true
  }
  return got
}

/** Adds an item as often as told, and wakes one worker each time. */
function* send({ set }: Side, items: Int32Array, count: number, misuse: Misuse): Body {
  for (let i = 0; i < count; i++) {
    if (misuse.wakesBeforeAdding === true) yield* set.wake()
    yield* add(items, ITEMS_CELL, 1)
    if (misuse.wakesBeforeAdding !== true) yield* set.wake()
  }
}

/** So many workers each want an item; each of the senders adds so many. */
const passing = (
  scenario: string,
  preemptions: number,
  workers: ReadonlyArray<number>,
  sends: ReadonlyArray<number>,
  misuse: Misuse = {}
): Model => ({
  structure: "IdleSet",
  scenario,
  protocol: "wake one",
  preemptions,
  prepare: async (load) => {
    const make = await stage(load, workers.length)
    return () => {
      const { items, side } = make()
      let received = 0
      const wanted = workers.reduce((sum, n) => sum + n)
      const worker = function*(place: number, count: number): Body {
        const got = yield* work(side(), items, place, count, misuse)
        received += got
      }
      return {
        threads: [
          ...workers.map((count, place) => thread(`worker${place}`, worker(place, count))),
          ...sends.map((count, i) => thread(`sender${i}`, send(side(), items, count, misuse)))
        ],
        check: () => {
          equal(received, wanted, "items received")
          equal(items[ITEMS_CELL], 0, "items left")
        }
      }
    }
  }
})

const one = (misuse: Misuse = {}) => passing("one worker, two senders", 2, [2], [1, 1], misuse)
const two = (misuse: Misuse = {}) => passing("two workers, two senders", 2, [1, 1], [1, 1], misuse)
const burst = (misuse: Misuse = {}) => passing("two workers, a burst", 2, [1, 1], [2], misuse)
const three = (misuse: Misuse = {}) => passing("three workers, a burst", 1, [1, 1, 1], [3], misuse)

/** Items that came all at once, with one wake: who finds one has the next one woken. */
const together = (misuse: Misuse = {}): Model => ({
  structure: "IdleSet",
  scenario: "two items, one wake",
  protocol: "wake one, who wakes the next",
  preemptions: 2,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, side } = make()
      let received = 0
      const worker = function*(place: number): Body {
        const got = yield* work(side(), items, place, 1, misuse)
        received += got
      }
      const sender = function*(): Body {
        yield* add(items, ITEMS_CELL, 2)
        yield* side().set.wake()
      }
      return {
        threads: [thread("worker0", worker(0)), thread("worker1", worker(1)), thread("sender", sender())],
        check: () => equal(received, 2, "items received")
      }
    }
  }
})

/** A worker is woken for another reason, while somebody wakes it for work. */
const rungBeside = (preemptions: number): Model => ({
  structure: "IdleSet",
  scenario: "a worker is rung for another reason",
  protocol: "wake one",
  preemptions,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, side } = make()
      let received = 0
      const worker = function*(place: number): Body {
        const got = yield* work(side(), items, place, 1, {})
        received += got
      }
      const other = function*(): Body {
        yield* side().bells[0]!.ring()
      }
      return {
        threads: [
          thread("worker0", worker(0)),
          thread("worker1", worker(1)),
          thread("sender", send(side(), items, 2, {})),
          thread("other", other())
        ],
        check: () => equal(received, 2, "items received")
      }
    }
  }
})

/** A sender dies anywhere; who hears of it has all look for themselves, and adds what is missing. */
const deadSender = (misuse: Misuse = {}): Model => ({
  structure: "IdleSet",
  scenario: "a sender dies",
  protocol: "wake for the dead",
  preemptions: 1,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, side } = make()
      let received = 0
      const worker = function*(place: number): Body {
        const got = yield* work(side(), items, place, 1, misuse)
        received += got
      }
      const heir = function*(): Body {
        const own = side()
        if (misuse.nobodyWakesForTheDead !== true) yield* own.set.wakeForDead()
        yield* send(own, items, 2, misuse)
      }
      return {
        threads: [
          thread("worker0", worker(0)),
          thread("worker1", worker(1)),
          thread("sender", send(side(), items, 2, misuse), true)
        ],
        onDeath: () => [thread("heir", heir())],
        check: () => equal(received, 2, "items received")
      }
    }
  }
})

/** A worker dies anywhere, also while it searches or was just woken; the other one gets what is added, and what is left. */
const deadWorker = (misuse: Misuse = {}): Model => ({
  structure: "IdleSet",
  scenario: "a worker dies",
  protocol: "wake for the dead",
  preemptions: 1,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, side } = make()
      let received = 0
      const mortal = function*(): Body {
        yield* work(side(), items, 0, 1, misuse)
      }
      const survivor = function*(): Body {
        const got = yield* work(side(), items, 1, 1, misuse)
        received += got
      }
      const heir = function*(): Body {
        if (misuse.nobodyWakesForTheDead !== true) yield* side().set.wakeForDead()
      }
      return {
        threads: [
          thread("mortal", mortal(), true),
          thread("survivor", survivor()),
          thread("sender", send(side(), items, 2, misuse))
        ],
        onDeath: () => [thread("heir", heir())],
        check: () => equal(received, 1, "items received by the survivor")
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [
  one(),
  two(),
  burst(),
  three(),
  together(),
  rungBeside(1),
  deadSender(),
  deadWorker()
]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "looks for items before announcing that it sleeps", model: one({ checksBeforeAnnouncing: true }) },
  { name: "wakes before adding the item", model: one({ wakesBeforeAdding: true }) },
  { name: "finds one of two items and wakes nobody", model: together({ wakesNobodyWhenItHasFound: true }) },
  { name: "wakes for no worker that died", model: deadWorker({ nobodyWakesForTheDead: true }) },
  {
    name: "leaves what was left to it before it was about to sleep",
    model: two(),
    mutations: [{
      module: "IdleSet",
      find:
        "    Atomics.and(this.cells, searchingCell + (worker >> 5), ~(1 << (worker & 31)))\n    return !this.isSearched()",
      replace:
        "    const bit = 1 << (worker & 31)\n    const before = Atomics.and(this.cells, searchingCell + (worker >> 5), ~bit)\n"
        + "    return (before & bit) !== 0 && !this.isSearched()"
    }]
  },
  {
    name: "leaves the bit up of one that was awake",
    model: rungBeside(2),
    mutations: [{
      module: "IdleSet",
      find: "Atomics.and(cells, searchingCell + word, ~bit)\n        if (this.isSearched()) return false",
      replace: ""
    }]
  },
  {
    name: "goes to sleep as one that searches",
    model: two(),
    mutations: [{
      module: "IdleSet",
      find: "    Atomics.and(this.cells, searchingCell + cell, ~bit)\n    this.bells[worker]!.prepare()",
      replace: "    this.bells[worker]!.prepare()"
    }]
  },
  {
    name: "says that it sleeps before it is parked",
    model: one(),
    mutations: [{
      module: "IdleSet",
      find:
        "    this.bells[worker]!.prepare()\n    // Last: whoever takes the bit finds it parked.\n    Atomics.or(this.cells, sleepingCell + cell, bit)",
      replace: "    Atomics.or(this.cells, sleepingCell + cell, bit)\n    this.bells[worker]!.prepare()"
    }]
  }
]
