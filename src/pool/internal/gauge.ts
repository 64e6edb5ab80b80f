/**
 * Measures what a pool has to do, from what workers and senders have in shared memory.
 */
import { JobMeters, type Meter } from "../../memory/JobMeters.ts"
import { membersIn, QUEUED } from "../../memory/JobTable.ts"
import { Times } from "../../runtime/Times.ts"
import type { Memory } from "../../thread/kernel/Heap.ts"
import { isOpen, type Lots } from "../kernel/Allowances.ts"
import { LANES } from "../kernel/Lanes.ts"
import type { SizeSignal } from "../PoolEvent.ts"
import type { Access } from "./memory.ts"

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, number) => total + number, 0)

/** See the module. */
export class Gauge {
  private readonly table: Access["table"]
  private readonly lots: Lots
  /** Jobs that one worker may run at once. */
  private readonly concurrency: number
  private readonly blocked: () => number
  private readonly memory: () => Memory
  private readonly meters: JobMeters
  private atMillis = -Infinity
  private waited: Times
  /** What each worker had done when it was looked last. */
  private before: ReadonlyArray<Meter> = []
  private last = -1
  /** Since when the last worker has had nothing to do, and how much it had done by then. */
  private idleSince = -Infinity
  private lastJobs = 0

  constructor({ lots, memory, table }: Access, concurrency: number, blocked: () => number, memoryOf: () => Memory) {
    this.concurrency = concurrency
    this.blocked = blocked
    this.memory = memoryOf
    this.table = table
    this.lots = lots
    this.meters = new JobMeters(memory.meters)
    this.waited = this.meters.waited()
  }

  /** What there is to see at this time of the pool, and since it was looked last. */
  look(nowMillis: number): SizeSignal {
    const { meters, table } = this
    const size = membersIn(table.membership())
    const all = Array.from({ length: size }, (_, place) => meters.read(place, nowMillis))
    const elapsed = nowMillis - this.atMillis
    const { before } = this
    // What one says at once of a long time is no more than all of this one.
    const partOf = (millis: (meter: Meter) => number): number => {
      const each = all.map((meter, place) => Math.min(elapsed, millis(meter) - millis(before[place] ?? meter)))
      return elapsed > 0 ? Math.max(0, sum(each)) / (elapsed * size) : 0
    }
    const utilisation = partOf(({ busyMillis }) => busyMillis)
    const waited = meters.waited()
    const since = new Times(waited.counts.map((count, i) => count - this.waited.counts[i]!))
    const { jobs, running } = all[size - 1]!
    if (size - 1 !== this.last || running > 0 || jobs !== this.lastJobs) this.idleSince = nowMillis
    this.last = size - 1
    this.lastJobs = jobs
    this.atMillis = nowMillis
    this.waited = waited
    this.before = all
    const { limitBytes, usedBytes } = this.memory()
    return {
      size,
      waiting: this.waiting(),
      waitMillis: since.count > 0 ? since.quantile(0.5) : undefined,
      utilisation,
      elsewhere: Math.min(1 - utilisation, partOf(({ elsewhereMillis }) => elsewhereMillis)),
      loopUtilisation: all.some(({ loopMillis }) => loopMillis > 0)
        ? partOf(({ loopMillis }) => loopMillis)
        : undefined,
      occupied: sum(all.map(({ running }) => Math.min(1, running / this.concurrency))) / size,
      idleMillis: nowMillis - this.idleSince,
      blocked: this.blocked(),
      memoryBytes: usedBytes,
      memoryLimitBytes: limitBytes
    }
  }

  // More workers are no help to what waits for its allowance.
  private waiting(): number {
    const { lots, table } = this
    const areOpen = Array.from({ length: LANES }, (_, lane) => isOpen(lots, lane))
    let waiting = 0
    for (let slot = 0; slot < table.slots; slot++) {
      if (table.stageOf(slot) === QUEUED && areOpen[table.levelOf(slot)] === true) waiting++
    }
    return waiting
  }
}
