/** Where everything lies in a `JobTable`, and what of a slot whoever has it reads and writes. */
import { JOB_ROW, JOB_ROW_BYTES, JOB_RUN, JOB_RUN_BYTES, JOB_SLOT, jobTable as layout } from "../JobLayouts.ts"
import { identify } from "../Layout.ts"
import { InvalidMemory } from "../MemoryError.ts"
import { Region } from "../Region.ts"
import { bytesOf, rowsOffset, runsOffset, type Shape, wrongPart } from "./jobMemory.ts"

const messageWord = JOB_SLOT.message / 4
const bytesWord = JOB_SLOT.bytes / 4
const begunWord = JOB_SLOT.begun / 4
const levelWord = JOB_SLOT.level / 4
const draftWord = JOB_SLOT.draft / 4
const nextWord = JOB_SLOT.next / 4
const deadlineOffset = JOB_SLOT.deadline
const payloadOffset = JOB_SLOT.payload
const replyOffset = JOB_SLOT.reply
const queuedOffset = JOB_SLOT.queued
const roomOffset = JOB_SLOT.room
const rowCells = JOB_ROW_BYTES / 4
const heirsWord = JOB_ROW.heirs / 4
const successionsCell = layout.cells.successions
const limitWord = JOB_RUN.limit / 4
const startWord = JOB_RUN.start / 4
const runCells = JOB_RUN_BYTES / 4

/** In the word of a level: the level. */
const LEVELS = 0xff
/** Beside it: its run has a limit. */
const LIMITED = 1 << 8

/** See the module. */
export class JobCells implements Shape {
  declare readonly submitters: number
  declare readonly jobs: number
  declare readonly slotBytes: number
  declare readonly workers: number
  /** Bytes of a payload, or of an outcome, that fit into a slot. */
  declare readonly roomBytes: number
  /** All of the table; the room of a slot is at {@link roomOf}. */
  declare readonly region: Region
  declare protected readonly cells: Int32Array
  declare protected readonly rows: number
  declare protected readonly first: number
  declare protected readonly stride: number
  declare protected readonly shift: number
  declare private readonly runs: number

  constructor(sab: SharedArrayBuffer) {
    const cells = identify(layout, sab)
    this.submitters = cells[layout.cells.submitters]!
    this.jobs = cells[layout.cells.jobs]!
    this.slotBytes = cells[layout.cells.slotBytes]!
    this.workers = cells[layout.cells.workers]!
    if (wrongPart(this) !== undefined || sab.byteLength < bytesOf(this)) {
      throw new InvalidMemory(layout.name, `its first line does not fit its ${sab.byteLength} bytes`)
    }
    this.roomBytes = this.slotBytes - roomOffset
    this.region = new Region(sab)
    this.cells = cells
    this.rows = rowsOffset(this.workers) / 4
    this.first = this.rows + this.submitters * rowCells
    this.stride = this.slotBytes / 4
    this.shift = 31 - Math.clz32(this.jobs)
    this.runs = runsOffset(this) / 4
  }

  protected cellOf(slot: number): number {
    return this.first + slot * this.stride
  }

  /** Number of slots. */
  get slots(): number {
    return this.submitters << this.shift
  }

  /** Whether a number is that of a slot. */
  has(slot: number): boolean {
    return slot >= 0 && slot < this.slots
  }

  /** Who has submitted the job of a slot. */
  submitterOf(slot: number): number {
    return slot >>> this.shift
  }

  /** The row of a submitter is the caller's from now on, who has withdrawn what was asked there before. */
  succeed(submitter: number): void {
    Atomics.add(this.cells, this.rows + submitter * rowCells + heirsWord, 1)
    // After that: who sees it looks at the row.
    Atomics.add(this.cells, successionsCell, 1)
  }

  /**
   * How often a row has become another thread's, as a wrapping Int32. Of a job that is begun and not withdrawn when this is looked at, its submitter is there as long as the answer is the
   * same.
   */
  heirsOf(submitter: number): number {
    return Atomics.load(this.cells, this.rows + submitter * rowCells + heirsWord)
  }

  /** How often any row has, as a wrapping Int32. */
  successions(): number {
    return Atomics.load(this.cells, successionsCell)
  }

  /** Byte offset in `region` of the room of a slot, a multiple of 8. */
  roomOf(slot: number): number {
    return this.cellOf(slot) * 4 + roomOffset
  }

  /** The index of the message, {@link UNAWAITED}, and what the caller has added above that. */
  messageOf(slot: number): number {
    return this.cells[this.cellOf(slot) + messageWord]!
  }

  /** What is being written there, as whoever has the slot has noted it; 0 for nothing. */
  draftOf(slot: number): number {
    return this.cells[this.cellOf(slot) + draftWord]!
  }

  /** Whoever has the slot notes what it has written there, in so many bytes: it may die before anybody else can see that. */
  setDraft(slot: number, draft: number, bytes: number): void {
    const cell = this.cellOf(slot)
    this.cells[cell + bytesWord] = bytes
    this.cells[cell + draftWord] = draft
  }

  /** Bytes of the payload, or of the outcome once there is one. */
  bytesOf(slot: number): number {
    return this.cells[this.cellOf(slot) + bytesWord]!
  }

  /** How often the job of a slot has been begun. */
  begunOf(slot: number): number {
    return this.cells[this.cellOf(slot) + begunWord]!
  }

  /** Its level, as `enqueue` was told. */
  levelOf(slot: number): number {
    return this.cells[this.cellOf(slot) + levelWord]! & LEVELS
  }

  // ---- how long it may run

  private runOf(slot: number): number {
    return this.runs + slot * runCells
  }

  // While its submitter has it.
  protected setRunLimit(slot: number, level: number, millis: number): void {
    const { cells } = this
    const run = this.runOf(slot)
    cells[this.cellOf(slot) + levelWord] = level | LIMITED
    cells[run + limitWord] = millis
    Atomics.store(cells, run + startWord, 0)
  }

  /** Whether the run of a job has a limit: for whoever has its slot. */
  hasRunLimit(slot: number): boolean {
    return (this.cells[this.cellOf(slot) + levelWord]! & LIMITED) !== 0
  }

  /** That limit, for whoever has the slot. */
  runLimitOf(slot: number): number {
    return this.cells[this.runOf(slot) + limitWord]!
  }

  /** The worker that has such a job is about to call its handler; when that is, as a number other than 0, is the caller's to make sense of. */
  setStart(slot: number, start: number): void {
    Atomics.store(this.cells, this.runOf(slot) + startWord, start)
  }

  /** What was said by {@link setStart} of the run that such a job has now; 0 while it has none. */
  startOf(slot: number): number {
    return Atomics.load(this.cells, this.runOf(slot) + startWord)
  }

  /** When nobody waits any more for the job of a slot. */
  deadlineOf(slot: number): number {
    return this.region.f64[(this.cellOf(slot) * 4 + deadlineOffset) >> 3]!
  }

  /** When it was asked for, in monotonic milliseconds; NaN when nobody has looked. */
  queuedOf(slot: number): number {
    return this.region.f64[(this.cellOf(slot) * 4 + queuedOffset) >> 3]!
  }

  /** Handle of the payload, -1 where it lies in the slot. */
  payloadOf(slot: number): number {
    return this.region.f64[(this.cellOf(slot) * 4 + payloadOffset) >> 3]!
  }

  setPayload(slot: number, handle: number): void {
    this.region.f64[(this.cellOf(slot) * 4 + payloadOffset) >> 3] = handle
  }

  /** Handle of the outcome, -1 where it lies in the slot. */
  replyOf(slot: number): number {
    return this.region.f64[(this.cellOf(slot) * 4 + replyOffset) >> 3]!
  }

  setReply(slot: number, handle: number): void {
    this.region.f64[(this.cellOf(slot) * 4 + replyOffset) >> 3] = handle
  }

  /** Of a job that is about to wait behind others of its submitter: in which order they were sent, for who comes after that submitter. */
  setTurn(slot: number, turn: number): void {
    this.cells[this.cellOf(slot) + nextWord] = turn
  }

  turnOf(slot: number): number {
    return this.cells[this.cellOf(slot) + nextWord]!
  }
}
