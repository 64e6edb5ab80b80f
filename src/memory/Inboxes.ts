/**
 * Holds the numbers of jobs that are for one worker: for each worker an inbox, with a lane of its own for each thread that submits. Nobody steals
 * from it, and what a lane holds comes out in the order in which it was put in.
 *
 * ```text
 *             head                 tail         position
 *              | oldest     newest  |
 *   ...........[ 7 ][ 9 ][ 4 ][ 12 ]..........  slots
 *   worker ─► begin, then head + 1               submitter ─► slot, tail + 1, arrivals + 1
 * ```
 *
 * Promises:
 * - What lies in a lane is a hint, and the state of the job decides, as everywhere in a pool. But no job that waits has its hint twice, and none that
 *   waits is without one, whoever dies: so the order of a lane is the order of its jobs.
 * - A number leaves its lane once its job is begun ({@link InboxReader.taken}): what a worker had not begun when it died is where it was.
 * - What a worker may not begin yet is passed over, and keeps its place.
 * - Each answer is true of some moment between call and return. Nothing here blocks, waits or allocates.
 *
 * Beside them it says which worker a group of keys was given, for all threads alike: whoever has to choose first chooses for all.
 *
 * Never does: wake anybody, or grow. A lane has room for all jobs that its submitter can have, so none is ever full.
 *
 * Who reads a lane. The word `reader` names one incarnation of the worker, and any other leaves the lane alone. After a death the submitter, who hears of
 * it and decides what becomes of what the dead one had begun, puts into the lane what is to be there ({@link InboxWriter.refill}), and lets the next
 * one in ({@link InboxWriter.admit}). So what is begun again comes before what lay behind it, and no incarnation runs ahead of that decision.
 *
 * Order of the shared accesses: a slot and, where it refills, the head are stored before `tail` or `reader`, after which they may be read; `arrivals` is
 * counted last. A reader that looks in vain has read `arrivals` before it looked, and looks again once it is another number.
 *
 * Hot path: {@link InboxReader.next} while there is nothing, which is one load; changes only together with `test/model`.
 */
import { INBOX_HOMES, INBOX_LANE, INBOX_ROW, INBOX_ROW_BYTES, inboxes as layout } from "./JobLayouts.ts"
import { identify, inscribe } from "./Layout.ts"
import { InvalidCapacity, InvalidMemory } from "./MemoryError.ts"

/** Answer of {@link InboxReader.next}: there is nothing that may be begun. */
export const NOTHING = -1

const rowsCell = layout.descriptorCells
const rowCells = INBOX_ROW_BYTES / 4
const arrivalsWord = INBOX_ROW.arrivals / 4
const runningWord = INBOX_ROW.running / 4
const headWord = INBOX_LANE.head / 4
const tailWord = INBOX_LANE.tail / 4
const readerWord = INBOX_LANE.reader / 4
const slotsWord = INBOX_LANE.slots / 4
const nothing = NOTHING

/** How inboxes are made. */
export interface Shape {
  /** Threads that can submit. */
  readonly submitters: number
  /** Jobs of each, a power of two. */
  readonly jobs: number
  readonly workers: number
}

const laneCells = (jobs: number): number => slotsWord + Math.ceil(jobs / 32) * 32

const bytesOf = ({ jobs, submitters, workers }: Shape): number =>
  layout.descriptorBytes + INBOX_HOMES * 4 + workers * (INBOX_ROW_BYTES + submitters * laneCells(jobs) * 4)

const isPowerOfTwo = (value: number): boolean => Number.isInteger(value) && value > 0 && (value & (value - 1)) === 0

const wrongPart = (shape: Shape): readonly [keyof Shape, string] | undefined => {
  if (!Number.isInteger(shape.workers) || shape.workers < 1) return ["workers", "a whole number from 1 on"]
  if (!Number.isInteger(shape.submitters) || shape.submitters < 1) return ["submitters", "a whole number from 1 on"]
  if (!isPowerOfTwo(shape.jobs)) return ["jobs", "a power of two"]
  if (bytesOf(shape) >= 2 ** 31) return ["jobs", "fewer, so that all inboxes fit into 2 GiB"]
  return undefined
}

/**
 * Makes the shared memory of inboxes that are empty. `reader` says who may read those of a worker to begin with.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (shape: Shape, reader: (worker: number) => number): SharedArrayBuffer => {
  const wrong = wrongPart(shape)
  if (wrong !== undefined) throw new InvalidCapacity(layout.name, wrong[0], shape[wrong[0]], wrong[1])
  const sab = new SharedArrayBuffer(bytesOf(shape))
  const cells = inscribe(layout, sab)
  cells[layout.cells.submitters] = shape.submitters
  cells[layout.cells.jobs] = shape.jobs
  cells[layout.cells.workers] = shape.workers
  const all = new Inboxes(sab)
  for (let worker = 0; worker < shape.workers; worker++) {
    for (let submitter = 0; submitter < shape.submitters; submitter++) {
      cells[all.lane(worker, submitter) + readerWord] = reader(worker)
    }
  }
  return sab
}

/** What both ends know: where everything lies. */
class Inboxes {
  declare readonly submitters: number
  declare readonly jobs: number
  declare readonly workers: number
  declare protected readonly cells: Int32Array
  declare protected readonly mask: number
  declare protected readonly homes: number
  declare private readonly lanes: number
  declare private readonly stride: number

  constructor(sab: SharedArrayBuffer) {
    const cells = identify(layout, sab)
    this.submitters = cells[layout.cells.submitters]!
    this.jobs = cells[layout.cells.jobs]!
    this.workers = cells[layout.cells.workers]!
    if (wrongPart(this) !== undefined || sab.byteLength < bytesOf(this)) {
      throw new InvalidMemory(layout.name, `its first line does not fit its ${sab.byteLength} bytes`)
    }
    this.cells = cells
    this.mask = this.jobs - 1
    this.homes = rowsCell + this.workers * rowCells
    this.lanes = this.homes + INBOX_HOMES
    this.stride = laneCells(this.jobs)
  }

  /** The first cell of a lane. */
  lane(worker: number, submitter: number): number {
    return this.lanes + (worker * this.submitters + submitter) * this.stride
  }

  protected rowOf(worker: number): number {
    return rowsCell + worker * rowCells
  }

  /** How many jobs lie in the inbox of a worker, and how many it runs, seen in passing. */
  load(worker: number): number {
    const { cells } = this
    let count = Atomics.load(cells, this.rowOf(worker) + runningWord)
    for (let submitter = 0; submitter < this.submitters; submitter++) {
      const lane = this.lane(worker, submitter)
      count += (Atomics.load(cells, lane + tailWord) - Atomics.load(cells, lane + headWord)) | 0
    }
    return count
  }
}

/**
 * The end of a thread that submits: all its lanes. Exactly one thread has that of a submitter.
 *
 * **Errors**: {@link InvalidMemory} when the buffer is none of inboxes.
 */
export class InboxWriter extends Inboxes {
  declare private readonly submitter: number

  constructor(sab: SharedArrayBuffer, submitter: number) {
    super(sab)
    this.submitter = submitter
  }

  /** Puts the number of a job in, as the newest; its worker has to be woken after that. */
  push(worker: number, slot: number): void {
    const { cells } = this
    const lane = this.lane(worker, this.submitter)
    const tail = cells[lane + tailWord]!
    cells[lane + slotsWord + (tail & this.mask)] = slot
    // Publishes the slot.
    Atomics.store(cells, lane + tailWord, (tail + 1) | 0)
    this.tell(worker)
  }

  private tell(worker: number): void {
    Atomics.add(this.cells, this.rowOf(worker) + arrivalsWord, 1)
  }

  /** Whether the incarnation of this number may read what is for the worker. */
  isAdmitted(worker: number, number: number): boolean {
    return this.cells[this.lane(worker, this.submitter) + readerWord] === number
  }

  /** The worker that the keys of a hash were given, -1 before their first job. */
  homeOf(hash: number): number {
    return Atomics.load(this.cells, this.homes + (hash & (INBOX_HOMES - 1))) - 1
  }

  /**
   * Gives the keys of a hash a worker in place of the one that {@link homeOf} has answered; answers the one that they have now, which another thread may have
   * given them.
   */
  settle(hash: number, worker: number, home = -1): number {
    const cell = this.homes + (hash & (INBOX_HOMES - 1))
    const found = Atomics.compareExchange(this.cells, cell, home + 1, worker + 1)
    return found === home + 1 ? worker : found - 1
  }

  /** Puts what lies in a lane into `into`, the oldest first, and answers how many that are; one that its reader moves just now may be there twice. */
  list(worker: number, into: Int32Array): number {
    const { cells, mask } = this
    const lane = this.lane(worker, this.submitter)
    const tail = cells[lane + tailWord]!
    let count = 0
    for (let at = Atomics.load(cells, lane + headWord); at !== tail; at = (at + 1) | 0) {
      into[count++] = Atomics.load(cells, lane + slotsWord + (at & mask))
    }
    return count
  }

  /** Puts these into a lane in place of all that is there; for one whose reader has died, and before the next is let in. */
  refill(worker: number, slots: ArrayLike<number>): void {
    const { cells, mask } = this
    const lane = this.lane(worker, this.submitter)
    const tail = cells[lane + tailWord]!
    const { length } = slots
    const head = (tail - length) | 0
    for (let i = 0; i < length; i++) cells[lane + slotsWord + ((head + i) & mask)] = slots[i]!
    Atomics.store(cells, lane + headWord, head)
  }

  /** Lets the incarnation of this number read, and no other; it has to be woken after that. */
  admit(worker: number, number: number): void {
    // Publishes what the lane was filled with.
    Atomics.store(this.cells, this.lane(worker, this.submitter) + readerWord, number)
    this.tell(worker)
  }
}

/** Who says what a worker may not begin yet. */
export interface Gatekeeper {
  isHeld(slot: number): boolean
}

/**
 * The end of one incarnation of a worker.
 *
 * **Errors**: {@link InvalidMemory} when the buffer is none of inboxes.
 */
export class InboxReader extends Inboxes {
  declare private readonly worker: number
  declare private readonly number: number
  declare private readonly keeper: Gatekeeper
  /** What `arrivals` was when nothing was found. */
  declare private quiet: number
  /** Where it looks first, so that no submitter keeps others waiting. */
  declare private first: number
  /** How many at the head of each lane are held. */
  declare private readonly held: Int32Array
  declare private isHolding: boolean
  /** Where that lies which was answered last and is not taken: its lane, or -1, and its position. */
  declare private foundLane: number
  declare private at: number

  constructor(sab: SharedArrayBuffer, worker: number, number: number, keeper: Gatekeeper) {
    super(sab)
    this.worker = worker
    this.number = number
    this.keeper = keeper
    this.first = 0
    this.held = new Int32Array(this.submitters)
    this.isHolding = false
    this.foundLane = -1
    this.at = 0
    this.quiet = this.unlike()
    this.running(0)
  }

  private unlike(): number {
    return (Atomics.load(this.cells, this.rowOf(this.worker) + arrivalsWord) - 1) | 0
  }

  /** Whether {@link next} has to be asked: something has come since it found nothing. */
  hasNews(): boolean {
    return Atomics.load(this.cells, this.rowOf(this.worker) + arrivalsWord) !== this.quiet
  }

  /** What was held need not be any more. */
  release(): void {
    if (this.isHolding) this.lookAgain()
  }

  private lookAgain(): void {
    this.isHolding = false
    this.held.fill(0)
    this.quiet = this.unlike()
  }

  /** Says how many jobs the worker runs. */
  running(count: number): void {
    this.cells[this.rowOf(this.worker) + runningWord] = count
  }

  /** The oldest of a lane that is not held, or {@link NOTHING}; it stays where it is until it is {@link taken}. */
  next(): number {
    const arrivals = Atomics.load(this.cells, this.rowOf(this.worker) + arrivalsWord)
    if (arrivals === this.quiet) return nothing
    const { submitters } = this
    for (let i = 0, submitter = this.first; i < submitters; i++) {
      const slot = this.look(submitter)
      submitter = submitter + 1 === submitters ? 0 : submitter + 1
      if (slot < 0) continue
      this.first = submitter
      return slot
    }
    this.quiet = arrivals
    return nothing
  }

  private look(submitter: number): number {
    const { cells, held, keeper, mask } = this
    const lane = this.lane(this.worker, submitter)
    if (Atomics.load(cells, lane + readerWord) !== this.number) return nothing
    const tail = Atomics.load(cells, lane + tailWord)
    const head = cells[lane + headWord]!
    for (let at = (head + held[submitter]!) | 0; at !== tail; at = (at + 1) | 0) {
      const slot = cells[lane + slotsWord + (at & mask)]!
      if (keeper.isHeld(slot)) {
        this.isHolding = true
        continue
      }
      held[submitter] = (at - head) | 0
      this.foundLane = lane
      this.at = at
      return slot
    }
    held[submitter] = (tail - head) | 0
    return nothing
  }

  /** Whether what was answered last is not taken yet. */
  get hasFound(): boolean {
    return this.foundLane >= 0
  }

  /** Takes what was answered last out of its lane, once it is begun; nothing when that is done. */
  taken(): void {
    const { cells, foundLane: lane, mask } = this
    if (lane < 0) return
    this.foundLane = -1
    const head = cells[lane + headWord]!
    // Those that are held move up by one. Whoever looks meanwhile sees one of them twice, and none missing.
    for (let at = this.at; at !== head; at = (at - 1) | 0) {
      Atomics.store(cells, lane + slotsWord + (at & mask), cells[lane + slotsWord + ((at - 1) & mask)]!)
    }
    Atomics.store(cells, lane + headWord, (head + 1) | 0)
  }

  /** Puts the number of a job that was begun, and waits again, back as the oldest of its lane. */
  putBack(submitter: number, slot: number): void {
    const { cells } = this
    const lane = this.lane(this.worker, submitter)
    const head = (cells[lane + headWord]! - 1) | 0
    cells[lane + slotsWord + (head & this.mask)] = slot
    Atomics.store(cells, lane + headWord, head)
    this.lookAgain()
  }
}
