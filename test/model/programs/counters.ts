/**
 * Programs on `Counters`: threads that read, set and add to one slot, whose answers must fit into one order.
 */
import type * as CountersModule from "../../../src/memory/Counters.ts"
import type { Gated } from "../gate.ts"
import { History, type Sequential } from "../history.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type Counters = Gated<CountersModule.Counters>

/** What the operations on a slot do one after the other. */
const slot: Sequential<number> = {
  initial: 0,
  step: (state, operation, args) => {
    const value = args[0] as number
    switch (operation) {
      case "get":
        return [{ answer: state, state }]
      case "set":
        return [{ answer: undefined, state: value }]
      default:
        return [{ answer: state, state: state + value }]
    }
  }
}

const shared: Model = {
  structure: "Counters",
  scenario: "three threads use one slot, one of them dies",
  preemptions: 3,
  prepare: async (load) => {
    const module = await load<typeof CountersModule>("Counters")
    return () => {
      const sab = module.Counters.create(2)
      const history = new History()
      const adder = function*(name: string, counters: Counters): Body {
        yield* history.record(name, "add", [1], counters.add(1, 1))
        yield* history.record(name, "get", [], counters.get(1))
      }
      const setter = function*(counters: Counters): Body {
        yield* history.record("setter", "set", [10], counters.set(1, 10))
        yield* history.record("setter", "add", [5], counters.add(1, 5))
      }
      return {
        threads: [
          thread("a", adder("a", new module.Counters(sab))),
          thread("b", adder("b", new module.Counters(sab)), true),
          thread("setter", setter(new module.Counters(sab)))
        ],
        check: () => {
          history.check(slot)
          equal(new Int32Array(sab)[0], 0, "the slot beside it")
        }
      }
    }
  }
}

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [shared]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  {
    name: "adds in two steps",
    model: shared,
    mutations: [{
      module: "Counters",
      find: "return Atomics.add(this.cells, slot, delta)",
      replace: "const before = this.get(slot)\n    Atomics.store(this.cells, slot, before + delta)\n    return before"
    }]
  },
  {
    name: "forgets which slot it is for",
    model: shared,
    mutations: [{
      module: "Counters",
      find: "Atomics.store(this.cells, slot,",
      replace: "Atomics.store(this.cells, 0,"
    }]
  }
]
