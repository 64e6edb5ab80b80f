/**
 * What the workers of a pool have done, counted by each in a row of its own and read by anybody.
 *
 * Promises that each count is exact and only grows: a row has one writer, the incarnation that is there, and the next one goes on where it has
 * ended. What it had when it died is closed in between ({@link JobMeters.closed}). Numbers of a row that are read one after the other may be of
 * different moments. A worker that dies takes the times of the last jobs of its turn with it, and no count.
 *
 * Times are counted as `Times` has them. Never does: read a clock.
 */
import { bucketOf, BUCKETS, Times } from "../runtime/Times.ts"
import { jobMeters as layout, METER_ROW, METER_ROW_BYTES } from "./JobLayouts.ts"
import { identify, inscribe } from "./Layout.ts"
import { InvalidCapacity, InvalidMemory } from "./MemoryError.ts"

/** What one worker has done. */
export interface Meter {
  readonly jobs: number
  readonly stolen: number
  readonly sleeps: number
  /** How long it has had a job, in milliseconds. */
  readonly busyMillis: number
  /** How long its event loop was not idle, in milliseconds, as it has said last; 0 where nobody knows. */
  readonly loopMillis: number
  /** How long it has had no job while its event loop was busy with something else, in milliseconds. */
  readonly elsewhereMillis: number
  /** Jobs that it has begun and that have not ended. */
  readonly running: number
  /** Incarnations that have been there. */
  readonly starts: number
  /** The number of the last of them; 0 for none. */
  readonly incarnation: number
}

/**
 * Makes the shared memory of so many meters.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (workers: number): SharedArrayBuffer => {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new InvalidCapacity(layout.name, "workers", workers, "a whole number of 1 or more")
  }
  const sab = new SharedArrayBuffer(layout.descriptorBytes + workers * METER_ROW_BYTES)
  inscribe(layout, sab)[layout.cells.workers] = workers
  return sab
}

// Rounded up, and what is left of it down: the time of a job that runs is never more than it is once that has ended.
const stampOf = (nowMillis: number): number => (Math.ceil(nowMillis) + 1) | 0 || 1

/** How long there has been a job since that. */
const currentOf = (stamp: number, nowMillis: number): number =>
  stamp === 0 ? 0 : Math.max(0, (Math.trunc(nowMillis) + 1 - stamp) | 0)

/** How often a time is read again that changes meanwhile. */
const TRIES = 8

/** What the first of two words counts to. */
const HALF = 2 ** 31
const LOW = HALF - 1

const rowCells = METER_ROW_BYTES / 4
const jobsWord = METER_ROW.jobs / 4
const stolenWord = METER_ROW.stolen / 4
const sleepsWord = METER_ROW.sleeps / 4
const busyWord = METER_ROW.busyMicros / 4
const runningWord = METER_ROW.running / 4
const sinceWord = METER_ROW.busySince / 4
const startsWord = METER_ROW.starts / 4
const incarnationWord = METER_ROW.incarnation / 4
const openStreamsWord = METER_ROW.openStreams / 4
const waitedWord = METER_ROW.waited / 4
const ranWord = METER_ROW.ran / 4
const loopWord = METER_ROW.loopMicros / 4
const elsewhereWord = METER_ROW.elsewhereMicros / 4

/** See the module. */
export class JobMeters {
  declare readonly workers: number
  declare private readonly cells: Int32Array

  /** **Errors**: `InvalidMemory`. */
  constructor(sab: SharedArrayBuffer) {
    const cells = identify(layout, sab)
    const workers = cells[layout.cells.workers]!
    if (!(workers > 0 && sab.byteLength === layout.descriptorBytes + workers * METER_ROW_BYTES)) {
      throw new InvalidMemory(layout.name, `${sab.byteLength} bytes are not those of ${workers} workers`)
    }
    this.cells = cells
    this.workers = workers
  }

  private rowOf(worker: number): number {
    return layout.descriptorCells + worker * rowCells
  }

  // ---- the worker

  // There is one writer. The first word holds 31 bits and whether the second is odd, so that who reads knows which belong together.
  private add(cell: number, by: number): void {
    const { cells } = this
    const sum = (cells[cell]! & LOW) + by
    const carry = Math.floor(sum / HALF)
    const high = (cells[cell + 1]! + carry) | 0
    if (carry > 0) Atomics.store(cells, cell + 1, high)
    Atomics.store(cells, cell, (sum - carry * HALF) | high << 31)
  }

  /** The incarnation of this number is there, and has no job. */
  opened(worker: number, number: number): void {
    const row = this.rowOf(worker)
    Atomics.add(this.cells, row + startsWord, 1)
    Atomics.store(this.cells, row + incarnationWord, number)
  }

  /** A job has begun, at this time of the pool, that was submitted so long before; NaN when nobody knows. */
  begun(worker: number, nowMillis: number, waitedMillis: number): void {
    const { cells } = this
    const row = this.rowOf(worker)
    if (cells[row + runningWord]!++ === 0) cells[row + sinceWord] = stampOf(nowMillis)
    if (waitedMillis >= 0) cells[row + waitedWord + bucketOf(waitedMillis * 1000)]!++
  }

  /** A job has ended; how long it has run is told by {@link ranFor}. */
  ended(worker: number): void {
    const { cells } = this
    const row = this.rowOf(worker)
    cells[row + runningWord]!--
    // Once for each job, so that none is forgotten that ended before its worker died.
    const low = cells[row + jobsWord]!
    if ((low & LOW) === LOW) this.add(row + jobsWord, 1)
    else cells[row + jobsWord] = low + 1
  }

  /** A job that was begun is given back: it has not run. */
  putBack(worker: number): void {
    this.cells[this.rowOf(worker) + runningWord]!--
  }

  /** So many jobs that have ended ran for so long each. */
  ranFor(worker: number, jobs: number, millis: number): void {
    this.cells[this.rowOf(worker) + ranWord + bucketOf(millis * 1000)]! += jobs
  }

  /** The worker has no job, after so long with one. */
  idle(worker: number, busyMillis: number): void {
    const row = this.rowOf(worker)
    this.add(row + busyWord, Math.round(Math.max(0, busyMillis) * 1000))
    this.cells[row + sinceWord] = 0
  }

  /** Its event loop was not idle for so much longer. */
  loopRan(worker: number, millis: number): void {
    this.add(this.rowOf(worker) + loopWord, Math.round(Math.max(0, millis) * 1000))
  }

  /** For so much longer it has had no job, and its event loop was busy with something else. */
  wasElsewhere(worker: number, millis: number): void {
    this.add(this.rowOf(worker) + elsewhereWord, Math.round(Math.max(0, millis) * 1000))
  }

  /** It has taken a job out of the queue of another. */
  stole(worker: number): void {
    this.add(this.rowOf(worker) + stolenWord, 1)
  }

  /** So many streams of it are open. To be said of one that has been made before its first element can be seen. */
  setOpenStreams(worker: number, count: number): void {
    Atomics.store(this.cells, this.rowOf(worker) + openStreamsWord, count)
  }

  /** It goes to sleep. */
  slept(worker: number): void {
    this.add(this.rowOf(worker) + sleepsWord, 1)
  }

  // ---- who looks after the workers

  /** The incarnation that was there has died, at this time of the pool: it runs nothing, and has had a job until now. Before the next one is there. */
  closed(worker: number, nowMillis: number): void {
    const { cells } = this
    const row = this.rowOf(worker)
    const since = cells[row + sinceWord]!
    if (since !== 0) this.idle(worker, currentOf(since, nowMillis))
    cells[row + runningWord] = 0
    Atomics.store(cells, row + openStreamsWord, 0)
  }

  // ---- anybody

  private wide(cell: number): number {
    const { cells } = this
    for (;;) {
      const low = Atomics.load(cells, cell)
      const high = Atomics.load(cells, cell + 1)
      if (low >>> 31 === (high & 1)) return (high >>> 0) * HALF + (low & LOW)
    }
  }

  private busy(row: number, nowMillis: number): number {
    for (let tries = TRIES;; tries--) {
      const since = Atomics.load(this.cells, row + sinceWord)
      const past = this.wide(row + busyWord) / 1000
      // Else the time since then may be in both, or in neither.
      if (tries === 0 || Atomics.load(this.cells, row + sinceWord) === since) return past + currentOf(since, nowMillis)
    }
  }

  /** What a worker has done up to this time of the pool. */
  read(worker: number, nowMillis: number): Meter {
    const row = this.rowOf(worker)
    return {
      jobs: this.wide(row + jobsWord),
      stolen: this.wide(row + stolenWord),
      sleeps: this.wide(row + sleepsWord),
      busyMillis: this.busy(row, nowMillis),
      loopMillis: this.wide(row + loopWord) / 1000,
      elsewhereMillis: this.wide(row + elsewhereWord) / 1000,
      running: Atomics.load(this.cells, row + runningWord),
      starts: Atomics.load(this.cells, row + startsWord),
      incarnation: Atomics.load(this.cells, row + incarnationWord)
    }
  }

  /** How many streams are open, of all workers. */
  countOpenStreams(): number {
    let count = 0
    for (let worker = 0; worker < this.workers; worker++) {
      count += Atomics.load(this.cells, this.rowOf(worker) + openStreamsWord)
    }
    return count
  }

  private times(word: number): Times {
    const counts = Array.from({ length: BUCKETS }, () => 0)
    for (let worker = 0; worker < this.workers; worker++) {
      const first = this.rowOf(worker) + word
      for (let bucket = 0; bucket < BUCKETS; bucket++) counts[bucket]! += this.cells[first + bucket]! >>> 0
    }
    return new Times(counts)
  }

  /** How long jobs have waited from their submission to their begin, where that is known. */
  waited(): Times {
    return this.times(waitedWord)
  }

  /** How long jobs have run. */
  ran(): Times {
    return this.times(ranWord)
  }
}
