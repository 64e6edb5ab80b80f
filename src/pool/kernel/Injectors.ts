/**
 * The queues of what any worker may take: one for each level of priority.
 *
 * Each is first in, first out. A worker takes from the highest at which something waits, unless a lower one was passed over for long (`Ageing`): it counts for itself, so
 * of what all workers take, each lets a lower level wait for so many at most. A level whose allowance is used up is as one at which nothing waits.
 */
import { MpmcReader } from "../../memory/MpmcRing.ts"
import type { Access, PoolMemory } from "../internal/memory.ts"
import { type Allowances, isOpen, type Lots } from "./Allowances.ts"
import { LaneAges } from "./Lanes.ts"

/** Puts the number of a slot where workers find it, by the level of its job; `false` when there is no room. */
export const inject = ({ injectors, table }: Pick<Access, "injectors" | "table">, slot: number): boolean => {
  const injector = injectors[table.levelOf(slot)]!
  if (injector.claim(0) < 0) return false
  injector.commit(0, slot)
  return true
}

/** See the module. */
export class InjectorReader {
  private readonly readers: ReadonlyArray<MpmcReader>
  private readonly ages = new LaneAges()
  /** Whether something waits at each level. */
  private readonly waits: Array<boolean>
  private readonly lots: Lots
  /** Those of the worker; nothing where no level has one. */
  private readonly allowances: Allowances | undefined
  constructor(memory: Pick<PoolMemory, "injectors">, owner: number, lots: Lots = [], allowances?: Allowances) {
    this.readers = memory.injectors.map((sab) => new MpmcReader(sab, owner))
    this.waits = this.readers.map(() => false)
    this.lots = lots
    this.allowances = allowances
  }

  /** Whether nothing waits that may begin. */
  isEmpty(): boolean {
    for (let lane = 0; lane < this.readers.length; lane++) {
      if (this.hasAt(lane) && isOpen(this.lots, lane)) return false
    }
    return true
  }

  /** Whether something waits in a lane. */
  hasAt(lane: number): boolean {
    return !this.readers[lane]!.isEmpty()
  }

  /** The number of a slot; -1 when there is none. A place in its allowance is reserved for it. */
  next(): number {
    const { ages, allowances, lots, waits } = this
    if (allowances === undefined && !this.hasLevels()) return this.takeFrom(0)
    for (let lane = 0; lane < waits.length; lane++) waits[lane] = this.hasAt(lane) && isOpen(lots, lane)
    // Where somebody else was there before, what waits at the others is not left lying.
    for (let lane = ages.pick(waits); waits[lane] === true; lane = ages.pick(waits)) {
      const slot = allowances === undefined ? this.takeFrom(lane) : this.takeAllowed(lane, allowances)
      if (slot >= 0) {
        ages.picked(lane, waits)
        return slot
      }
      waits[lane] = false
    }
    return -1
  }

  private takeAllowed(lane: number, allowances: Allowances): number {
    if (!allowances.reserve(lane)) return -1
    const slot = this.takeFrom(lane)
    if (slot < 0) allowances.passed(this)
    return slot
  }

  private hasLevels(): boolean {
    for (let lane = 1; lane < this.readers.length; lane++) if (!this.readers[lane]!.isEmpty()) return true
    return false
  }

  private takeFrom(lane: number): number {
    const reader = this.readers[lane]!
    if (reader.next() < 0) return -1
    const slot = reader.type
    reader.release()
    return slot
  }
}
