/**
 * Programs on `Allowances`: two workers that have one place for two jobs of a level; each does one and then something else for ever, so that the other has to hear of the place that it
 * lets go.
 */
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as IdleSetModule from "../../../src/memory/IdleSet.ts"
import type * as JobTableModule from "../../../src/memory/JobTable.ts"
import type * as KeyHoldsModule from "../../../src/memory/KeyHolds.ts"
import type * as MpmcRingModule from "../../../src/memory/MpmcRing.ts"
import type * as AllowancesModule from "../../../src/pool/kernel/Allowances.ts"
import type * as InjectorsModule from "../../../src/pool/kernel/Injectors.ts"
import { Violation } from "../explore.ts"
import { type Gated, type Load, stepped } from "../gate.ts"
import { settle } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

/** Ways to use them wrongly. */
interface Misuse {
  readonly looksBeforeItAnnounces?: boolean
  readonly looksBeforeItPutsTheNumberIn?: boolean
}

interface Side {
  readonly table: Gated<JobTableModule.JobTable>
  readonly injectors: ReadonlyArray<Gated<MpmcRingModule.MpmcWriter>>
  readonly idle: Gated<IdleSetModule.IdleSet>
  readonly bells: ReadonlyArray<Gated<DoorbellModule.Doorbell>>
  readonly lots: ReadonlyArray<Gated<KeyHoldsModule.KeyHolds>>
}

interface Stage {
  readonly side: (owner: number) => Side
  readonly allowances: (side: Side, place: number) => Gated<AllowancesModule.Allowances>
  readonly injector: (side: Side, owner: number, allowances: unknown) => Gated<InjectorsModule.InjectorReader>
  readonly inject: (side: Side, slot: number) => Body<boolean>
  readonly isOpen: (side: Side) => Body<boolean>
}

// The gated ends are given to each other, which their types do not say.
const plain = (gated: unknown): never => gated as never

const stage = async (load: Load): Promise<() => Stage> => {
  const table = await load<typeof JobTableModule>("JobTable")
  const idle = await load<typeof IdleSetModule>("IdleSet")
  const bells = await load<typeof DoorbellModule>("Doorbell")
  const rings = await load<typeof MpmcRingModule>("MpmcRing")
  const holds = await load<typeof KeyHoldsModule>("KeyHolds")
  const allowances = await load<typeof AllowancesModule>("../pool/kernel/Allowances")
  const injectors = await load<typeof InjectorsModule>("../pool/kernel/Injectors")
  const inject = stepped(injectors.inject)
  const isOpen = stepped(allowances.isOpen)
  return () => {
    const memory = {
      table: table.create({ submitters: 1, jobs: 2, slotBytes: 128, workers: 2 }),
      injectors: [rings.create(4, 8, 4)],
      idle: idle.create(2),
      bells: bells.create(2),
      lot: holds.create(1)
    }
    return {
      side: (owner) => {
        const own = [0, 1].map((place) => new bells.Doorbell(memory.bells, place))
        return {
          table: new table.JobTable(memory.table),
          injectors: memory.injectors.map((sab) => new rings.MpmcWriter(sab, owner)),
          idle: new idle.IdleSet(memory.idle, plain(own)),
          bells: own,
          lots: [new holds.KeyHolds(memory.lot)]
        }
      },
      allowances: (side, place) =>
        new allowances.Allowances(plain(side.lots), place, { idle: plain(side.idle), wanted: () => {} }),
      injector: (side, owner, own) => new injectors.InjectorReader(plain(memory), owner, plain(side.lots), plain(own)),
      inject: (side, slot) => inject(plain(side), slot),
      isOpen: (side) => isOpen(plain(side.lots), 0)
    }
  }
}

const program = (misuse: Misuse = {}, preemptions = 2): Model => ({
  structure: "Allowances",
  scenario: "a place is let go while another worker goes to sleep",
  protocol: "announce, look once more, sleep",
  preemptions,
  prepare: async (load) => {
    const make = await stage(load)
    return () => {
      const { allowances, inject, injector, isOpen, side } = make()
      const done: Array<number> = []
      let running = 0
      const worker = function*(place: number): Body {
        const own = side(place + 1)
        const places = allowances(own, place)
        const queue = injector(own, place + 1, places)
        const bell = own.bells[place]!
        for (;;) {
          const slot = yield* queue.next()
          if (slot >= 0) {
            if (++running > 1) throw new Violation("two jobs run, and there is one place")
            const held = yield* places.begun()
            yield* own.table.stageOf(slot)
            running--
            done.push(slot)
            return yield* places.letGo(held, plain(queue))
          }
          const before = misuse.looksBeforeItAnnounces === true && !(yield* queue.isEmpty())
          yield* own.idle.announce(place)
          const isReady = misuse.looksBeforeItAnnounces === true ? before : !(yield* queue.isEmpty())
          if (!isReady) {
            const wait = yield* bell.wait()
            if (wait.async) yield* settle(wait.value)
          }
          yield* own.idle.retract(place)
          // Nobody else has to look for it: it does.
          yield* own.idle.found(place)
        }
      }
      const submitter = function*(): Body {
        const own = side(3)
        for (const slot of [0, 1]) {
          yield* own.table.enqueue(slot, 0, 0, Infinity)
          const before = misuse.looksBeforeItPutsTheNumberIn === true && (yield* isOpen(own))
          equal(yield* inject(own, slot), true, "room for the number of a job")
          if (misuse.looksBeforeItPutsTheNumberIn === true ? before : yield* isOpen(own)) yield* own.idle.wake()
        }
      }
      return {
        threads: [thread("worker0", worker(0)), thread("worker1", worker(1)), thread("submitter", submitter())],
        check: () => equal(done.toSorted((a, b) => a - b).join(), "0,1", "what was done")
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [program()]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "looks for jobs before it announces that it sleeps", model: program({ looksBeforeItAnnounces: true }) },
  {
    name: "looks for a place before it puts the number in",
    model: program({ looksBeforeItPutsTheNumberIn: true }, 3)
  },
  {
    name: "wakes nobody for a place that is let go",
    model: program(),
    mutations: [{ module: "../pool/kernel/Allowances", find: "    if (queues.hasAt(lane)) idle.wake()\n", replace: "" }]
  },
  {
    name: "takes a place that another one has",
    model: program(),
    mutations: [{
      module: "KeyHolds",
      find: "return Atomics.compareExchange(this.cells, keysCell + key, 0, place + 1) === 0",
      replace:
        "if (Atomics.load(this.cells, keysCell + key) !== 0) return false\n    Atomics.store(this.cells, keysCell + key, place + 1)\n    return true"
    }]
  }
]
