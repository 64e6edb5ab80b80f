/**
 * The queues of what any worker may take: one for each level of priority, and a single one where no message has any.
 *
 * Each is first in, first out. A worker takes from the highest at which something waits, unless a lower one was passed over for long (`Ageing`): it counts for itself, so
 * of what all workers take, each lets a lower level wait for so many at most.
 */
import { Ageing, HIGH, type Levels, LOW, NORMAL } from "../../actor/kernel/Ageing.ts"
import { UNAWAITED } from "../../memory/JobTable.ts"
import { MpmcReader } from "../../memory/MpmcRing.ts"
import type { Access, PoolMemory } from "../internal/memory.ts"

/** How many there are. */
export const queuesOf = (levels: Levels): number => levels === undefined ? 1 : LOW + 1

/** Puts the number of a slot where workers find it, by the level of its message; `false` when there is no room. */
export const inject = (
  { injectors, table }: Pick<Access, "injectors" | "table">,
  levels: Levels,
  slot: number
): boolean => {
  const injector = injectors[levels === undefined ? 0 : levels[table.messageOf(slot) & (UNAWAITED - 1)] ?? NORMAL]!
  if (injector.claim(0) < 0) return false
  injector.commit(0, slot)
  return true
}

/** See the module. */
export class InjectorReader {
  private readonly readers: ReadonlyArray<MpmcReader>
  private readonly ageing = new Ageing()
  constructor(memory: Pick<PoolMemory, "injectors">, owner: number) {
    this.readers = memory.injectors.map((sab) => new MpmcReader(sab, owner))
  }

  /** Whether nothing waits at any level. */
  isEmpty(): boolean {
    for (let i = 0; i < this.readers.length; i++) if (!this.readers[i]!.isEmpty()) return false
    return true
  }

  /** The number of a slot; -1 when there is none. */
  next(): number {
    if (this.readers.length === 1) return this.takeFrom(0)
    const isNormal = this.waits(NORMAL)
    const isLow = this.waits(LOW)
    const first = this.ageing.next(this.waits(HIGH), isNormal, isLow)
    // Where somebody else was there before, what waits at the others is not left lying.
    for (let i = 0; i <= LOW; i++) {
      const level = i === 0 ? first : i <= first ? i - 1 : i
      const slot = this.takeFrom(level)
      if (slot < 0) continue
      this.ageing.took(level, isNormal, isLow)
      return slot
    }
    return -1
  }

  private waits(level: number): boolean {
    return !this.readers[level]!.isEmpty()
  }

  private takeFrom(level: number): number {
    const reader = this.readers[level]!
    if (reader.next() < 0) return -1
    const slot = reader.type
    reader.release()
    return slot
  }
}
