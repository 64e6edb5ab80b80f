/**
 * Programs on `WaitList`: receivers that wait for items on rows of one list, and senders that add items and wake them.
 */
import type * as WaitListModule from "../../../src/memory/WaitList.ts"
import type { Thread } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { add, alone, compareExchange, load as loadCell, settle, store } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type List = Gated<WaitListModule.WaitList>
type SimulatedWait = ReturnType<List["wait"]> extends Generator<unknown, infer Answer> ? Answer : never

/** Ways to use the list wrongly. */
interface Misuse {
  readonly checksBeforeAnnouncing?: boolean
  readonly wakesBeforeAdding?: boolean
  readonly wakesOneWithoutTheRule?: boolean
  readonly looksBeforeLeaving?: boolean
  readonly nobodyWakesForTheDead?: boolean
  readonly wakesForTheDeadAsUsual?: boolean
}

/** How receivers wait and are woken. */
interface How {
  readonly blocking?: boolean
  /** Woken one at a time, under the rule that goes with it. */
  readonly one?: boolean
  readonly misuse?: Misuse
}

const ITEMS_CELL = 0
const CLOSED_CELL = 1

/** A list, a counter of items, and what each thread does with them. */
interface Stage {
  /** The list as one thread sees it. */
  readonly list: () => List
  readonly items: Int32Array
}

const stage = async (load: Load, rows: number): Promise<() => Stage> => {
  const module = await load<typeof WaitListModule>("WaitList")
  return () => {
    const sab = module.create(rows)
    return { items: new Int32Array(new SharedArrayBuffer(8)), list: () => new module.WaitList(sab) }
  }
}

function* take(items: Int32Array): Body<boolean> {
  for (;;) {
    const count = yield* loadCell(items, ITEMS_CELL)
    if (count === 0) return false
    if ((yield* compareExchange(items, ITEMS_CELL, count, count - 1)) === count) return true
  }
}

const isEmpty = function*(items: Int32Array): Body<boolean> {
  return (yield* loadCell(items, ITEMS_CELL)) === 0 && (yield* loadCell(items, CLOSED_CELL)) === 0
}

/** Stops waiting; under the rule of `wakeOne` it hands on what is still there. */
function* leave(list: List, items: Int32Array, row: number, how: How): Body {
  const rule = how.one === true && how.misuse?.wakesOneWithoutTheRule !== true
  if (how.misuse?.looksBeforeLeaving === true) {
    const wakes = rule && (yield* loadCell(items, ITEMS_CELL)) > 0
    yield* list.cancel(row)
    if (wakes) yield* list.wakeOne()
    return
  }
  yield* list.cancel(row)
  if (rule && (yield* loadCell(items, ITEMS_CELL)) > 0) yield* list.wakeOne()
}

/** Takes one item, sleeping while there is none; `false` when there will be none. */
function* receive(list: List, items: Int32Array, row: number, how: How): Body<boolean> {
  let hasWaited = false
  for (;;) {
    const got = yield* take(items)
    if (got || (yield* loadCell(items, CLOSED_CELL)) !== 0) {
      if (hasWaited) yield* leave(list, items, row, how)
      return got
    }
    hasWaited = true
    let idle = how.misuse?.checksBeforeAnnouncing === true ? yield* isEmpty(items) : true
    yield* list.announce(row)
    if (how.misuse?.checksBeforeAnnouncing !== true) idle = yield* isEmpty(items)
    if (!idle) continue
    if (how.blocking === true) {
      yield* list.waitBlocking(row)
    } else {
      const wait = yield* list.wait(row)
      if (wait.async) yield* settle(wait.value)
    }
  }
}

/** Adds a number of items at once. */
function* send(list: List, items: Int32Array, count: number, how: How): Body {
  if (how.misuse?.wakesBeforeAdding === true) yield* how.one === true ? list.wakeOne() : list.wake()
  yield* add(items, ITEMS_CELL, count)
  if (how.misuse?.wakesBeforeAdding !== true) yield* how.one === true ? list.wakeOne() : list.wake()
}

/** A thread that has heard of a death. */
function* wakeForDead(list: List, how: How): Body {
  if (how.misuse?.nobodyWakesForTheDead === true) return
  if (how.misuse?.wakesForTheDeadAsUsual === true) yield* list.wake()
  else yield* list.wakeForDead()
}

const protocolOf = (how: How): string =>
  `${how.one === true ? "wake one" : "wake all"}${how.blocking === true ? ", blocking" : ""}`

/** So many receivers each want an item; each of the senders adds so many. */
const passing = (
  scenario: string,
  preemptions: number,
  rows: ReadonlyArray<number>,
  sends: ReadonlyArray<number>,
  how: How = {}
): Model => ({
  structure: "WaitList",
  scenario,
  protocol: protocolOf(how),
  preemptions,
  prepare: async (load) => {
    const make = await stage(load, Math.max(...rows) + 1)
    return () => {
      const { items, list } = make()
      let received = 0
      const receiver = function*(row: number): Body {
        if (yield* receive(list(), items, row, how)) received++
      }
      return {
        threads: [
          ...rows.map((row) => thread(`receiver${row}`, receiver(row))),
          ...sends.map((count, i) => thread(`sender${i}`, send(list(), items, count, how)))
        ],
        check: () => {
          equal(received, rows.length, "items received")
          equal(items[ITEMS_CELL], 0, "items left")
        }
      }
    }
  }
})

const all = (how: How = {}) => passing("two receivers, two senders", 2, [0, 1], [1, 1], how)
const batch = (how: How = {}) => passing("two receivers, one batch", 2, [0, 1], [2], how)
const three = (how: How = {}) => passing("three receivers, a batch and an item", 1, [0, 1, 2], [2, 1], how)
const words = (how: How = {}) => passing("receivers on rows of two words", 2, [0, 32], [1, 1], how)

/** One receiver takes two items one after the other while another waits for the third. */
const again = (how: How = {}): Model => ({
  structure: "WaitList",
  scenario: "a receiver comes back for more",
  protocol: protocolOf(how),
  preemptions: 2,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, list } = make()
      let received = 0
      const receiver = function*(row: number, count: number): Body {
        const own = list()
        for (let i = 0; i < count; i++) if (yield* receive(own, items, row, how)) received++
      }
      const sender = function*(): Body {
        const own = list()
        for (let i = 0; i < 3; i++) yield* send(own, items, 1, how)
      }
      return {
        threads: [
          thread("twice", receiver(0, 2)),
          thread("once", receiver(1, 1)),
          thread("sender", sender())
        ],
        check: () => equal(received, 3, "items received")
      }
    }
  }
})

/** One waiter finds at its re-check the item that was there before; the other wants the one that is added. */
const findsByItself = (how: How = {}): Model => ({
  structure: "WaitList",
  scenario: "a waiter finds an item by itself",
  protocol: protocolOf(how),
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, list } = make()
      items[ITEMS_CELL] = 1
      let received = 0
      const finder = function*(): Body {
        const own = list()
        yield* own.announce(0)
        const found = yield* take(items)
        if (found) yield* leave(own, items, 0, how)
        if (found || (yield* receive(own, items, 0, how))) received++
      }
      const receiver = function*(): Body {
        if (yield* receive(list(), items, 1, how)) received++
      }
      return {
        threads: [
          thread("finder", finder()),
          thread("receiver", receiver()),
          thread("sender", send(list(), items, 1, how))
        ],
        check: () => equal(received, 2, "items received")
      }
    }
  }
})

/** One waiter announces itself and gives up without having looked for an item; the other wants the only one. */
const givesUp = (how: How = {}): Model => ({
  structure: "WaitList",
  scenario: "a waiter gives up",
  protocol: protocolOf(how),
  preemptions: 3,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, list } = make()
      let received = 0
      const quitter = function*(): Body {
        const own = list()
        yield* own.announce(0)
        yield* own.wait(0)
        yield* leave(own, items, 0, how)
      }
      const receiver = function*(): Body {
        if (yield* receive(list(), items, 1, how)) received++
      }
      return {
        threads: [
          thread("quitter", quitter()),
          thread("receiver", receiver()),
          thread("sender", send(list(), items, 1, how))
        ],
        check: () => equal(received, 1, "items received")
      }
    }
  }
})

/** A waiter leaves a wait pending, by cancelling or by retracting, and waits again on the same row. */
const abandonedWait = (retracts: boolean, how: How = {}): Model => ({
  structure: "WaitList",
  scenario: retracts ? "a wait is kept for the next time" : "a wait is abandoned",
  protocol: "wait again",
  preemptions: 4,
  prepare: async (load) => {
    const make = await stage(load, 1)
    return () => {
      const { items, list } = make()
      let received = 0
      const receiver = function*(): Body {
        const own = list()
        yield* own.announce(0)
        let wait: SimulatedWait | undefined
        if (yield* isEmpty(items)) wait = yield* own.wait(0)
        yield* retracts ? own.retract(0) : own.cancel(0)
        while (!(yield* take(items))) {
          yield* own.announce(0)
          if (yield* isEmpty(items)) {
            if (!retracts || wait?.async !== true) wait = yield* own.wait(0)
            if (wait.async) yield* settle(wait.value)
            wait = undefined
          }
          yield* retracts ? own.retract(0) : own.cancel(0)
        }
        received++
      }
      return {
        threads: [thread("receiver", receiver()), thread("sender", send(list(), items, 1, how))],
        check: () => equal(received, 1, "items received")
      }
    }
  }
})

/** A sender dies anywhere; who hears of it wakes for it, and adds what it had not. */
const deadSender = (how: How = {}): Model => ({
  structure: "WaitList",
  scenario: "a sender dies",
  protocol: `${protocolOf(how)}, wake for the dead`,
  preemptions: 1,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, list } = make()
      let received = 0
      const receiver = function*(row: number): Body {
        if (yield* receive(list(), items, row, how)) received++
      }
      const heir = function*(): Body {
        const own = list()
        yield* wakeForDead(own, how)
        const missing = 2 - received - (yield* loadCell(items, ITEMS_CELL))
        // A receiver may have taken an item and not counted it yet: too many items do no harm to the receivers.
        if (missing > 0) yield* send(own, items, missing, how)
      }
      return {
        threads: [
          thread("receiver0", receiver(0)),
          thread("receiver1", receiver(1)),
          thread("sender", send(list(), items, 2, how), true)
        ],
        onDeath: () => [thread("heir", heir())],
        check: () => equal(received, 2, "items received")
      }
    }
  }
})

/** A receiver dies anywhere, asleep included; the other one must get an item, of which there are two. */
const deadReceiver = (how: How = {}): Model => ({
  structure: "WaitList",
  scenario: "a receiver dies",
  protocol: `${protocolOf(how)}, wake for the dead`,
  preemptions: 1,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, list } = make()
      let received = 0
      const mortal = function*(): Body {
        yield* receive(list(), items, 0, how)
      }
      const survivor = function*(): Body {
        if (yield* receive(list(), items, 1, how)) received++
      }
      const sender = function*(): Body {
        const own = list()
        yield* send(own, items, 1, how)
        yield* send(own, items, 1, how)
      }
      return {
        threads: [
          thread("mortal", mortal(), true),
          thread("survivor", survivor()),
          thread("sender", sender())
        ],
        // Who is woken for all needs nobody: the dead receiver took no wake-up of the others.
        onDeath: (): ReadonlyArray<Thread> => how.one === true ? [thread("heir", wakeForDead(list(), how))] : [],
        check: () => equal(received, 1, "items received by the survivor")
      }
    }
  }
})

/** Two receivers, one item, and then the end: one of them gets the item, both go home. */
const closed = (how: How = {}): Model => ({
  structure: "WaitList",
  scenario: "the condition ends",
  protocol: protocolOf(how),
  preemptions: 2,
  prepare: async (load) => {
    const make = await stage(load, 2)
    return () => {
      const { items, list } = make()
      let received = 0
      const receiver = function*(row: number): Body {
        if (yield* receive(list(), items, row, how)) received++
      }
      const sender = function*(): Body {
        const own = list()
        yield* send(own, items, 1, how)
        yield* store(items, CLOSED_CELL, 1)
        yield* wakeForDead(own, how)
      }
      return {
        threads: [thread("receiver0", receiver(0)), thread("receiver1", receiver(1)), thread("sender", sender())],
        check: () => {
          if (alone(take(items))) received++
          equal(received, 1, "items received or left")
        }
      }
    }
  }
})

const one: How = { one: true }

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [
  all(),
  all({ blocking: true }),
  all(one),
  batch(),
  batch(one),
  three(),
  three(one),
  words(),
  words(one),
  again(),
  again(one),
  findsByItself(),
  findsByItself(one),
  givesUp(),
  givesUp(one),
  abandonedWait(false),
  abandonedWait(true),
  deadSender(),
  deadSender(one),
  deadReceiver(),
  deadReceiver(one),
  closed(),
  closed(one)
]

const misuse = (misuse: Misuse, how: How = {}): How => ({ ...how, misuse })

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "looks for items before announcing that it waits", model: all(misuse({ checksBeforeAnnouncing: true })) },
  { name: "wakes before adding the item", model: all(misuse({ wakesBeforeAdding: true })) },
  { name: "wakes one for a batch, who hands nothing on", model: batch(misuse({ wakesOneWithoutTheRule: true }, one)) },
  {
    name: "wakes one who gives up, and hands nothing on",
    model: givesUp(misuse({ wakesOneWithoutTheRule: true }, one))
  },
  {
    name: "wakes one who found an item by itself, and hands nothing on",
    model: findsByItself(misuse({ wakesOneWithoutTheRule: true }, one))
  },
  {
    name: "looks for what to hand on before it stops waiting",
    model: givesUp(misuse({ looksBeforeLeaving: true }, one))
  },
  { name: "wakes for no sender who died", model: deadSender(misuse({ nobodyWakesForTheDead: true })) },
  {
    name: "wakes for a sender who died as if it had not begun to",
    model: deadSender(misuse({ wakesForTheDeadAsUsual: true }))
  },
  {
    name: "wakes for no receiver who died with the only wake-up",
    model: deadReceiver(misuse({ nobodyWakesForTheDead: true }, one))
  },
  { name: "ends without waking", model: closed(misuse({ nobodyWakesForTheDead: true })) },
  {
    name: "sets the bit before the row",
    model: all(),
    mutations: [
      {
        module: "WaitList",
        find: "    Atomics.store(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, PARKED)\n"
          + "    // The row comes first: whoever takes the bit finds it parked.\n"
          + "    Atomics.or(this.cells, ANNOUNCED_CELL + (row >> 5), 1 << (row & 31))\n",
        replace: "    Atomics.or(this.cells, ANNOUNCED_CELL + (row >> 5), 1 << (row & 31))\n"
          + "    Atomics.store(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, PARKED)\n"
      }
    ]
  },
  {
    name: "wakes the rows before it takes the bits",
    model: all(),
    mutations: [
      {
        module: "WaitList",
        find: "let bits = Atomics.exchange(this.cells, cell, 0)",
        replace: "let bits = Atomics.load(this.cells, cell)"
      },
      {
        module: "WaitList",
        find: "if (this.wakeRow(((cell - ANNOUNCED_CELL) << 5) + 31 - Math.clz32(bits & -bits))) woke = true\n    }\n",
        replace:
          "if (this.wakeRow(((cell - ANNOUNCED_CELL) << 5) + 31 - Math.clz32(bits & -bits))) woke = true\n    }\n"
          + "    Atomics.store(this.cells, cell, 0)\n"
      }
    ]
  },
  {
    name: "wakes the first row only and drops the other bits",
    model: batch(),
    mutations: [{ module: "WaitList", find: "bits !== 0; bits &= bits - 1) {", replace: "bits !== 0; bits = 0) {" }]
  },
  {
    name: "takes all bits to wake one",
    model: all(one),
    mutations: [{ module: "WaitList", find: "cell, ~(1 << place))", replace: "cell, 0)" }]
  },
  {
    name: "takes a waiter that is awake for one that it woke",
    model: findsByItself(one),
    mutations: [{
      module: "WaitList",
      find: "      if (!this.wakeRow(row)) continue\n",
      replace: "      this.wakeRow(row)\n"
    }]
  },
  {
    name: "forgets the second word of bits",
    model: words(),
    mutations: [{ module: "WaitList", find: "ANNOUNCED_CELL + ((rows + 31) >> 5)", replace: "ANNOUNCED_CELL + 1" }]
  },
  {
    name: "wakes a row without a notify",
    model: all(),
    mutations: [{
      module: "WaitList",
      find: "    // All waits of the row: an abandoned one must not take the wake-up of the living one.\n"
        + "    Atomics.notify(this.cells, cell)\n",
      replace: ""
    }]
  },
  {
    name: "notifies before it sets the row",
    model: all({ blocking: true }),
    mutations: [{
      module: "WaitList",
      find: "    if (Atomics.compareExchange(this.cells, cell, PARKED, AWAKE) !== PARKED) return false\n",
      replace: "    Atomics.notify(this.cells, cell)\n"
        + "    if (Atomics.compareExchange(this.cells, cell, PARKED, AWAKE) !== PARKED) return false\n"
        + "    return true\n"
    }]
  },
  {
    name: "wakes one wait of a row, perhaps the abandoned one",
    model: abandonedWait(false),
    mutations: [
      {
        module: "WaitList",
        find: "of the living one.\n    Atomics.notify(this.cells, cell)",
        replace: "of the living one.\n    Atomics.notify(this.cells, cell, 1)"
      },
      { module: "WaitList", find: "if (this.waiting[row] !== 0) {", replace: "if (false) {" }
    ]
  },
  {
    name: "wakes for the dead only who is parked",
    model: deadSender(),
    mutations: [{
      module: "WaitList",
      find: "      Atomics.store(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW, AWAKE)\n"
        + "      Atomics.notify(this.cells, FIRST_ROW_CELL + row * CELLS_PER_ROW)\n",
      replace: "      this.wakeRow(row)\n"
    }]
  }
]
