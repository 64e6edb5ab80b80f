/**
 * Keeps the jobs of a key in the order in which one thread has sent them while the key goes from one worker to another.
 *
 * ```text
 *  the number of workers is another one: what is under way of each key is counted, with the worker that has it
 *    a job of such a key for the same worker    goes there, and is counted
 *    a job of such a key for another worker     waits here, behind those, and all that follow wait behind it
 *    the last that was counted has come back    the first that waits goes, and those behind it for the same worker
 * ```
 *
 * So of what this thread has sent of a key, all that lies with workers lies with one of them, in order. Nobody else is asked or told: a thread that is slow
 * keeps back its own jobs only. That two threads have jobs of a key with two workers is settled by those (`KeyHolds`). Two keys that workers take for
 * the same are taken for the same here.
 *
 * A job that waits here is one like any other to the table, whose number lies nowhere. Who comes after a thread that has died finds it by that, and in which
 * order they were sent by their turns.
 */
import { FREE, type JobTable } from "../../memory/JobTable.ts"
import { keyOf, placeOf } from "./target.ts"

interface Fence {
  /** Jobs that are with a worker. */
  under: number
  /** The place of that; -1 for several, which have keys that are taken for the same. */
  place: number
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
      const place = placeOf(word)
      fence.place = fence.under++ === 0 || fence.place === place ? place : -1
    }
    for (const [key, fence] of all) if (fence.under === 0) this.open(key, fence)
  }

  private of(key: number): Fence {
    const found = this.all.get(key)
    if (found !== undefined) return found
    const fence: Fence = { under: 0, place: -1, waiting: [] }
    this.all.set(key, fence)
    return fence
  }

  /** A job with a route is about to be submitted: notes which turn it has. */
  sends(slot: number): void {
    this.table.setTurn(slot, this.turn = (this.turn + 1) | 0)
  }

  /** A job waits for a worker: whether it has to wait here. */
  keeps(slot: number): boolean {
    if (this.all.size === 0) return false
    const word = this.table.messageOf(slot)
    const fence = this.all.get(keyOf(word))
    if (fence === undefined) return false
    if (fence.waiting.length === 0 && fence.place === placeOf(word)) {
      fence.under++
      return false
    }
    fence.waiting.push(slot)
    this.kept.add(slot)
    return true
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
    fence.place = placeOf(table.messageOf(waiting[0]!))
    let count = 0
    while (count < waiting.length && placeOf(table.messageOf(waiting[count]!)) === fence.place) count++
    fence.under = count
    for (const slot of waiting.splice(0, count)) {
      kept.delete(slot)
      this.put(fence.place, slot)
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
    this.count(new Set(slots))
    return sorted
  }

  /** Nothing is under way any more. */
  clear(): void {
    this.all.clear()
    this.kept.clear()
  }
}
