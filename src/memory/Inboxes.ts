/**
 * Holds the numbers of jobs that are for one worker: for each worker an inbox, with lanes of its own for each thread that submits, one a level. Nobody steals
 * from it, and what a lane holds comes out in the order in which it was put in. Which level is looked at first is said by who reads ({@link Ages}).
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
import { bytesOf, groupCells, laneCells, type Shape, slotCells, wrongPart } from "./internal/inboxMemory.ts"
import { INBOX_HOMES, INBOX_LANE, INBOX_ROW, INBOX_ROW_BYTES, inboxes as layout } from "./JobLayouts.ts"
import { identify, inscribe } from "./Layout.ts"
import { InvalidCapacity, InvalidMemory } from "./MemoryError.ts"

export { mostJobs, type Shape } from "./internal/inboxMemory.ts"

/** Answer of {@link InboxReader.next}: there is nothing that may be begun. */
export const NOTHING = -1

const rowsCell = layout.descriptorCells
const rowCells = INBOX_ROW_BYTES / 4
const arrivalsWord = INBOX_ROW.arrivals / 4
const runningWord = INBOX_ROW.running / 4
const headWord = INBOX_LANE.head / 4
const tailWord = INBOX_LANE.tail / 4
const readerWord = INBOX_LANE.reader / 4
const levelledWord = INBOX_ROW.levelled / 4
const nothing = NOTHING

/**
 * Makes the shared memory of inboxes that are empty. `reader` says who may read those of a worker to begin with.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (shape: Shape, reader: (worker: number) => number): SharedArrayBuffer => {
  const wrong = wrongPart(shape)
  if (wrong !== undefined) throw new InvalidCapacity(layout.name, wrong[0], shape[wrong[0]] ?? 0, wrong[1])
  const sab = new SharedArrayBuffer(bytesOf(shape))
  const cells = inscribe(layout, sab)
  cells[layout.cells.submitters] = shape.submitters
  cells[layout.cells.jobs] = shape.jobs
  cells[layout.cells.workers] = shape.workers
  cells[layout.cells.levels] = shape.levels ?? 1
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
  declare readonly levels: number
  declare protected readonly cells: Int32Array
  declare protected readonly mask: number
  declare protected readonly homes: number
  declare private readonly lanes: number
  /** Cells of all lanes of a thread that submits for a worker, and those of the slots of one. */
  declare private readonly stride: number
  declare private readonly slotCells: number

  constructor(sab: SharedArrayBuffer) {
    const cells = identify(layout, sab)
    this.submitters = cells[layout.cells.submitters]!
    this.jobs = cells[layout.cells.jobs]!
    this.workers = cells[layout.cells.workers]!
    this.levels = cells[layout.cells.levels]!
    if (wrongPart(this) !== undefined || sab.byteLength < bytesOf(this)) {
      throw new InvalidMemory(layout.name, `its first line does not fit its ${sab.byteLength} bytes`)
    }
    this.cells = cells
    this.mask = this.jobs - 1
    this.homes = rowsCell + this.workers * rowCells
    this.lanes = this.homes + INBOX_HOMES
    this.stride = groupCells(this.jobs, this.levels)
    this.slotCells = slotCells(this.jobs)
  }

  /** The first cell of a lane. That of the first level says who reads all of them. */
  lane(worker: number, submitter: number, level = 0): number {
    return this.lanes + (worker * this.submitters + submitter) * this.stride + level * laneCells
  }

  /** The first cell of its slots. */
  protected slotsOf(worker: number, submitter: number, level: number): number {
    return this.lane(worker, submitter, this.levels) + level * this.slotCells
  }

  protected rowOf(worker: number): number {
    return rowsCell + worker * rowCells
  }

  /** How many jobs lie in the inbox of a worker, and how many it runs, seen in passing. */
  load(worker: number): number {
    const { cells } = this
    let count = Atomics.load(cells, this.rowOf(worker) + runningWord)
    const levels = Atomics.load(cells, this.rowOf(worker) + levelledWord) === 0 ? 1 : this.levels
    for (let submitter = 0; submitter < this.submitters; submitter++) {
      for (let level = 0; level < levels; level++) {
        const lane = this.lane(worker, submitter, level)
        count += (Atomics.load(cells, lane + tailWord) - Atomics.load(cells, lane + headWord)) | 0
      }
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
  push(worker: number, slot: number, level = 0): void {
    const { cells, submitter } = this
    const lane = this.lane(worker, submitter, level)
    const tail = cells[lane + tailWord]!
    cells[this.slotsOf(worker, submitter, level) + (tail & this.mask)] = slot
    // Before the arrival is counted: who has seen that looks at all levels.
    if (level !== 0) Atomics.store(cells, this.rowOf(worker) + levelledWord, 1)
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
  list(worker: number, into: Int32Array, level = 0): number {
    const { cells, mask, submitter } = this
    const lane = this.lane(worker, submitter, level)
    const slots = this.slotsOf(worker, submitter, level)
    const tail = cells[lane + tailWord]!
    let count = 0
    for (let at = Atomics.load(cells, lane + headWord); at !== tail; at = (at + 1) | 0) {
      into[count++] = Atomics.load(cells, slots + (at & mask))
    }
    return count
  }

  /** Puts these into a lane in place of all that is there; for one whose reader has died, and before the next is let in. */
  refill(worker: number, slots: ArrayLike<number>, level = 0): void {
    const { cells, mask, submitter } = this
    const lane = this.lane(worker, submitter, level)
    const first = this.slotsOf(worker, submitter, level)
    const tail = cells[lane + tailWord]!
    const { length } = slots
    const head = (tail - length) | 0
    for (let i = 0; i < length; i++) cells[first + ((head + i) & mask)] = slots[i]!
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

/** Who says at which of several levels a worker looks first. */
export interface Ages {
  /** The level, by whether something waits at each. */
  pick(waits: ReadonlyArray<boolean>): number
  /** Something was taken from a level; the others say where something waited. */
  picked(level: number, waits: ReadonlyArray<boolean>): void
}

const alike: Ages = { pick: () => 0, picked: () => {} }

/**
 * The end of one incarnation of a worker.
 *
 * **Errors**: {@link InvalidMemory} when the buffer is none of inboxes.
 */
export class InboxReader extends Inboxes {
  declare private readonly worker: number
  declare private readonly number: number
  declare private readonly keeper: Gatekeeper
  declare private readonly ages: Ages
  /** What `arrivals` was when nothing was found. */
  declare private quiet: number
  /** Where it looks first, so that no submitter keeps others waiting. */
  declare private first: number
  /** How many at the head of each lane are held, those of the first level first. */
  declare private readonly held: Int32Array
  declare private isHolding: boolean
  /** Where that lies which was answered last and is not taken: its submitter, or -1, its level and its position. */
  declare private foundIn: number
  declare private foundLevel: number
  declare private at: number
  /** Whether something waits at each level. */
  declare private readonly waits: Array<boolean>

  constructor(sab: SharedArrayBuffer, worker: number, number: number, keeper: Gatekeeper, ages: Ages = alike) {
    super(sab)
    this.worker = worker
    this.number = number
    this.keeper = keeper
    this.ages = ages
    this.first = 0
    this.held = new Int32Array(this.submitters * this.levels)
    this.isHolding = false
    this.foundIn = -1
    this.foundLevel = 0
    this.at = 0
    this.waits = Array.from({ length: this.levels }, () => false)
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
    const row = this.rowOf(this.worker)
    const arrivals = Atomics.load(this.cells, row + arrivalsWord)
    if (arrivals === this.quiet) return nothing
    const slot = Atomics.load(this.cells, row + levelledWord) === 0 ? this.nextAt(0) : this.nextByLevel()
    if (slot < 0) this.quiet = arrivals
    return slot
  }

  private nextByLevel(): number {
    const { ages, levels, waits } = this
    for (let level = 0; level < levels; level++) waits[level] = this.hasAt(level)
    // Where all of a level is held, what waits at the others is not left lying.
    for (let level = ages.pick(waits); waits[level] === true; level = ages.pick(waits)) {
      const slot = this.nextAt(level)
      if (slot >= 0) return slot
      waits[level] = false
    }
    return nothing
  }

  private hasAt(level: number): boolean {
    const { cells, held, submitters } = this
    for (let submitter = 0; submitter < submitters; submitter++) {
      const lane = this.lane(this.worker, submitter, level)
      const seen = (Atomics.load(cells, lane + headWord) + held[level * submitters + submitter]!) | 0
      if (Atomics.load(cells, lane + tailWord) !== seen) return true
    }
    return false
  }

  private nextAt(level: number): number {
    const { submitters } = this
    for (let i = 0, submitter = this.first; i < submitters; i++) {
      const slot = this.look(submitter, level)
      submitter = submitter + 1 === submitters ? 0 : submitter + 1
      if (slot < 0) continue
      this.first = submitter
      return slot
    }
    return nothing
  }

  private look(submitter: number, level: number): number {
    const { cells, held, keeper, mask, worker } = this
    if (Atomics.load(cells, this.lane(worker, submitter) + readerWord) !== this.number) return nothing
    const lane = this.lane(worker, submitter, level)
    const slots = this.slotsOf(worker, submitter, level)
    const mine = level * this.submitters + submitter
    const tail = Atomics.load(cells, lane + tailWord)
    const head = cells[lane + headWord]!
    for (let at = (head + held[mine]!) | 0; at !== tail; at = (at + 1) | 0) {
      const slot = cells[slots + (at & mask)]!
      if (keeper.isHeld(slot)) {
        this.isHolding = true
        continue
      }
      held[mine] = (at - head) | 0
      this.foundIn = submitter
      this.foundLevel = level
      this.at = at
      return slot
    }
    held[mine] = (tail - head) | 0
    return nothing
  }

  /** Whether what was answered last is not taken yet. */
  get hasFound(): boolean {
    return this.foundIn >= 0
  }

  /** Takes what was answered last out of its lane, once it is begun; nothing when that is done. */
  taken(): void {
    const { cells, foundIn, foundLevel, mask, worker } = this
    if (foundIn < 0) return
    this.foundIn = -1
    const lane = this.lane(worker, foundIn, foundLevel)
    const slots = this.slotsOf(worker, foundIn, foundLevel)
    const head = cells[lane + headWord]!
    // Those that are held move up by one. Whoever looks meanwhile sees one of them twice, and none missing.
    for (let at = this.at; at !== head; at = (at - 1) | 0) {
      Atomics.store(cells, slots + (at & mask), cells[slots + ((at - 1) & mask)]!)
    }
    Atomics.store(cells, lane + headWord, (head + 1) | 0)
    this.ages.picked(foundLevel, this.waits)
  }

  /** Puts the number of a job that was begun, and waits again, back as the oldest of its lane. */
  putBack(submitter: number, slot: number, level = 0): void {
    const { cells, worker } = this
    const lane = this.lane(worker, submitter, level)
    const head = (cells[lane + headWord]! - 1) | 0
    cells[this.slotsOf(worker, submitter, level) + (head & this.mask)] = slot
    Atomics.store(cells, lane + headWord, head)
    this.lookAgain()
  }
}
