/**
 * Keeps the jobs of a key in the order in which one thread has sent them while the key goes from one worker to another, and where they have different levels of
 * priority.
 *
 * ```text
 *  the number of workers is another one, or a job with a key has a level of its own: what is under way of each key is counted, with its lane
 *    a job of such a key for the same lane      goes there, and is counted
 *    a job of such a key for another lane       waits here, behind those, and all that follow wait behind it
 *    the last that was counted has come back    the first that waits goes, and those behind it for the same lane
 * ```
 *
 * A lane is one level of the inbox of one worker. So of what this thread has sent of a key, all that lies with workers lies in one lane, in order. Nobody else is asked or told: a thread that is slow
 * keeps back its own jobs only. That two threads have jobs of a key with two workers is settled by those (`KeyHolds`). Two keys that workers take for
 * the same are taken for the same here.
 *
 * A job that waits here is one like any other to the table, whose number lies nowhere. Who comes after a thread that has died finds it by that, and in which
 * order they were sent by their turns.
 */
import { FREE, type JobTable } from "../../memory/JobTable.ts"
import { LANES } from "../kernel/Lanes.ts"
import { keyOf, placeOf } from "./target.ts"

interface Fence {
  /** Jobs that are with a worker. */
  under: number
  /** The lane of those; -1 for several, which have keys that are taken for the same. */
  lane: number
  /** Slots of those that wait, the oldest first. */
  readonly waiting: Array<number>
}

/** See the module. */
export class Fences {
  private readonly table: JobTable
  private readonly first: number
  private readonly slots: number
  private readonly put: (place: number, slot: number) => void
  private readonly all = new Map<number, Fence>()
  /** Slots that wait here. */
  private readonly kept = new Set<number>()
  /** Of the job that was sent last. */
  private turn = 0
  /** Whether each key is counted that has something under way: its jobs may have different levels. */
  private isCounting = false

  constructor(table: JobTable, first: number, slots: number, put: (place: number, slot: number) => void) {
    this.table = table
    this.first = first
    this.slots = slots
    this.put = put
  }

  /** Counts anew what is under way; what `elsewhere` has is not. */
  count(elsewhere?: ReadonlySet<number>): void {
    const { all, first, kept, slots, table } = this
    for (const fence of all.values()) fence.under = 0
    for (let slot = first; slot < first + slots; slot++) {
      if (table.stageOf(slot) === FREE || kept.has(slot) || elsewhere?.has(slot) === true) continue
      const word = table.messageOf(slot)
      const key = keyOf(word)
      if (key === 0) continue
      const fence = this.of(key)
      const lane = this.laneOf(slot)
      fence.lane = fence.under++ === 0 || fence.lane === lane ? lane : -1
    }
    for (const [key, fence] of all) if (fence.under === 0) this.open(key, fence)
  }

  private laneOf(slot: number): number {
    const { table } = this
    return placeOf(table.messageOf(slot)) * LANES + table.levelOf(slot)
  }

  private of(key: number): Fence {
    const found = this.all.get(key)
    if (found !== undefined) return found
    const fence: Fence = { under: 0, lane: -1, waiting: [] }
    this.all.set(key, fence)
    return fence
  }

  /** A job with a route is about to be submitted: notes which turn it has. */
  sends(slot: number): void {
    this.table.setTurn(slot, this.turn = (this.turn + 1) | 0)
  }

  /** A job waits for a worker: whether it has to wait here. */
  keeps(slot: number): boolean {
    const key = keyOf(this.table.messageOf(slot))
    if (!this.isCounting && key !== 0 && this.table.levelOf(slot) !== 0) this.countAll(slot)
    if (!this.isCounting && this.all.size === 0 || key === 0) return false
    const fence = this.isCounting ? this.of(key) : this.all.get(key)
    if (fence === undefined) return false
    const lane = this.laneOf(slot)
    if (fence.under === 0) fence.lane = lane
    if (fence.waiting.length === 0 && fence.lane === lane) {
      fence.under++
      return false
    }
    fence.waiting.push(slot)
    this.kept.add(slot)
    return true
  }

  // From the first job with a key on that has a level of its own: all before it have the same one.
  private countAll(slot: number): void {
    this.isCounting = true
    this.count(new Set([slot]))
  }

  /** The job of a slot has come back. */
  released(slot: number): void {
    if (this.all.size === 0 || this.kept.has(slot)) return
    const key = keyOf(this.table.messageOf(slot))
    const fence = this.all.get(key)
    if (fence !== undefined && --fence.under === 0) this.open(key, fence)
  }

  private open(key: number, fence: Fence): void {
    const { all, kept, table } = this
    const { waiting } = fence
    if (waiting.length === 0) return void all.delete(key)
    fence.lane = this.laneOf(waiting[0]!)
    let count = 0
    while (count < waiting.length && this.laneOf(waiting[count]!) === fence.lane) count++
    fence.under = count
    for (const slot of waiting.splice(0, count)) {
      kept.delete(slot)
      this.put(placeOf(table.messageOf(slot)), slot)
    }
  }

  /** All slots that wait here. */
  get waiting(): ReadonlySet<number> {
    return this.kept
  }

  /** Takes over what a thread that has died had kept back: their numbers lie nowhere. Answers them in the order in which they were sent. */
  inherit(slots: ReadonlyArray<number>): ReadonlyArray<number> {
    const { table } = this
    const sorted = slots.toSorted((a, b) => (table.turnOf(a) - table.turnOf(b)) | 0)
    if (sorted.length > 0) this.turn = table.turnOf(sorted.at(-1)!)
    this.isCounting = this.hasLevels()
    this.count(new Set(slots))
    return sorted
  }

  private hasLevels(): boolean {
    const { first, slots, table } = this
    for (let slot = first; slot < first + slots; slot++) {
      if (table.stageOf(slot) !== FREE && keyOf(table.messageOf(slot)) !== 0 && table.levelOf(slot) !== 0) return true
    }
    return false
  }

  /** Nothing is under way any more. */
  clear(): void {
    this.all.clear()
    this.kept.clear()
    this.isCounting = false
  }
}
