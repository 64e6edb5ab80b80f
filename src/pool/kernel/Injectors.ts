/**
 * The queues of what any worker may take: one for each level of priority.
 *
 * Each is first in, first out. A worker takes from the highest at which something waits, unless a lower one was passed over for long (`Ageing`): it counts for itself, so
 * of what all workers take, each lets a lower level wait for so many at most.
 */
import { MpmcReader } from "../../memory/MpmcRing.ts"
import type { Access, PoolMemory } from "../internal/memory.ts"
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
  constructor(memory: Pick<PoolMemory, "injectors">, owner: number) {
    this.readers = memory.injectors.map((sab) => new MpmcReader(sab, owner))
    this.waits = this.readers.map(() => false)
  }

  /** Whether nothing waits at any level. */
  isEmpty(): boolean {
    for (let i = 0; i < this.readers.length; i++) if (!this.readers[i]!.isEmpty()) return false
    return true
  }

  /** The number of a slot; -1 when there is none. */
  next(): number {
    if (!this.hasLevels()) return this.takeFrom(0)
    const { ages, readers, waits } = this
    for (let lane = 0; lane < waits.length; lane++) waits[lane] = !readers[lane]!.isEmpty()
    // Where somebody else was there before, what waits at the others is not left lying.
    for (let lane = ages.pick(waits); waits[lane] === true; lane = ages.pick(waits)) {
      const slot = this.takeFrom(lane)
      if (slot >= 0) {
        ages.picked(lane, waits)
        return slot
      }
      waits[lane] = false
    }
    return -1
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
