/**
 * Programs on `StealDeque`: an owner and thieves, in histories that must be linearizable; batches; and either side dying.
 *
 * The deques are as small as they can be and positions wrap around under way. Slots are plain words that thieves may
 * read too late, so races are not reported and every plain access is a step of its own.
 */
import { stealDeque } from "../../../src/memory/Layouts.ts"
import type * as StealDequeModule from "../../../src/memory/StealDeque.ts"
import { type Racing, Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone } from "../gatedAtomics.ts"
import { deque as sequential, History } from "../history.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Owner = Gated<StealDequeModule.StealOwner>
type Thief = Gated<StealDequeModule.StealThief>

const EMPTY = -1
const RETRY = -2

/** The positions wrap around behind the first handle. */
const START = 0x7fffffff

const racing: Racing = {
  why: "a thief that reads a slot too late fails its exchange, and forgets what it read",
  words: (word) => word >= stealDeque.descriptorCells
}

interface Deque {
  readonly cells: Int32Array
  readonly owner: () => Owner
  readonly thief: () => Thief
}

const deques = async (load: Load): Promise<(slots: number) => Deque> => {
  const { create, StealOwner, StealThief } = await load<typeof StealDequeModule>("StealDeque")
  return (slots) => {
    const sab = create(slots, "lifo", START)
    return { cells: new Int32Array(sab), owner: () => new StealOwner(sab), thief: () => new StealThief(sab) }
  }
}

/** What the owner does, in order: a number is pushed. */
type Deed = number | "pop" | "takeOldest"

const topOf = (deque: Deque): number => Atomics.load(deque.cells, stealDeque.cells.top)

/** Runs the owner's deeds and records each. */
function* own(owner: Owner, deeds: ReadonlyArray<Deed>, history: History): Body {
  for (const deed of deeds) {
    if (typeof deed === "number") yield* history.record("owner", "push", [deed], owner.push(deed))
    // With one end at work at a time the oldest is what a thief would get.
    else if (deed === "pop") yield* history.record("owner", "pop", [], owner.pop())
    else yield* history.record("owner", "steal", [], owner.takeOldest())
  }
}

/** Steals so many times and records each; RETRY needs somebody else who moved the top meanwhile. */
function* rob(name: string, deque: Deque, tries: number, history: History): Body {
  const thief = deque.thief()
  for (let i = 0; i < tries; i++) {
    const top = topOf(deque)
    const answer = yield* history.record(name, "steal", [], thief.steal())
    if (answer === RETRY) equal(topOf(deque) !== top, true, "RETRY while nobody else took anything")
  }
}

/** An owner and thieves; all answers together must be those of a deque. */
const linearizable = (
  scenario: string,
  preemptions: number,
  slots: number,
  deeds: ReadonlyArray<Deed>,
  tries: ReadonlyArray<number>
): Model => ({
  structure: "StealDeque",
  scenario,
  preemptions,
  prepare: async (load) => {
    const make = await deques(load)
    const model = sequential({ capacity: slots, taken: true, full: false, empty: EMPTY, retry: RETRY })
    return () => {
      const deque = make(slots)
      const history = new History()
      return {
        racing,
        threads: [
          thread("owner", own(deque.owner(), deeds, history)),
          ...tries.map((count, i) => thread(`thief${i}`, rob(`thief${i}`, deque, count, history)))
        ],
        check: () => {
          const rest = deque.thief()
          for (let handle = 0; handle !== EMPTY;) handle = alone(history.record("rest", "steal", [], rest.steal()))
          history.check(model)
        }
      }
    }
  }
})

const popping = () => linearizable("an owner that pops, and a thief", 3, 2, [1, 2, "pop", 3, "pop", "pop"], [2])
const thieves = () => linearizable("an owner that pops, and two thieves", 2, 2, [1, 2, "pop", "pop"], [1, 1])
const oldest = () => linearizable("an owner that takes the oldest", 3, 2, [1, 2, "takeOldest", 3, "pop"], [2])
const laps = () => linearizable("a thief that is overtaken", 3, 1, [1, "pop", 2, "pop", 3], [2])
const filling = () => linearizable("a deque that is full", 3, 2, [1, 2, 3, 4], [2])

/** Handles taken, by whoever took them; each may be taken once. */
class Hands {
  readonly taken = new Set<number>()
  take(handle: number): boolean {
    if (handle < 0) return false
    if (this.taken.has(handle)) throw new Violation(`handle ${handle} was taken twice`)
    this.taken.add(handle)
    return true
  }
}

function* popAll(owner: Owner, hands: Hands): Body {
  while (hands.take(yield* owner.pop()));
}

function* stealAll(thief: Thief, hands: Hands): Body {
  for (let handle = 0; handle !== EMPTY;) {
    handle = yield* thief.steal()
    hands.take(handle)
  }
}

/** A gated thief calls the gated methods of the owner's end it is given; its type does not say so. */
const plain = (owner: Owner): StealDequeModule.StealOwner => owner as unknown as StealDequeModule.StealOwner

/** Two owners: the second moves batches from the first into its own deque, from which a third steals. */
const batches = (): Model => ({
  structure: "StealDeque",
  scenario: "batches",
  preemptions: 2,
  prepare: async (load) => {
    const make = await deques(load)
    return () => {
      const from = make(8)
      const into = make(2)
      const hands = new Hands()
      const owner = from.owner()
      for (let handle = 0; handle < 7; handle++) alone(owner.push(handle))
      const second = function*(): Body {
        const thief = from.thief()
        const mine = into.owner()
        yield* mine.push(7)
        for (let i = 0; i < 2; i++) hands.take(yield* thief.stealBatch(plain(mine)))
        hands.take(yield* mine.pop())
      }
      const first = function*(): Body {
        for (let i = 0; i < 4; i++) hands.take(yield* owner.pop())
      }
      const third = function*(): Body {
        hands.take(yield* into.thief().steal())
      }
      return {
        racing,
        threads: [thread("first", first()), thread("second", second()), thread("third", third())],
        check: () => {
          alone(stealAll(from.thief(), hands))
          alone(stealAll(into.thief(), hands))
          equal(hands.taken.size, 8, "handles taken")
        }
      }
    }
  }
})

/** The owner dies anywhere; a new one goes on. So many of what was pushed may have been in the dead one's hands. */
const deadOwner = (scenario: string, deeds: ReadonlyArray<Deed>, steals: number, inHands: number): Model => ({
  structure: "StealDeque",
  scenario,
  preemptions: 2,
  prepare: async (load) => {
    const make = await deques(load)
    return () => {
      const deque = make(4)
      const hands = new Hands()
      const pushed = new Set<number>()
      let pushing = -1
      const mortal = function*(): Body {
        const owner = deque.owner()
        for (const deed of deeds) {
          if (typeof deed === "number") {
            pushing = deed
            yield* owner.push(deed)
            pushed.add(deed)
          } else {
            hands.take(yield* deed === "pop" ? owner.pop() : owner.takeOldest())
          }
        }
      }
      const thief = function*(): Body {
        const end = deque.thief()
        for (let i = 0; i < steals; i++) hands.take(yield* end.steal())
      }
      const heir = function*(): Body {
        const owner = deque.owner()
        yield* owner.push(100)
        pushed.add(100)
        hands.take(yield* owner.pop())
        hands.take(yield* owner.pop())
      }
      return {
        racing,
        threads: [{ ...thread("owner", mortal(), true), diesWhole: inHands === 0 }, thread("thief", thief())],
        onDeath: () => [thread("heir", heir())],
        check: () => {
          alone(popAll(deque.owner(), hands))
          const missing = [...pushed].filter((handle) => !hands.taken.has(handle))
          if (missing.length > inHands) throw new Violation(`handles ${missing.join(", ")} are gone`)
          for (const handle of hands.taken) {
            equal(pushed.has(handle) || handle === pushing, true, `handle ${handle} was pushed`)
          }
        }
      }
    }
  }
})

/** Its pops leave other handles, so nothing is in its hands before a pop has written its last word. */
const deadPopper = () => deadOwner("the owner dies popping", [1, 2, 3, "pop"], 1, 0)
/** What it took by an exchange of the top is in its hands. */
const deadTaker = () => deadOwner("the owner dies taking the last", [1, "pop", 2, 3, "takeOldest", "pop"], 1, 1)

/** A thief dies anywhere; one handle may have been in its hands. */
const deadThief = (): Model => ({
  structure: "StealDeque",
  scenario: "a thief dies",
  preemptions: 2,
  prepare: async (load) => {
    const make = await deques(load)
    return () => {
      const deque = make(2)
      const hands = new Hands()
      const owner = deque.owner()
      let died = false
      const working = function*(): Body {
        yield* owner.push(1)
        yield* owner.push(2)
        hands.take(yield* owner.pop())
        yield* owner.push(3)
      }
      const thief = function*(): Body {
        const end = deque.thief()
        for (let i = 0; i < 2; i++) hands.take(yield* end.steal())
      }
      return {
        racing,
        threads: [thread("owner", working()), thread("mortal", thief(), true), thread("thief", thief())],
        onDeath: () => {
          died = true
          return []
        },
        check: () => {
          alone(popAll(owner, hands))
          const missing = 3 - hands.taken.size
          if (missing > (died ? 1 : 0)) throw new Violation(`${missing} handles are gone`)
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [
  popping(),
  thieves(),
  oldest(),
  laps(),
  filling(),
  batches(),
  deadPopper(),
  deadTaker(),
  deadThief()
]

const text = (find: string, replace: string) => [{ module: "StealDeque", find, replace }]

const storeSlot = "    cells[firstSlot + (bottom & this.mask)] = handle\n"
const storeBottom = "    Atomics.store(cells, bottomCell, next)\n"
const lower = "    Atomics.store(cells, bottomCell, newest)\n"
const loadTop = "    const top = Atomics.load(cells, topCell)\n    this.top = top\n"
const settle = "    cells[settledCell] = newest\n"
const look = "    const top = Atomics.load(cells, topCell)\n"
  + "    if (((Atomics.load(cells, bottomCell) - top) | 0) <= 0) return empty\n"
const exchange = "return Atomics.compareExchange(cells, topCell, top, (top + 1) | 0) === top ? handle : retry"

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  {
    name: "shows a handle before it is in its slot",
    model: popping(),
    mutations: [...text(storeSlot, ""), ...text(storeBottom, storeBottom + storeSlot)]
  },
  {
    name: "looks at the top before it moves the bottom",
    model: popping(),
    mutations: text(lower + loadTop, loadTop + lower)
  },
  {
    name: "takes the last handle as if it were not",
    model: popping(),
    mutations: text("if (((newest - top) | 0) <= 0)", "if (((newest - top) | 0) < 0)")
  },
  {
    name: "steals by the bottom it saw first",
    model: popping(),
    mutations: text(
      look,
      "    const bottom = Atomics.load(cells, bottomCell)\n    const top = Atomics.load(cells, topCell)\n"
        + "    if (((bottom - top) | 0) <= 0) return empty\n"
    )
  },
  {
    name: "steals without an exchange",
    model: thieves(),
    mutations: text(exchange, "Atomics.store(cells, topCell, (top + 1) | 0)\n    return handle")
  },
  {
    name: "leaves the last handle as if there were none",
    model: popping(),
    mutations: text(look, look.replace("<= 0", "<= 1"))
  },
  {
    name: "refuses the handle that fills it",
    model: filling(),
    mutations: text(
      "return ((this.bottom - this.top) | 0) > this.mask\n",
      "return ((this.bottom - this.top) | 0) >= this.mask\n"
    )
  },
  {
    name: "looks no further than the top it knows when it is full",
    model: filling(),
    mutations: text(
      "    this.top = Atomics.load(this.cells, topCell)\n    return ((this.bottom",
      "    return ((this.bottom"
    )
  },
  {
    name: "answers RETRY when there is nothing",
    model: popping(),
    mutations: text(look, look.replace("empty", "retry"))
  },
  {
    name: "reads the slot when it has it",
    model: laps(),
    mutations: [
      ...text("    const handle = Atomics.load(cells, firstSlot + (top & this.mask))\n", ""),
      ...text(
        exchange,
        "if (Atomics.compareExchange(cells, topCell, top, (top + 1) | 0) !== top) return retry\n"
          + "    return Atomics.load(cells, firstSlot + (top & this.mask))"
      )
    ]
  },
  {
    name: "pushes one more than fits",
    model: filling(),
    mutations: text(
      "return ((this.bottom - this.top) | 0) > this.mask\n",
      "return ((this.bottom - this.top) | 0) > this.mask + 1\n"
    )
  },
  {
    name: "takes more in a batch than fits",
    model: batches(),
    mutations: text("Math.min(half, room, MAX_BATCH)", "Math.min(half, MAX_BATCH)")
  },
  {
    name: "leaves what a dead owner had begun to pop",
    model: deadPopper(),
    mutations: text("      Atomics.store(cells, bottomCell, settled)\n      bottom = settled\n", "")
  },
  {
    name: "settles a pop before it has the handle",
    model: deadPopper(),
    mutations: [...text(settle, ""), ...text(lower, settle + lower)]
  },
  {
    name: "takes the oldest without an exchange",
    model: oldest(),
    mutations: text(
      "const found = Atomics.compareExchange(cells, topCell, top, (top + 1) | 0)",
      "const found = Atomics.load(cells, topCell)\n      Atomics.store(cells, topCell, (top + 1) | 0)"
    )
  }
]
