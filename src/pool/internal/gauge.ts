/**
 * Measures what a pool has to do, from what workers and senders have in shared memory.
 */
import { JobMeters } from "../../memory/JobMeters.ts"
import { membersIn, QUEUED } from "../../memory/JobTable.ts"
import { Times } from "../../runtime/Times.ts"
import type { Memory } from "../../thread/kernel/Heap.ts"
import { isOpen, type Lots } from "../kernel/Allowances.ts"
import { LANES } from "../kernel/Lanes.ts"
import type { SizeSignal } from "../PoolEvent.ts"
import type { Access } from "./memory.ts"

/** See the module. */
export class Gauge {
  private readonly table: Access["table"]
  private readonly lots: Lots
  private readonly blocked: () => number
  private readonly memory: () => Memory
  private readonly meters: JobMeters
  private atMillis = -Infinity
  private waited: Times
  /** How long each worker had had a job when it was looked last. */
  private busyMillis: ReadonlyArray<number> = []
  private last = -1
  /** Since when the last worker has had nothing to do, and how much it had done by then. */
  private idleSince = -Infinity
  private lastJobs = 0

  constructor({ lots, memory, table }: Access, blocked: () => number, memoryOf: () => Memory) {
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
    let busy = 0
    for (const [place, { busyMillis }] of all.entries()) busy += busyMillis - (this.busyMillis[place] ?? busyMillis)
    const waited = meters.waited()
    const since = new Times(waited.counts.map((count, i) => count - this.waited.counts[i]!))
    const { jobs, running } = all[size - 1]!
    if (size - 1 !== this.last || running > 0 || jobs !== this.lastJobs) this.idleSince = nowMillis
    this.last = size - 1
    this.lastJobs = jobs
    this.atMillis = nowMillis
    this.waited = waited
    this.busyMillis = all.map(({ busyMillis }) => busyMillis)
    const { limitBytes, usedBytes } = this.memory()
    return {
      size,
      waiting: this.waiting(),
      waitMillis: since.count > 0 ? since.quantile(0.5) : undefined,
      utilisation: elapsed > 0 ? Math.min(1, Math.max(0, busy / (elapsed * size))) : 0,
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
