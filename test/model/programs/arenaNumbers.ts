/**
 * Programs on `ArenaNumbers`: threads that give numbers out at the same time, look whether one is free whose thread has gone, and die in the middle of that.
 */
import type * as ArenaModule from "../../../src/memory/Arena.ts"
import type * as NumbersModule from "../../../src/memory/ArenaNumbers.ts"
import { Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type End = Gated<ArenaModule.ArenaEnd>
type Numbers = Gated<NumbersModule.ArenaNumbers>

const BLOCK = 4096
const SPENT = -1
/** As many numbers as are looked at. */
const MOST = 4

interface World {
  readonly end: (owner: number) => End
  readonly numbers: (owner: number) => Numbers
  /** The word of a number. */
  readonly word: (number: number) => number
}

const world = async (load: Load, blocks: number): Promise<() => World> => {
  const arena = await load<typeof ArenaModule>("Arena")
  const numbers = await load<typeof NumbersModule>("ArenaNumbers")
  return () => {
    const sab = arena.create({ capacityBytes: blocks * BLOCK, blockBytes: BLOCK, references: 1, id: 1 })
    const end = (owner: number): End => new arena.ArenaEnd(sab, owner)
    // Behind the states, and the rows of three words.
    const words = new Int32Array(sab, 256 + blocks * 4 * 4, MOST + 1)
    return {
      end,
      numbers: (owner) => new numbers.ArenaNumbers(end(owner) as never, MOST),
      word: (number) => words[number]!
    }
  }
}

const must = (answer: number | boolean, what: string): number => {
  if (answer === false || Number(answer) < 0) throw new Violation(`${what} was refused with ${String(answer)}`)
  return Number(answer)
}

/** Two threads give numbers out. */
const lending = (): Model => ({
  structure: "ArenaNumbers",
  scenario: "two threads give numbers out",
  preemptions: 3,
  prepare: async (load) => {
    const make = await world(load, 1)
    return () => {
      const { numbers, word } = make()
      const got: Array<number> = [1, 2]
      for (const owner of got) alone(numbers(owner).enter())
      const lender = function*(owner: number): Body {
        got.push(must(yield* numbers(owner).lend(), "a number"))
      }
      return {
        threads: [thread("first", lender(1)), thread("second", lender(2))],
        check: () => {
          equal(new Set(got).size, 4, "numbers in use")
          for (const number of got.slice(2)) if (word(number) === 0) throw new Violation(`${number} is free`)
        }
      }
    }
  }
})

/** What a thread that has gone had sent arrives, and two others want its number: who gets it has a parcel that stays its own. */
const left = (): Model => ({
  structure: "ArenaNumbers",
  scenario: "two threads look for a number whose thread has gone",
  protocol: "recover",
  preemptions: 2,
  prepare: async (load) => {
    const make = await world(load, 2)
    return () => {
      const { end, numbers, word } = make()
      for (const owner of [1, 2]) alone(numbers(owner).enter())
      equal(alone(numbers(1).lend()), 3, "the first number")
      equal(alone(numbers(1).lend()), 4, "the second number")
      const gone = end(3)
      const sent = alone(gone.detach(alone(gone.allocate(BLOCK))))
      alone(numbers(1).recover(3))
      const receiver = function*(): Body {
        const own = end(4)
        must(yield* own.adopt(sent), "adopt")
        must(yield* own.release(sent), "release")
      }
      const lender = function*(owner: number): Body {
        const number = yield* numbers(owner).lend()
        if (number === SPENT) return
        equal(number, 3, "the number")
        equal(yield* end(owner).isInTransit(sent), false, "whether something of it is on its way")
        const next = end(number)
        const parcel = must(yield* next.allocate(BLOCK), "allocate")
        must(yield* next.release(parcel), "release")
        yield* numbers(owner).recover(number)
      }
      return {
        threads: [thread("receiver", receiver()), thread("first", lender(1)), thread("second", lender(2))],
        check: () => {
          alone(numbers(1).recover(4))
          if (alone(numbers(1).lend()) !== 3 || word(4) !== 0) throw new Violation("a number is not free in the end")
        }
      }
    }
  }
})

/** A thread dies while it gives a number out, or finds out whether one is free; who has lent it its own recovers all of them. */
const dying = (): Model => ({
  structure: "ArenaNumbers",
  scenario: "a thread that gives numbers out dies",
  protocol: "recover",
  preemptions: 1,
  prepare: async (load) => {
    const make = await world(load, 2)
    return () => {
      const { end, numbers, word } = make()
      equal(alone(numbers(1).lend()), 2, "the number of the mortal")
      const mortal = function*(): Body {
        const own = numbers(2)
        const number = must(yield* own.lend(), "a number")
        must(yield* end(number).allocate(BLOCK), "allocate")
        yield* own.recover(number)
        yield* own.lend()
      }
      const other = function*(): Body {
        const number = must(yield* numbers(1).lend(), "a number")
        const parcel = must(yield* end(number).allocate(BLOCK), "allocate")
        must(yield* end(number).release(parcel), "release")
        yield* numbers(1).recover(number)
      }
      return {
        threads: [thread("mortal", mortal(), true), thread("other", other())],
        onDeath: () => [thread("who has lent it its number", numbers(1).recover(2))],
        check: () => {
          alone(numbers(1).recover(2))
          for (const number of [2, 3, 4]) equal(word(number), 0, `the word of ${number}`)
          must(alone(end(1).allocate(2 * BLOCK)), "allocation of everything")
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [lending(), left(), dying()]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  {
    name: "gives a number out that is in use",
    model: lending(),
    mutations: [{
      module: "ArenaNumbers",
      find: "if (Atomics.compareExchange(cells, first + number, 0, IN_USE | arena.owner) === 0) return number",
      replace:
        "if (Atomics.load(cells, first + number) === 0) { Atomics.store(cells, first + number, IN_USE | arena.owner); return number }"
    }]
  },
  {
    name: "does not say that the own number is in use",
    model: lending(),
    mutations: [{
      module: "ArenaNumbers",
      find: "Atomics.compareExchange(this.cells, this.first + owner, 0, IN_USE | owner)",
      replace: "Atomics.load(this.cells, this.first + owner)"
    }]
  },
  {
    name: "has two find out at once whether a number is free",
    model: left(),
    mutations: [{
      module: "ArenaNumbers",
      find: "if (Atomics.compareExchange(cells, cell, seen, SETTLING | arena.owner) !== seen) return",
      replace: "if (Atomics.load(cells, cell) !== seen) return"
    }]
  },
  {
    name: "frees a number of which something is on its way",
    model: left(),
    mutations: [{
      module: "ArenaNumbers",
      find: "arena.recover(number).inTransit > 0 ? LEFT : 0",
      replace: "arena.recover(number).inTransit > 1 ? LEFT : 0"
    }]
  },
  {
    name: "does not recover what the dead one had lent",
    model: dying(),
    mutations: [{
      module: "ArenaNumbers",
      find: "if (word === (IN_USE | number) && other !== number) this.recover(other)",
      replace: "if (word === -1) this.recover(other)"
    }]
  },
  {
    name: "does not go on where the dead one was about to free a number",
    model: dying(),
    mutations: [{
      module: "ArenaNumbers",
      find: "else if (word === (SETTLING | number)) this.settle(other, word)",
      replace: ""
    }]
  }
]
