/**
 * Holds the jobs of a pool: for each thread that submits a row of slots, and in each slot one job, from its submission until its submitter
 * has had the outcome.
 *
 * ```text
 *            enqueue              begin                 write              settle
 *  FREE ───────────────► QUEUED ─────────► RUNNING ───────────► WRITING ───────────► an outcome ──┐
 *   ▲                     │ withdraw         │ its worker died                                    │ giveBack
 *   │                     ▼                  ├──► QUEUED again, or lost: its submitter decides    ▼
 *   │                     │                  └──► CONDEMNED by its submitter: no outcome, and its worker has to die
 *   └──── free ── list of those that come back ◄───────────── WITHDRAWN, which a worker finds ────┘
 * ```
 *
 * Promises:
 * - Each slot has one owner at any time: its submitter while it is free or comes back, whoever moves its state while it waits, one incarnation
 *   of a worker while it runs. All changes of owner are changes of one word.
 * - A job is begun by one worker. Whoever comes with the number of a slot that waits no more finds that out, however old the number is: what
 *   queues and deques hold are hints, and the state decides. So a hint may be there twice, and one that is lost may be put in again.
 * - A job that runs is ended by its worker or condemned by its submitter, and never both: both move the same word.
 * - While a job waits the word says which worker it is for, or that any may begin it: an old number of a slot that has another job by then begins
 *   nothing of another worker's.
 * - The word names the incarnation that has taken the job. What an incarnation had that is no more is found by looking, by the submitter, who
 *   alone settles its jobs.
 *
 * Never does: allocate, wait, or wake anybody (see `IdleSet`).
 *
 * How long a job may run stands beside the slots, and when its run has started: a job without such a limit touches neither. A start is taken away before anybody else may
 * begin the job, so that who sees one sees that of the run that there is at that moment.
 *
 * Those that come back form a list, last one first; a worker pushes by one compare-and-swap, the submitter alone takes all by another, so there
 * is no ABA. A worker that dies between the outcome and the push leaves a slot in no list: its submitter finds it by {@link JobTable.isLost}, once
 * it has emptied the list. What a submitter takes out it notes in its row before it does, and how much of it is left, for one that comes after it.
 *
 * Order of the shared accesses: what a slot holds is plain, stored before the state that hands it over, and read after it was seen. `next` is plain,
 * stored before the push and read after the list was emptied. `taken` and `left` are plain: only who knows of the submitter's death reads them; so is `draft`, of whoever has the slot.
 *
 * Source: the job slots with generations are those of process supervisors (alive, dying, respawned); the list is Treiber's stack, emptied as a whole.
 *
 * Hot path: changes only together with `test/model` and the benchmark `pool/`.
 */
import { JobCells } from "./internal/jobCells.ts"
import { DEATH, MAX_WORKERS, MEMBERS, RESIZED } from "./internal/jobMemory.ts"
import { JOB_ROW, JOB_ROW_BYTES, JOB_SLOT, jobTable as layout } from "./JobLayouts.ts"

export {
  create,
  haveDied,
  MAX_WORKERS,
  membersIn,
  mostJobs,
  numberOf,
  resizesIn,
  type Shape,
  workerOf
} from "./internal/jobMemory.ts"

/** Its submitter has it, for another job. */
export const FREE = 0
/** A job waits there for a worker. */
export const QUEUED = 1
/** A worker has begun the job. */
export const RUNNING = 2
/** Its worker writes the outcome over the payload. */
export const WRITING = 3
/** Nobody waits for the job any more, which no worker has begun. */
export const WITHDRAWN = 4
/** Nobody waits for the job any more, and its worker has held on to it for too long: it has no outcome, and that worker has to die. */
export const CONDEMNED = 5
/** The first of the outcomes, whose meaning is the caller's. */
export const OUTCOME = 6
/** The last of them. */
export const LAST_OUTCOME = 15

/** Answer of {@link JobTable.begin}: the job is the caller's. */
export const BEGUN = 0
/** Answer: nobody waits for it; give the slot back. */
export const DISCARDED = 1
/** Answer: there is no job to begin. */
export const STALE = 2

/** Added to the message of a job that nobody waits for. */
export const UNAWAITED = 256

const STAGE = 15
const NUMBER_SHIFT = 4
const NUMBER_MASK = 0xffff
/** Of a job that waits: whom it is for. */
const WHOM_MASK = 0x7f
const WORKER_MASK = MAX_WORKERS - 1
const GENERATION = 1 << 20
const GENERATIONS = ~(GENERATION - 1)
/** What of the state says which job it is and that it runs, whoever has it. */
const OF_JOB = GENERATIONS | STAGE

const queued = QUEUED
const running = RUNNING
const phaseCell = layout.cells.phase
const changesCell = layout.cells.changes
const membershipCell = layout.cells.membership
const workersCell = layout.descriptorCells
const nextWord = JOB_SLOT.next / 4
const withdrawnWord = JOB_SLOT.withdrawn / 4
const messageWord = JOB_SLOT.message / 4
const bytesWord = JOB_SLOT.bytes / 4
const begunWord = JOB_SLOT.begun / 4
const levelWord = JOB_SLOT.level / 4
const draftWord = JOB_SLOT.draft / 4
const deadlineOffset = JOB_SLOT.deadline
const queuedOffset = JOB_SLOT.queued
const takenWord = JOB_ROW.taken / 4
const leftWord = JOB_ROW.left / 4
/** In `left`: all up to the end of the list. */
const ALL = -1
const rowCells = JOB_ROW_BYTES / 4

/**
 * A table of jobs, seen from any thread.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a table.
 */
export class JobTable extends JobCells {
  stageOf(slot: number): number {
    return Atomics.load(this.cells, this.cellOf(slot)) & STAGE
  }

  /** The number of the incarnation that has, or had, the job of a slot. */
  takerOf(slot: number): number {
    return (Atomics.load(this.cells, this.cellOf(slot)) >>> NUMBER_SHIFT) & NUMBER_MASK
  }

  // ---- the submitter

  /**
   * Makes a job of a slot that the caller has free, whose payload is in its room, or where `payload` says; for the worker at a place by that place + 1, for
   * any by 0. Its level, 0 to 255, is the caller's to make sense of. `runMillis` says how long it may run, in whole milliseconds, 0 for any time.
   */
  enqueue(
    slot: number,
    message: number,
    bytes: number,
    deadline: number,
    queuedMillis = NaN,
    whom = 0,
    level = 0,
    runMillis = 0
  ): void {
    const { cells } = this
    const cell = this.cellOf(slot)
    cells[cell + messageWord] = message
    cells[cell + bytesWord] = bytes
    cells[cell + begunWord] = 0
    cells[cell + levelWord] = level
    if (runMillis !== 0) this.setRunLimit(slot, level, runMillis)
    cells[cell + withdrawnWord] = 0
    this.region.f64[(cell * 4 + deadlineOffset) >> 3] = deadline
    this.region.f64[(cell * 4 + queuedOffset) >> 3] = queuedMillis
    // Hands the slot over to whoever begins it.
    const generation = (Atomics.load(cells, cell) & GENERATIONS) + GENERATION
    Atomics.store(cells, cell, generation | (whom << NUMBER_SHIFT) | queued)
  }

  /** A job of the caller's that waits, and that nobody can begin since the worker has gone that it was for, waits for another one. */
  redirect(slot: number, message: number, whom: number): void {
    const { cells } = this
    const cell = this.cellOf(slot)
    const state = Atomics.load(cells, cell)
    cells[cell + messageWord] = message
    // Hands the slot over to whoever begins it.
    Atomics.store(cells, cell, (state & OF_JOB) | (whom << NUMBER_SHIFT))
  }

  /**
   * Nobody waits for the job any more: a worker that finds it gives it back. When one has begun it, that is told, and the answer is its place;
   * otherwise -1.
   */
  withdraw(slot: number): number {
    const { cells } = this
    const cell = this.cellOf(slot)
    for (;;) {
      const state = Atomics.load(cells, cell)
      const stage = state & STAGE
      if (stage === queued) {
        if (Atomics.compareExchange(cells, cell, state, (state & ~STAGE) | WITHDRAWN) === state) return -1
        continue
      }
      if (stage !== running) return -1
      Atomics.store(cells, cell + withdrawnWord, state & OF_JOB)
      // One that has just put it back did not see that, and who has begun it since may not have.
      if (Atomics.load(cells, cell) !== state) continue
      return (state >>> NUMBER_SHIFT) & WORKER_MASK
    }
  }

  /** Withdraws a job that waits; `false` when it does not, since a worker has begun it or nobody waits for it any more. */
  withdrawQueued(slot: number): boolean {
    const cell = this.cellOf(slot)
    const state = Atomics.load(this.cells, cell)
    if ((state & STAGE) !== queued) return false
    return Atomics.compareExchange(this.cells, cell, state, (state & ~STAGE) | WITHDRAWN) === state
  }

  /**
   * Takes all slots that have come back to a submitter, once it is done with the last ones ({@link done}): puts them into `into`, which has room for
   * a row of them, the one that came first last, and answers how many.
   */
  takeFinished(submitter: number, into: Int32Array): number {
    const { cells } = this
    const head = this.rows + submitter * rowCells
    let last = Atomics.load(cells, head)
    if (last === 0) return 0
    for (;;) {
      // Noted before they leave the list.
      cells[head + leftWord] = ALL
      cells[head + takenWord] = last
      const found = Atomics.compareExchange(cells, head, last, 0)
      if (found === last) break
      last = found
    }
    return (cells[head + leftWord] = this.list(last, ALL, into))
  }

  private list(last: number, most: number, into: Int32Array): number {
    const { cells } = this
    let count = 0
    for (let link = last; link !== 0 && count !== most; link = cells[this.cellOf(link - 1) + nextWord]!) {
      into[count++] = link - 1
    }
    return count
  }

  /** A submitter is done with all of what it took last but so many. */
  done(submitter: number, left: number): void {
    const head = this.rows + submitter * rowCells
    this.cells[head + leftWord] = left
    if (left === 0) this.cells[head + takenWord] = 0
  }

  /** What a submitter that has died had taken and was not done with, as {@link takeFinished} would have it. */
  takeLeft(submitter: number, into: Int32Array): number {
    const { cells } = this
    const head = this.rows + submitter * rowCells
    const taken = cells[head + takenWord]!
    if (taken === 0) return 0
    for (let link = Atomics.load(cells, head); link !== 0; link = cells[this.cellOf(link - 1) + nextWord]!) {
      // It died before it took them.
      if (link === taken) {
        cells[head + takenWord] = 0
        return 0
      }
    }
    const count = this.list(taken, cells[head + leftWord]!, into)
    // It may have died when it had just freed the one that came first.
    return count > 0 && this.stageOf(into[count - 1]!) === FREE ? count - 1 : count
  }

  /** Whether a slot has come back to a submitter that it has not taken. */
  hasFinished(submitter: number): boolean {
    return Atomics.load(this.cells, this.rows + submitter * rowCells) !== 0
  }

  /** The submitter is done with a job. */
  free(slot: number): void {
    const cell = this.cellOf(slot)
    this.cells[cell + draftWord] = 0
    Atomics.store(this.cells, cell, Atomics.load(this.cells, cell) & GENERATIONS)
  }

  /**
   * Whether an incarnation has, or had, this job that is not among the `living`; for the submitter, once it has emptied its list, and with those
   * who lived before it did: one that has died since may have given a slot back since.
   */
  isLost(slot: number, living: Int32Array): boolean {
    const state = Atomics.load(this.cells, this.cellOf(slot))
    const stage = state & STAGE
    if (stage === FREE || stage === queued || stage === WITHDRAWN) return false
    const number = (state >>> NUMBER_SHIFT) & NUMBER_MASK
    return living[number & WORKER_MASK] !== number
  }

  /**
   * A job that was begun waits again, for whom it did, as long as anybody waits for it; its hint has to be put in. `false` when it is condemned, and no
   * more the caller's.
   */
  again(slot: number, whom = 0): boolean {
    const { cells } = this
    const cell = this.cellOf(slot)
    const state = Atomics.load(cells, cell)
    const waiting = (state & GENERATIONS) | (whom << NUMBER_SHIFT) | queued
    // Before anybody else may begin it.
    if (this.hasRunLimit(slot)) this.setStart(slot, 0)
    if ((state & STAGE) !== running || Atomics.compareExchange(cells, cell, state, waiting) !== state) return false
    // Its submitter looks at the state after it has said that nobody waits: one of the two sees the other, or whoever begins it does.
    if (Atomics.load(cells, cell + withdrawnWord) === (state & OF_JOB)) {
      Atomics.compareExchange(cells, cell, waiting, (waiting & ~STAGE) | WITHDRAWN)
    }
    return true
  }

  /** Condemns a job that was withdrawn when it was begun and still runs; `false` when that is no longer so. */
  condemn(slot: number): boolean {
    const { cells } = this
    const cell = this.cellOf(slot)
    const withdrawn = Atomics.load(cells, cell + withdrawnWord)
    if ((withdrawn & STAGE) !== running) return false
    for (;;) {
      const state = Atomics.load(cells, cell)
      const stage = state & STAGE
      // One that is just being put back is begun by nobody any more.
      const next = (state & ~STAGE) | (stage === running ? CONDEMNED : WITHDRAWN)
      if (stage !== running && stage !== queued || (state & GENERATIONS) !== (withdrawn & GENERATIONS)) return false
      if (Atomics.compareExchange(cells, cell, state, next) === state) return stage === running
    }
  }

  // ---- the worker

  /**
   * Begins the job of a slot as the incarnation of this number, if it waits for `whom`, as {@link enqueue} was told: {@link BEGUN}, {@link DISCARDED} or
   * {@link STALE}.
   */
  begin(slot: number, number: number, whom = 0): typeof BEGUN | typeof DISCARDED | typeof STALE {
    const { cells } = this
    const cell = this.cellOf(slot)
    for (;;) {
      const state = Atomics.load(cells, cell)
      const stage = state & STAGE
      const taken = (state & GENERATIONS) | (number << NUMBER_SHIFT)
      if (((state >>> NUMBER_SHIFT) & WHOM_MASK) !== whom && (stage === queued || stage === WITHDRAWN)) return STALE
      if (stage === queued) {
        if (Atomics.compareExchange(cells, cell, state, taken | running) !== state) continue
        cells[cell + begunWord] = cells[cell + begunWord]! + 1
        return BEGUN
      }
      if (stage !== WITHDRAWN) return STALE
      if (Atomics.compareExchange(cells, cell, state, taken | OUTCOME) === state) return DISCARDED
    }
  }

  /** Whether the asker of a job that the caller runs has gone. */
  isWithdrawn(slot: number): boolean {
    const cell = this.cellOf(slot)
    return Atomics.load(this.cells, cell + withdrawnWord) === (Atomics.load(this.cells, cell) & OF_JOB)
  }

  /** From here on the payload is written over: the job cannot be begun again. `false` when it is condemned, and no more the caller's. */
  write(slot: number): boolean {
    const { cells } = this
    const cell = this.cellOf(slot)
    const state = Atomics.load(cells, cell)
    if ((state & STAGE) !== running) return false
    return Atomics.compareExchange(cells, cell, state, (state & ~STAGE) | WRITING) === state
  }

  /** Ends a job that is being written with an outcome of so many bytes, and gives its slot back. */
  settle(slot: number, outcome: number, bytes: number): void {
    const { cells } = this
    const cell = this.cellOf(slot)
    cells[cell + bytesWord] = bytes
    Atomics.store(cells, cell, (Atomics.load(cells, cell) & ~STAGE) | outcome)
    this.giveBack(slot)
  }

  /** Puts a slot into the list of those that come back to its submitter, who has to be told. */
  giveBack(slot: number): void {
    const { cells } = this
    const next = this.cellOf(slot) + nextWord
    const head = this.rows + (slot >>> this.shift) * rowCells
    let first = Atomics.load(cells, head)
    for (;;) {
      cells[next] = first
      const found = Atomics.compareExchange(cells, head, first, slot + 1)
      if (found === first) return
      first = found
    }
  }

  // ---- how many workers there are

  /** How many workers are given jobs, those at the places below it, and above that how often this was another number: `membersIn` takes it apart. */
  membership(): number {
    return Atomics.load(this.cells, membershipCell)
  }

  /** So many workers are given jobs from now on. By who looks after them. */
  resize(members: number): void {
    const { cells } = this
    Atomics.store(cells, membershipCell, (Atomics.load(cells, membershipCell) + RESIZED & ~MEMBERS) | members)
    Atomics.add(cells, changesCell, 1)
  }

  // ---- who looks after the workers

  /** Whether jobs are taken: one of the phases of `JobPhase`. */
  phase(): number {
    return Atomics.load(this.cells, phaseCell)
  }

  setPhase(phase: number): void {
    Atomics.store(this.cells, phaseCell, phase)
  }

  /** The incarnation of this number is about to start. */
  started(number: number): void {
    Atomics.store(this.cells, workersCell + (number & WORKER_MASK), number)
    Atomics.add(this.cells, changesCell, 1)
  }

  /** The incarnation of this number has exited: from here on what it had is lost. */
  ended(number: number): void {
    const cell = workersCell + (number & WORKER_MASK)
    if (Atomics.compareExchange(this.cells, cell, number, 0) === number) Atomics.add(this.cells, changesCell, DEATH)
  }

  /** Puts the numbers of the incarnations that are there into `into`, by place. */
  living(into: Int32Array): void {
    for (let worker = 0; worker < this.workers; worker++) into[worker] = Atomics.load(this.cells, workersCell + worker)
  }

  /** Whether an incarnation lives at the place of a worker. */
  hasWorker(worker: number): boolean {
    return Atomics.load(this.cells, workersCell + worker) !== 0
  }

  /** How often incarnations have come and gone, as a wrapping Int32: a submitter that sees another number looks what that means for it. */
  changes(): number {
    return Atomics.load(this.cells, changesCell)
  }
}
